/**
 * Finds the Redis that a command uses, and opens a transport to it.
 *
 * @module
 */

import { ConfigurationError } from '../errors.ts'
import type { Platform } from '../platform/platform.ts'
import type { Transport } from '../redis/requester.ts'
import { type RedisConfiguration, readEnvironment } from '../startup/environment.ts'
import type { Host } from './command.ts'
import { UsageError } from './usage-error.ts'

/** The options that name a Redis, as they were typed. */
export type GivenAddress = Readonly<Record<'redis' | 'rest' | 'embedded' | 'cluster', unknown>>

/**
 * The Redis that the options name; without such an option, the one that the environment names.
 *
 * @throws {UsageError} When options exclude each other, or nothing names a Redis.
 * @throws {ConfigurationError} When environment variables are invalid.
 */
export function addressOf(given: GivenAddress, env: Host['env']): RedisConfiguration {
  const address = named(given, env)
  if (given.cluster === true) requireNode(address)
  return address
}

function named(given: GivenAddress, env: Host['env']): RedisConfiguration {
  // An empty one counts: as with an unset variable of a shell, another Redis must not take its place.
  const options = (['redis', 'rest', 'embedded'] as const).filter(
    (option) => given[option] !== undefined && given[option] !== false,
  )
  const [first, second] = options
  if (second) throw new UsageError(`--${first} and --${second} cannot be used together`)
  switch (first) {
    case 'redis':
      return tcpAt(String(given.redis))
    case 'rest':
      return restAt(String(given.rest), env['UPSTASH_REDIS_REST_TOKEN'] || env['KV_REST_API_TOKEN'])
    case 'embedded':
      return { kind: 'embedded', warnings: [] }
    default:
      return fromEnvironment(env)
  }
}

function requireNode(address: RedisConfiguration): void {
  if (address.kind !== 'tcp') {
    throw new UsageError('--cluster needs a Redis over TCP: set --redis, REDIS_HOST or REDIS_URL')
  }
  if (address.db !== 0) throw new UsageError('--cluster needs database 0: a cluster has no other')
}

function tcpAt(url: string): RedisConfiguration {
  try {
    // The environment would count an empty URL as not set.
    return readEnvironment({ REDIS_URL: url || 'none' })
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    throw new UsageError('--redis must be a URL such as redis://user:password@localhost:6379/0')
  }
}

function restAt(url: string, token: string | undefined): RedisConfiguration {
  if (!token) throw new UsageError('--rest needs a token: set UPSTASH_REDIS_REST_TOKEN')
  if (!/^https?:/.test(url) || !URL.canParse(url)) {
    throw new UsageError('--rest must be a URL such as https://example.upstash.io')
  }
  try {
    return readEnvironment({ UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token })
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    const problems = error.problems.map((one) => one.replace('UPSTASH_REDIS_REST_URL', '--rest'))
    throw new UsageError(problems.join('; '))
  }
}

function fromEnvironment(env: Host['env']): RedisConfiguration {
  const found = readEnvironment(env)
  if (found.kind !== 'embedded') return found
  throw new UsageError(
    'no Redis is configured: set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN, or REDIS_HOST, ' +
      'or REDIS_URL; or add --redis redis://localhost:6379',
  )
}

/** Opens a transport to the Redis at an address. */
export async function open(
  address: RedisConfiguration,
  isCluster: boolean,
  platform: Platform,
): Promise<Transport> {
  switch (address.kind) {
    case 'embedded': {
      const { embeddedTransport } = await import('../redis/embedded/index.ts')
      return embeddedTransport({ platform })
    }
    case 'rest': {
      const [{ restTransport }, { nodeFetch }] = await Promise.all([
        import('../redis/rest.ts'),
        import('../redis/node/index.ts'),
      ])
      return restTransport({ url: address.url, token: address.token, fetch: nodeFetch() })
    }
    case 'tcp': {
      const { kind: _kind, warnings: _warnings, host, port, ...how } = address
      const { tcpTransport } = await import('../redis/tcp/index.ts')
      const node = { host, port }
      return tcpTransport({
        ...(isCluster ? { cluster: { nodes: [node] } } : node),
        ...how,
        platform,
      })
    }
  }
}
