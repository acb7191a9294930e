/**
 * What the Worker is told by its environment, checked once for each isolate.
 *
 * @module
 */

import { ConfigurationError, type Duration } from 'nearcache'
import * as z from 'zod'
import type { RedisObject } from './objects/redis-object.ts'

/** Where the shared tier is. */
export type RedisSettings =
  | { readonly kind: 'upstash'; readonly url: string; readonly token: string }
  | { readonly kind: 'durable'; readonly namespace: DurableObjectNamespace<RedisObject> }

/** The environment, checked. */
export interface Settings {
  readonly db: D1Database
  readonly redis: RedisSettings
  /** Whoever has it may call `/admin`; without one nobody may. */
  readonly adminToken: string | undefined
  /** Off is for measuring what the cache saves. */
  readonly isCached: boolean
  /** How long copies inside an isolate are served unseen; none without it. */
  readonly nearTtl: Duration | undefined
}

/** Dashboards and shells leave empty texts where a variable is meant to be absent. */
const optional = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === '' ? undefined : value), schema.optional())

const Environment = z
  .object({
    DB: z.custom<D1Database>(hasMethods('prepare', 'batch'), 'must be a D1 binding'),
    REDIS: z.custom<DurableObjectNamespace<RedisObject>>(
      hasMethods('idFromName', 'get'),
      'must be the binding of the Durable Object class RedisObject',
    ),
    UPSTASH_REDIS_REST_URL: optional(
      z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }),
    ),
    UPSTASH_REDIS_REST_TOKEN: optional(z.string('must be a text')),
    ADMIN_TOKEN: optional(z.string('must be a text').min(16, 'must have at least 16 characters')),
    // Read by the object itself, and checked here, where a mistake is told.
    REDIS_SNAPSHOT: optional(z.enum(['on', 'off'], "must be 'on' or 'off'")),
    CACHE: optional(z.enum(['on', 'off'], "must be 'on' or 'off'")),
    NEAR_TTL: optional(
      z.templateLiteral([z.int().positive(), z.enum(['ms', 's', 'm'])], 'must be like 500ms or 1s'),
    ),
  })
  .superRefine(({ UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token }, context) => {
    if ((url === undefined) === (token === undefined)) return
    const path = [url === undefined ? 'UPSTASH_REDIS_REST_URL' : 'UPSTASH_REDIS_REST_TOKEN']
    context.addIssue({ code: 'custom', path, message: 'must be set, since its counterpart is' })
  })

/**
 * Reads the environment.
 *
 * @throws {ConfigurationError} Listing every problem with the name of its variable, and no value.
 */
export function readEnv(env: unknown): Settings {
  const read = Environment.safeParse(env)
  if (!read.success) {
    throw new ConfigurationError(
      read.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`),
    )
  }
  const { DB, REDIS, UPSTASH_REDIS_REST_URL, UPSTASH_REDIS_REST_TOKEN, ...rest } = read.data
  return {
    db: DB,
    redis:
      UPSTASH_REDIS_REST_URL !== undefined && UPSTASH_REDIS_REST_TOKEN !== undefined
        ? { kind: 'upstash', url: UPSTASH_REDIS_REST_URL, token: UPSTASH_REDIS_REST_TOKEN }
        : { kind: 'durable', namespace: REDIS },
    adminToken: rest.ADMIN_TOKEN,
    isCached: rest.CACHE !== 'off',
    nearTtl: rest.NEAR_TTL,
  }
}

function hasMethods(...names: readonly string[]): (value: unknown) => boolean {
  return (value) =>
    typeof value === 'object' &&
    value !== null &&
    names.every((name) => typeof Reflect.get(value, name) === 'function')
}
