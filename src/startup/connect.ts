/**
 * Makes the connection to Redis, and finds the keys of sessions, by the environment.
 *
 * @module
 */

import { toBase64Url } from '../entry/bytes.ts'
import { ConfigurationError } from '../errors.ts'
import type { Platform } from '../platform/platform.ts'
import { webPlatform } from '../platform/web.ts'
import { embeddedTransport } from '../redis/embedded/index.ts'
import { nodeFetch } from '../redis/node/index.ts'
import type { Requester, Transport } from '../redis/requester.ts'
import { restTransport } from '../redis/rest.ts'
import type { SessionOptions } from '../session/options.ts'
import { type RedisConfiguration, readEnvironment, sessionKeysOf } from './environment.ts'
import type { StartupOptions } from './options.ts'

/** The connection and the keys that a system needs. */
export interface Connected {
  readonly redis: Requester | Transport
  readonly sessionKeys: SessionOptions['keys'] | undefined
}

/**
 * Finds Redis and the keys of sessions, unless the options contain them.
 *
 * @throws {ConfigurationError} With every problem of the environment.
 */
export async function connect(
  { redis, env = process.env, session, platform = webPlatform() }: StartupOptions,
  warn: (message: string) => void,
): Promise<Connected> {
  const problems: string[] = []
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error
      problems.push(...error.problems)
      return undefined
    }
  }
  const configuration = redis ? undefined : attempt(() => readEnvironment(env))
  const wantsKeys = session !== false && session?.keys === undefined
  const keys = wantsKeys ? attempt(() => sessionKeysOf(env)) : undefined
  if (problems.length > 0) throw new ConfigurationError(problems)
  for (const warning of configuration?.warnings ?? []) warn(warning)
  if (!configuration) return { redis: redis ?? embeddedTransport({ platform }), sessionKeys: keys }
  const transport = await transportOf(configuration, platform)
  return {
    redis: transport,
    // Data of the embedded engine ends with this process, and so may its sessions: a random key is enough.
    sessionKeys: keys ?? (configuration.kind === 'embedded' ? drawnKeys() : undefined),
  }
}

function drawnKeys(): SessionOptions['keys'] {
  return [{ id: 'process', secret: toBase64Url(crypto.getRandomValues(new Uint8Array(32))) }]
}

async function transportOf(
  configuration: RedisConfiguration,
  platform: Platform,
): Promise<Transport> {
  switch (configuration.kind) {
    case 'embedded':
      return embeddedTransport({ platform })
    case 'rest':
      return restTransport({
        url: configuration.url,
        token: configuration.token,
        fetch: nodeFetch(),
      })
    case 'tcp': {
      const { kind: _kind, warnings: _warnings, ...address } = configuration
      // Imported here, so that a bundle for HTTP alone does not contain the TCP transport.
      const { tcpTransport } = await import('../redis/tcp/index.ts')
      return tcpTransport(address)
    }
  }
}
