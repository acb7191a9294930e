/**
 * Reads from the environment which Redis to use.
 *
 * @module
 */

import * as z from 'zod/mini'
import { ConfigurationError, InvalidOptionError } from '../errors.ts'
import { type RestOptions, resolveRestOptions } from '../redis/rest-options.ts'
import { parseUrl } from '../redis/tcp/url.ts'
import type { SessionOptions } from '../session/options.ts'
import { readSessionKeys, SESSION_KEYS_REQUIREMENT } from '../session/session-keys.ts'

/** The variables of a process. An empty one counts as not set. */
export type Environment = Readonly<Record<string, string | undefined>>

/** No variable names a Redis: an engine in this process takes its place. */
export interface EmbeddedConfiguration {
  readonly kind: 'embedded'
}

/** A Redis over HTTP. */
export interface RestConfiguration {
  readonly kind: 'rest'
  readonly url: string
  readonly token: string
}

/** A Redis over TCP. */
export interface TcpConfiguration {
  readonly kind: 'tcp'
  readonly host: string
  /** From 1 to 65535. */
  readonly port: number
  readonly username?: string
  readonly password?: string
  /** Number of the database. */
  readonly db: number
  readonly tls: boolean
}

/** Which Redis to use, and what a log should say of the choice. */
export type RedisConfiguration = (EmbeddedConfiguration | RestConfiguration | TcpConfiguration) & {
  /** Sentences that name variables and hold no values. */
  readonly warnings: readonly string[]
}

/** A group of variables that together name one Redis. */
interface Source {
  readonly variables: readonly string[]
  readonly schema: z.ZodMiniType<RestConfiguration | TcpConfiguration, unknown>
}

const required = (others: string): z.ZodMiniString =>
  z.string({ error: `is missing, though ${others} set` })

/** Digits alone: `1e3`, `0x10` and ` 7` are not meant as numbers. */
const wholeNumber = (requirement: string, min: number, max: number) =>
  z.optional(
    z.pipe(
      z.pipe(z.string().check(z.regex(/^\d+$/, requirement)), z.transform(Number)),
      z.number().check(z.minimum(min, requirement), z.maximum(max, requirement)),
    ),
  )

const withoutSpacesAround = z
  .string()
  .check(z.refine((text) => text === text.trim(), 'must be free of spaces around it'))

/** Uses the rules of the transport, so that they are defined in one place. */
const restUrl = (token: string) =>
  required(`${token} is`).check(
    z.superRefine((url, ctx) => requireRest(ctx, { url, token: 'any' })),
  )

const restToken = (url: string) =>
  required(`${url} is`).check(
    z.superRefine((token, ctx) => requireRest(ctx, { url: 'https://localhost', token })),
  )

const upstash = z.object({
  UPSTASH_REDIS_REST_URL: restUrl('UPSTASH_REDIS_REST_TOKEN'),
  UPSTASH_REDIS_REST_TOKEN: restToken('UPSTASH_REDIS_REST_URL'),
})

const kv = z.object({
  KV_REST_API_URL: restUrl('KV_REST_API_TOKEN'),
  KV_REST_API_TOKEN: restToken('KV_REST_API_URL'),
})

