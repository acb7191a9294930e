/**
 * Reads the Worker's environment, once for each isolate.
 *
 * @module
 */

import { ConfigurationError, type Duration, type EncryptionKey } from 'nearcache'
import type { WorkersAI } from 'nearcache/llm'
import { readSessionKeys, SESSION_KEYS_REQUIREMENT } from 'nearcache/session'
import * as z from 'zod/mini'
import type { RedisObject } from './objects/redis-object.ts'
import { type RealtimeEnvironment, realtimeOf } from './realtime.ts'
import type { LLMRouteSettings, SessionSettings, Settings } from './settings.ts'

/** An empty text counts as absent: dashboards and shells often cannot unset a variable. */
const optional = <T extends z.ZodMiniType>(schema: T) =>
  z.pipe(
    z.transform((value: unknown) => (value === '' ? undefined : value)),
    z.optional(schema),
  )

const Text = z.string('must be a text')
const Token = Text.check(z.minLength(16, 'must have at least 16 characters'))
const HttpUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' })
const Switch = z.enum(['on', 'off'], "must be 'on' or 'off'")

/** `id:secret,id:secret` with secrets of 32 bytes as hex or base64. */
const SessionKeys = z.pipe(
  Text,
  z.transform((text, { issues }) => {
    const keys = readSessionKeys(text)
    if (keys) return keys
    issues.push({ code: 'custom', input: text, message: SESSION_KEYS_REQUIREMENT })
    return z.NEVER
  }),
)

/** Ids of session keys, as in {@link SessionKeys}. */
const KEY_IDS = /^[A-Za-z0-9_-]{1,16}(?:,[A-Za-z0-9_-]{1,16})*$/

/** US dollars for 100,000 commands: pay-as-you-go price of Upstash in 2025. */
const UPSTASH_PRICE = 0.2

/** At most a minute. */
const FAST_PATHS = /^(?:\d{1,4}ms|[1-5]?\d{4}ms|60000ms|[1-5]?\ds|60s|[01]m)$/

const QuestionList = z
  .array(
    z.strictObject({
      path: z.string().check(z.regex(/^\/(?:api|v1)\/[\w/]+$/)),
      body: z.looseObject({}),
    }),
  )
  .check(z.maxLength(100))

/** Questions to `/llm`, in the format of its clients. */
const Questions = z.pipe(
  Text,
  z.transform((text, { issues }) => {
    try {
      return QuestionList.parse(JSON.parse(text))
    } catch {
      // Not JSON, or JSON of another shape. The original message may quote the value.
      issues.push({ code: 'custom', input: text, message: QUESTIONS })
      return z.NEVER
    }
  }),
)

const duration = (example: string) =>
  z.custom<`${number}${'ms' | 's' | 'm'}`>(
    (value) => typeof value === 'string' && /^-?\d+(?:ms|s|m)$/.test(value),
    `must be like ${example}`,
  )

const Environment = z
  .object({
    DB: z.custom<D1Database>(hasMethods('prepare', 'batch'), 'must be a D1 binding'),
    REDIS: z.custom<DurableObjectNamespace<RedisObject>>(
      hasMethods('idFromName', 'get'),
      'must be the binding of the Durable Object class RedisObject',
    ),
    // The id is empty in local development.
    CF_VERSION_METADATA: z.optional(
      z.object({ id: z.string() }, 'must be a version_metadata binding'),
    ),
    UPSTASH_REDIS_REST_URL: optional(HttpUrl),
    UPSTASH_REDIS_REST_TOKEN: optional(Text),
    OLLAMA_BASE_URL: optional(HttpUrl),
    OPENAI_BASE_URL: optional(HttpUrl),
    OPENAI_API_KEY: optional(Text),
    LLM_TOKEN: optional(Token),
    LLM_MATCHING: optional(
      z.enum(['off', 'wording', 'meaning'], "must be 'off', 'wording' or 'meaning'"),
    ),
    AI: z.optional(z.custom<WorkersAI>(hasMethods('run'), 'must be a Workers AI binding')),
    LLM_WARM: optional(Questions),
    LLM_REQUESTS_PER_MINUTE: optional(
      z.pipe(
        z.transform(Number),
        z.number('must be a number').check(z.int('must be whole'), z.positive('must be above 0')),
      ),
    ),
    ADMIN_TOKEN: optional(Token),
    ALERT_WEBHOOK_URL: optional(HttpUrl),
    METRICS_TOKEN: optional(Token),
    MAIL_TOKEN: optional(Token),
    DASHBOARD: optional(
      z.enum(['operate', 'read-only', 'off'], "must be 'operate', 'read-only' or 'off'"),
    ),
    // The object reads it itself. It is checked here, where a mistake is reported.
    REDIS_SNAPSHOT: optional(Switch),
    // The objects read it themselves. It is checked here.
    REALTIME_MIRROR: optional(Switch),
    CACHE: optional(Switch),
    SESSION_KEYS: optional(SessionKeys),
    SESSION_RETIRED_KEYS: optional(
      z.pipe(
        Text.check(z.regex(KEY_IDS, 'must be ids like k1 or k1,k2')),
        z.transform((text) => text.split(',')),
      ),
    ),
    SESSION_FAST_PATH: optional(
      duration('30s, or 0s for none').check(
        z.refine((text) => FAST_PATHS.test(text), 'must be at most 60s'),
      ),
    ),
    AUTHENTICATOR: optional(
      z.custom<Fetcher>(hasMethods('fetch'), 'must be the binding of a service'),
    ),
    DEMO_LOGIN: optional(Switch),
    NEAR_TTL: optional(
      duration('500ms or 1s').check(
        z.refine((text) => Number.parseInt(text, 10) > 0, 'must be above 0'),
      ),
    ),
  })
  .check(
    z.superRefine(({ UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token }, context) => {
      const refuse = refuserOf(context)
      if (url === undefined && token !== undefined) refuse('UPSTASH_REDIS_REST_URL', MISSING)
      if (token === undefined && url !== undefined) refuse('UPSTASH_REDIS_REST_TOKEN', MISSING)
    }),
    z.superRefine(({ DEMO_LOGIN, AUTHENTICATOR: authenticator, SESSION_KEYS: keys }, context) => {
      const refuse = refuserOf(context)
      const isDemo = DEMO_LOGIN === 'on'
      if (isDemo && authenticator) refuse('DEMO_LOGIN', 'must be off where AUTHENTICATOR is bound')
      if ((isDemo || authenticator) && !keys) refuse('SESSION_KEYS', NEEDED)
    }),
    z.superRefine((env, context) => {
      const refuse = refuserOf(context)
      const open = env.LLM_TOKEN === undefined ? GUARDED.filter((name) => env[name]) : []
      for (const name of open) refuse(name, OPEN)
      if (env.LLM_MATCHING === 'meaning' && env.AI === undefined) refuse('AI', UNBOUND)
    }),
  )

