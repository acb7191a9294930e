/**
 * The default platform: clock, random numbers and timers of any web-standard runtime.
 *
 * @module
 */

import { hostModule } from './host-module.ts'
import type { Platform } from './platform.ts'

/** Timers take a signed 32-bit number of milliseconds; a longer delay would fire at once. */
const MAX_TIMER_MS = 2_147_483_647

function alarm(ms: number, ring: () => void, isIdle = false): () => void {
  const timer: unknown = setTimeout(ring, Math.min(ms, MAX_TIMER_MS))
  // `unref` exists only on runtimes where a timer keeps the process alive.
  if (isIdle) (timer as { unref?(): void }).unref?.()
  return () => clearTimeout(timer as number)
}

function wait(ms: number, signal?: AbortSignal, isIdle?: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason)
      return
    }
    const onAbort = (): void => {
      cancel()
      reject(signal?.reason)
    }
    const ring = (): void => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }
    const cancel = alarm(ms, ring, isIdle)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** The part of `cloudflare:workers` that is used here. */
interface WorkersModule {
  waitUntil?(work: Promise<unknown>): void
}

/**
 * A platform for Node, browsers and Workers.
 *
 * `defer` swallows the rejection of the work. On a Worker it also keeps the work alive after the response, if
 * modules can be looked up by name: with the flag `nodejs_compat` and a compatibility date of 2024-09-23 or later,
 * or a date of 2026-09-01 or later. Elsewhere the process outlives its responses; where it does not, as in
 * serverless functions, replace `defer`.
 */
export function webPlatform(): Platform {
  const { waitUntil } = Object(hostModule('cloudflare:workers')) as WorkersModule
  return {
    now: () => Date.now(),
    random: () => Math.random(),
    delay: wait,
    idle: (ms, signal) => wait(ms, signal, true),
    // Two timers of half the time: if the process was blocked, it reads replies that have arrived in the
    // meantime after the first timer, before the second one reports a timeout.
    alarm: (ms, ring) => {
      let cancel = alarm(ms / 2, () => {
        cancel = alarm(ms / 2, ring)
      })
      return () => cancel()
    },
    defer: (work) => {
      // The work itself reports its failures; an unhandled rejection would end a Node process (I11).
      const handled = work.then(undefined, () => undefined)
      waitUntil?.(handled)
    },
  }
}