/** Refuses a single colon, which precedes a port: `REDIS_PORT` holds that. An IPv6 address has several. */
const HOST = /^(?![^:]*:[^:]*$)[^\s/@'"`[\]]+$/

const redis = z
  .object({
    REDIS_HOST: required('other REDIS_ variables are').check(
      z.regex(
        HOST,
        'must be a host name or an IP address, without spaces, quotes, port, brackets or redis://',
      ),
    ),
    REDIS_PORT: wholeNumber('must be a whole number from 1 to 65535', 1, 65_535),
    REDIS_USERNAME: z.optional(withoutSpacesAround),
    REDIS_PASSWORD: z.optional(withoutSpacesAround),
    REDIS_DB: wholeNumber('must be a whole number of at least 0', 0, 2 ** 31 - 1),
    REDIS_TLS_ENABLED: z.optional(
      z.stringbool({
        truthy: ['true', '1'],
        falsy: ['false', '0'],
        error: 'must be true, false, 1 or 0',
      }),
    ),
  })
  .check(
    z.refine(({ REDIS_USERNAME, REDIS_PASSWORD }) => !REDIS_USERNAME || REDIS_PASSWORD, {
      path: ['REDIS_PASSWORD'],
      error: 'is missing, though REDIS_USERNAME is set',
      // All problems are reported at once: this one even if other variables have problems too.
      when: () => true,
    }),
  )

const redisUrl = z.object({
  REDIS_URL: z.string().check(z.superRefine((url, ctx) => requireOption(ctx, () => parseUrl(url)))),
})

/** In the order of preference. */
const SOURCES: readonly Source[] = [
  {
    variables: Object.keys(upstash.shape),
    schema: z.pipe(
      upstash,
      z.transform(({ UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token }) => ({
        kind: 'rest' as const,
        url,
        token,
      })),
    ),
  },
  {
    variables: Object.keys(kv.shape),
    schema: z.pipe(
      kv,
      z.transform(({ KV_REST_API_URL: url, KV_REST_API_TOKEN: token }) => ({
        kind: 'rest' as const,
        url,
        token,
      })),
    ),
  },
  { variables: Object.keys(redis.shape), schema: z.pipe(redis, z.transform(toTcp)) },
  {
    variables: Object.keys(redisUrl.shape),
    schema: z.pipe(
      redisUrl,
      z.transform(({ REDIS_URL }) => ({ kind: 'tcp' as const, db: 0, ...parseUrl(REDIS_URL) })),
    ),
  },
]

/**
 * Chooses the Redis that the environment names, the first of these with any variable set:
 * `UPSTASH_REDIS_REST_URL` and `_TOKEN`; `KV_REST_API_URL` and `_TOKEN`; `REDIS_HOST` with
 * `REDIS_PORT`, `REDIS_USERNAME`, `REDIS_PASSWORD`, `REDIS_DB` and `REDIS_TLS_ENABLED`; `REDIS_URL`.
 * The others are ignored, with a warning. With none of them set it is the embedded engine, with a warning.
 *
 * @throws {ConfigurationError} With every problem of every group when the chosen one has any.
 */
export function readEnvironment(env: Environment): RedisConfiguration {
  const given = withoutNoise(env)
  const [chosen, ...others] = SOURCES.filter(({ variables }) => anyOf(variables, given).length > 0)
  if (!chosen) return { kind: 'embedded', warnings: [NOTHING_SET] }

  const { success, data, error } = chosen.schema.safeParse(given)
  if (!success) {
    const rest = others.flatMap(({ schema }) => problemsIn(schema.safeParse(given).error))
    throw new ConfigurationError([...problemsIn(error), ...rest])
  }
  const ignored = others.flatMap(({ variables }) => anyOf(variables, given))
  const [first] = chosen.variables
  return {
    ...data,
    warnings: ignored.length === 0 ? [] : [`${ignored.join(', ')} not used: ${first} is set`],
  }
}

/**
 * The keys of sessions in `SESSION_KEYS`: `id:secret,id:secret`, of which the first encrypts.
 *
 * @returns `undefined` if the variable is not set.
 * @throws {ConfigurationError} When its value is malformed.
 */
export function sessionKeysOf({ SESSION_KEYS }: Environment): SessionOptions['keys'] | undefined {
  if (SESSION_KEYS === undefined || SESSION_KEYS === '') return undefined
  const keys = readSessionKeys(SESSION_KEYS)
  if (keys) return keys
  throw new ConfigurationError([`SESSION_KEYS ${SESSION_KEYS_REQUIREMENT}`])
}

const NOTHING_SET =
  'No Redis is configured: this process caches for itself alone, in memory. Set ' +
  'UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN, or REDIS_HOST, or REDIS_URL, to share the cache.'

function withoutNoise(env: Environment): Record<string, string> {
  const given: Record<string, string> = {}
  for (const name of SOURCES.flatMap(({ variables }) => variables)) {
    const value = env[name]
    if (value !== undefined && value !== '') given[name] = value
  }
  // Kubernetes sets this one in every pod of a namespace that has a service named redis.
  if (!given['REDIS_HOST'] && given['REDIS_PORT']?.startsWith('tcp://')) delete given['REDIS_PORT']
  return given
}

function anyOf(variables: readonly string[], given: Environment): readonly string[] {
  return variables.filter((name) => given[name] !== undefined)
}

/** Zod's issues carry the input; only the path and our own words leave this function. */
function problemsIn(error: z.core.$ZodError | undefined): readonly string[] {
  return (error?.issues ?? []).map(({ path, message }) => `${path.join('.')} ${message}`)
}

function requireRest(ctx: z.core.$RefinementCtx, options: RestOptions): void {
  requireOption(ctx, () => resolveRestOptions(options))
}

function requireOption(ctx: z.core.$RefinementCtx, resolve: () => unknown): void {
  try {
    resolve()
  } catch (error) {
    if (!(error instanceof InvalidOptionError)) throw error
    ctx.addIssue(error.message.slice(error.message.indexOf('must be')))
  }
}

function toTcp(variables: z.output<typeof redis>): TcpConfiguration {
  const { REDIS_USERNAME: username, REDIS_PASSWORD: password } = variables
  return {
    kind: 'tcp',
    host: variables.REDIS_HOST,
    port: variables.REDIS_PORT ?? 6_379,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    db: variables.REDIS_DB ?? 0,
    tls: variables.REDIS_TLS_ENABLED ?? false,
  }
}