const MISSING = 'must be set, since its counterpart is'
const NEEDED = 'must be set, since users can log in'
const OPEN = 'needs LLM_TOKEN, or everybody could use the model'
const QUESTIONS =
  'must be a JSON list of at most 100 questions like {"path":"/api/generate","body":{}}'
const UNBOUND = "must be bound, since LLM_MATCHING is 'meaning'"

function refuserOf(context: z.core.$RefinementCtx): (name: string, message: string) => void {
  return (name, message) => context.addIssue({ code: 'custom', path: [name], message })
}

/** Variables that, without a token, would let everybody use the models of the deployment. */
const GUARDED = ['OLLAMA_BASE_URL', 'OPENAI_API_KEY', 'LLM_WARM'] as const

/**
 * Reads the environment.
 *
 * @throws {ConfigurationError} Lists every problem with the name of its variable, without values.
 */
export function readEnv(env: unknown): Settings {
  const read = Environment.safeParse(env)
  if (!read.success) {
    throw new ConfigurationError(
      read.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`),
    )
  }
  const { DB, ...rest } = read.data
  return {
    db: DB,
    version: rest.CF_VERSION_METADATA?.id || undefined,
    redis: rest,
    llm: llmSettingsOf(read.data),
    adminToken: rest.ADMIN_TOKEN,
    mailToken: rest.MAIL_TOKEN,
    operations: {
      metricsToken: rest.METRICS_TOKEN ?? rest.ADMIN_TOKEN,
      dashboard: rest.DASHBOARD ?? 'operate',
      alertWebhook: rest.ALERT_WEBHOOK_URL,
      pricePer100k: rest.UPSTASH_REDIS_REST_URL === undefined ? 0 : UPSTASH_PRICE,
    },
    isCached: rest.CACHE !== 'off',
    nearTtl: rest.NEAR_TTL,
    sessions: sessionsIn(rest),
    realtime: hasRealtime(env) ? realtimeOf(env) : undefined,
  }
}

/** Whether realtime is on. `realtimeOf`, which the objects use too, checks the values. */
function hasRealtime(env: unknown): env is RealtimeEnvironment {
  return typeof env === 'object' && env !== null && Boolean(Reflect.get(env, 'REALTIME_APPS'))
}

function sessionsIn(env: {
  readonly SESSION_KEYS?: readonly EncryptionKey[] | undefined
  readonly SESSION_RETIRED_KEYS?: readonly string[] | undefined
  readonly SESSION_FAST_PATH?: Duration | undefined
  readonly AUTHENTICATOR?: Fetcher | undefined
  readonly DEMO_LOGIN?: 'on' | 'off' | undefined
}): SessionSettings | undefined {
  const authenticator = env.AUTHENTICATOR ?? (env.DEMO_LOGIN === 'on' ? 'demo' : undefined)
  if (authenticator === undefined || env.SESSION_KEYS === undefined) return undefined
  const { SESSION_KEYS: keys, SESSION_RETIRED_KEYS: retiredKeys = [] } = env
  return { keys, retiredKeys, fastPath: env.SESSION_FAST_PATH, authenticator }
}

function llmSettingsOf(env: z.infer<typeof Environment>): LLMRouteSettings | undefined {
  const { OLLAMA_BASE_URL: ollama, OPENAI_BASE_URL: openai, LLM_MATCHING, AI } = env
  if (ollama === undefined && openai === undefined) return undefined
  return {
    ollama,
    openai,
    openaiKey: env.OPENAI_API_KEY,
    token: env.LLM_TOKEN,
    perMinute: env.LLM_REQUESTS_PER_MINUTE,
    warm: env.LLM_WARM ?? [],
    matching: LLM_MATCHING === 'meaning' ? (AI ? { ai: AI } : 'off') : (LLM_MATCHING ?? 'off'),
  }
}

function hasMethods(...names: readonly string[]): (value: unknown) => boolean {
  return (value) =>
    typeof value === 'object' &&
    value !== null &&
    names.every((name) => typeof Reflect.get(value, name) === 'function')
}
