/**
 * Connects a command to its Redis, and opens the cache on it.
 *
 * @module
 */

import type { CacheContext } from '../cache/context.ts'
import { RedisCacheManager } from '../cache/manager.ts'
import { Names } from '../cache/names.ts'
import { CacheNamespace } from '../cache/namespace.ts'
import type { Policy } from '../cache/options.ts'
import { plainText } from '../cache/segment.ts'
import { Keyspace } from '../entry/key.ts'
import { type EncryptionKey, readSecret } from '../entry/key-ring.ts'
import { ConfigurationError, InvalidOptionError } from '../errors.ts'
import { settledWithin } from '../flight/deadline.ts'
import type { Platform } from '../platform/platform.ts'
import { webPlatform } from '../platform/web.ts'
import type { Requester, Transport } from '../redis/requester.ts'
import { UPKEEP_SCRIPTS } from '../redis/scripts/upkeep.ts'
import type { RedisConfiguration } from '../startup/environment.ts'
import { addressOf, type GivenAddress, open } from './address.ts'
import type { ExitCode, Host } from './command.ts'
import type { Call } from './define.ts'
import { readTime } from './numbers.ts'
import type { Output } from './output.ts'
import { EndedError } from './usage-error.ts'

/** Options of every command that uses Redis. */
export const CONNECTION_ARGS = {
  redis: {
    type: 'string',
    valueHint: 'URL',
    description:
      'connect over TCP: redis:// or rediss://; other users of the machine can see it: prefer REDIS_URL',
  },
  rest: {
    type: 'string',
    valueHint: 'URL',
    description: 'connect over HTTP; the token is read from UPSTASH_REDIS_REST_TOKEN',
  },
  cluster: {
    type: 'boolean',
    description:
      'the Redis over TCP is a node of a Redis Cluster; the other nodes are found through it',
  },
  embedded: {
    type: 'boolean',
    description: 'use an empty engine in this process, to try things out',
  },
  prefix: {
    type: 'string',
    valueHint: 'NAME',
    default: 'nc',
    description: 'the prefix of the cache',
  },
  deadline: {
    type: 'string',
    valueHint: 'TIME',
    default: '5s',
    description: 'timeout of one request',
  },
} as const

/** The option of commands that work on one namespace. */
export const NAMESPACE_ARG = {
  namespace: {
    type: 'string',
    valueHint: 'PATH',
    default: 'default',
    description:
      "the namespace: cache.namespace('users') is default/users; write / and % in a name as %2F and %25",
  },
} as const

/** An open cache. */
export interface Connection {
  readonly cache: RedisCacheManager
  /** Sends commands without the guard of the cache, that is without its retries and circuit breaker. */
  readonly requester: Requester | Transport
  /** `rest`, `tcp`, `embedded`, or `custom`. */
  readonly kind: string
  readonly address: RedisConfiguration | undefined
  readonly platform: Platform
  readonly prefix: string
}

/** An open cache, and the namespace that the command works on. */
export interface OpenNamespace extends Connection {
  readonly namespace: CacheNamespace
  readonly ctx: CacheContext
  readonly policy: Policy
  /**
   * The context of any namespace.
   *
   * @param path The names of the namespaces, outermost first.
   * @throws {InvalidKeyError} When a name is invalid.
   */
  contextAt(path: readonly string[]): CacheContext
}

/** How long a connection may take to close. */
const CLOSING_MS = 500

type Given = GivenAddress &
  Readonly<Record<'prefix' | 'deadline', unknown>> & { readonly namespace?: string }

/**
 * Opens the Redis that the call names, runs the command, and closes the connection.
 *
 * @param ending What to do with the run when the process is asked to stop: abandon it at once (`left`), or
 * wait until it ends (`by itself`).
 * @throws {EndedError} When the run was abandoned.
 */
