/**
 * The start-up module as a new process would load it, and transports that fail on demand.
 *
 * @module
 */

import { vi } from 'vitest'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { RedisRequest, Transport } from '../../../src/redis/requester.ts'

type Startup = typeof import('../../../src/startup/index.ts')

/** Modules that were loaded for one test, with no state of another one. */
export interface FreshProcess {
  readonly startup: Startup
  readonly defaults: typeof import('../../../src/cache/default-cache.ts')
  readonly errors: typeof import('../../../src/errors.ts')
  /** Warnings of `start`. */
  readonly warnings: readonly string[]
  /** Starts with an empty environment, unless the options say otherwise. */
  readonly start: Startup['startupCacheSystem']
  /** Stops everything that `start` has started. */
  end(): Promise<void>
}

/** Loads the modules again, without shared state. */
export async function freshProcess(): Promise<FreshProcess> {
  vi.resetModules()
  const startup = await import('../../../src/startup/index.ts')
  const warnings: string[] = []
  const stops: (() => Promise<void>)[] = []
  return {
    startup,
    defaults: await import('../../../src/cache/default-cache.ts'),
    errors: await import('../../../src/errors.ts'),
    warnings,
    start(options) {
      const warn = (message: string): void => void warnings.push(message)
      const starting = startup.startupCacheSystem({ env: {}, warn, ...options })
      starting.then(
        ({ stop }) => stops.push(stop),
        () => undefined,
      )
      return starting
    },
    async end() {
      for (const stop of stops) await stop()
    },
  }
}

/** An engine in memory; requests for which `answer` has one do not reach it. */
export function transportThat(
  answer: (request: RedisRequest) => Promise<unknown> | undefined,
): Transport {
  const engine = embeddedTransport()
  return {
    kind: 'rest',
    request: <Result>(request: RedisRequest) =>
      (answer(request) ?? engine.request(request)) as ReturnType<typeof engine.request<Result>>,
    close: () => engine.close(),
  }
}