export async function withRedis(
  { args, host, out }: { readonly args: unknown } & Pick<Call, 'host' | 'out'>,
  run: (connection: OpenNamespace) => Promise<ExitCode>,
  ending: 'left' | 'by itself' = 'left',
): Promise<ExitCode> {
  const given = args as Given
  const platform = host.platform ?? webPlatform()
  const address = host.redis ? undefined : addressOf(given, host.env)
  if (!out.isJson) for (const warning of address?.warnings ?? []) host.warn(`nearcache: ${warning}`)
  const requester =
    host.redis ?? (await open(address as RedisConfiguration, given.cluster === true, platform))
  const { kind = 'custom', close } = requester as Partial<Transport>
  try {
    const opened = openCache(requester, given, host, platform)
    const prefix = String(given.prefix)
    const running = run({ ...opened, requester, kind, address, platform, prefix })
    return await (ending === 'left' ? unlessEnded(running, host.signal, out) : running)
  } finally {
    // A Redis that hangs does not answer the close either, and the user has already waited for the deadline.
    if (!host.redis && close) await settledWithin(platform, CLOSING_MS, close.call(requester))
  }
}

/** The result of the run. Rejects at once when the process is asked to stop. */
function unlessEnded<T>(running: Promise<T>, signal: AbortSignal, out: Output): Promise<T> {
  const ended = new Promise<never>((_resolve, reject) => {
    const end = (): void => {
      out.end()
      reject(new EndedError())
    }
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
  })
  return Promise.race([running, ended])
}

function openCache(
  redis: Requester | Transport,
  given: Given,
  { env }: Host,
  platform: Platform,
): Omit<OpenNamespace, keyof Connection> & Pick<Connection, 'cache'> {
  // Accepts a name as it was given to `cache.namespace`, or escaped as in figures.
  const [outer = '', ...inner] = (given.namespace ?? 'default').split('/').map(plainText)
  const secret = env['NEARCACHE_HASH_SECRET'] || undefined
  const keys = keysIn(env, 'NEARCACHE_ENCRYPTION_KEYS')
  const deadline = readTime('deadline', String(given.deadline), '1ms', '10m')
  const cache = byVariable(
    () =>
      new RedisCacheManager({
        redis,
        platform,
        prefix: String(given.prefix),
        namespace: outer,
        deadline,
        ...(secret !== undefined && { hashKeys: { secret } }),
        ...(keys && { encryption: { keys } }),
      }),
  )
  cache.redis.allowRepeat(UPKEEP_SCRIPTS)
  const namespace = inner.reduce<CacheNamespace>((parent, name) => parent.namespace(name), cache)
  const parts = CacheNamespace.partsOf(namespace)
  // Cannot happen: the cache and this function are from the same copy of the package.
  if (!parts) throw new ConfigurationError(['the cache was created by another copy of nearcache'])
  const contextAt = ([first = '', ...rest]: readonly string[]): CacheContext => {
    const hashSecret = secret === undefined ? undefined : readSecret(secret, 'hashKeys.secret')
    const root = new Keyspace({ prefix: String(given.prefix), namespace: [first], hashSecret })
    const names = rest.reduce(
      (parent, name) => new Names(parent.keyspace.child(name), [], parent),
      new Names(root),
    )
    return { ...parts.ctx, names }
  }
  return { cache, namespace, ...parts, contextAt }
}

/** The environment variables that hold options of the cache and of its sessions. */
const VARIABLES: Readonly<Record<string, string>> = {
  hashKeys: 'NEARCACHE_HASH_SECRET',
  encryption: 'NEARCACHE_ENCRYPTION_KEYS',
  keys: 'SESSION_KEYS',
}

/** Errors name the environment variable instead of the option, because the user has set the variable. */
export function byVariable<T>(make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof InvalidOptionError)) throw error
    const variable = VARIABLES[error.option.split(/[.[]/, 1)[0] ?? '']
    if (variable === undefined) throw error
    throw new ConfigurationError([
      `${variable} ${error.message.slice(error.message.indexOf('must be'))}`,
    ])
  }
}

/**
 * Reads keys written as `id:secret, …`. The first one is the primary.
 *
 * @throws {ConfigurationError} When the format is wrong.
 */
export function keysIn(env: Host['env'], variable: string): readonly EncryptionKey[] | undefined {
  const text = env[variable]
  if (!text) return undefined
  return text.split(',').map((pair, i) => {
    const [id, secret, ...more] = pair.trim().split(':')
    if (!id || !secret || more.length > 0) {
      throw new ConfigurationError([`${variable} must be a comma-separated list of id:secret`])
    }
    return { id, secret, use: i === 0 ? 'primary' : 'decrypt-only' }
  })
}
