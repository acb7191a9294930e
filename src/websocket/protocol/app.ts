/**
 * Apps: their credentials, settings and limits. They are read once, from options or from one environment
 * variable, and frozen.
 *
 * Names and default limits are those of Pusher Channels where it has them.
 *
 * @module
 */

import { type Duration, toMilliseconds } from '../../entry/duration.ts'
import { checkBoolean, checkFields, oneOf } from '../../entry/option-checks.ts'
import { InvalidOptionError } from '../../errors.ts'
import { type AppLimits, type LimitOptions, resolveLimits } from './limits.ts'
import { resolveWebhooks, type Webhook, type WebhookTarget } from './webhook-targets.ts'

/** The options of one app. */
export interface AppOptions {
  /** Part of the paths of the HTTP API. 1 to 64 of `A-Za-z0-9_-`. */
  readonly id: string
  /** Part of the address that clients connect to; public. 1 to 64 of `A-Za-z0-9_-`. */
  readonly key: string
  /** Signs requests, subscriptions and webhooks. At least 16 characters. */
  readonly secret: string
  /** A name for people. @default the id */
  readonly name?: string
  /** A disabled app refuses connections with 4003, and requests with 403. @default true */
  readonly enabled?: boolean
  /** Whether to refuse connections and requests without TLS. @default false */
  readonly requireTls?: boolean
  /** Whether subscribers of private and presence channels may send `client-` events. @default 'off' */
  readonly clientEvents?: 'members' | 'off'
  /** Whether channels send their subscribers the number of subscriptions. @default 'off' */
  readonly subscriptionCounts?: 'on' | 'off'
  /**
   * How long a connection may stay without a sign-in before it is closed with 4009; `'never'` if no sign-in
   * is required. @default 'never'
   */
  readonly signInWithin?: Duration | 'never'
  /** Limits for the app's clients and servers. @default the default of each limit */
  readonly limits?: LimitOptions
  /** The webhooks that are sent for events in its channels. @default none */
  readonly webhooks?: readonly Webhook[]
}

/** One app, checked and complete. */
export interface App {
  readonly id: string
  readonly key: string
  readonly secret: string
  readonly name: string
  readonly enabled: boolean
  readonly requireTls: boolean
  readonly clientEvents: 'members' | 'off'
  readonly subscriptionCounts: 'on' | 'off'
  /** Milliseconds; `undefined` if no sign-in is required. */
  readonly signInWithinMs: number | undefined
  readonly limits: AppLimits
  readonly webhooks: readonly WebhookTarget[]
}

/** The apps of one deployment. */
export interface Apps {
  readonly all: readonly App[]
  byId(id: string): App | undefined
  byKey(key: string): App | undefined
}

const NAME = /^[A-Za-z0-9_-]{1,64}$/
const MIN_SECRET_CHARS = 16
const FIELDS: readonly string[] = [
  'id',
  'key',
  'secret',
  'name',
  'enabled',
  'requireTls',
  'clientEvents',
  'subscriptionCounts',
  'signInWithin',
  'limits',
  'webhooks',
]

/**
 * Checks apps, and indexes them by id and by key.
 *
 * @throws {InvalidOptionError} When a field is unknown, missing or out of range, or two apps share an id
 * or a key. The option is a path such as `apps[0].secret`.
 */
export function createApps(options: readonly AppOptions[]): Apps {
  if (!Array.isArray(options) || options.length === 0) {
    throw new InvalidOptionError('apps', 'a list of at least one app')
  }
  const all = Object.freeze(options.map((app, position) => resolve(app, `apps[${position}]`)))
  const ids = new Map(all.map((app) => [app.id, app]))
  const keys = new Map(all.map((app) => [app.key, app]))
  if (ids.size < all.length)
    throw new InvalidOptionError('apps', 'a list of apps with ids of their own')
  if (keys.size < all.length) {
    throw new InvalidOptionError('apps', 'a list of apps with keys of their own')
  }
  return { all, byId: (id) => ids.get(id), byKey: (key) => keys.get(key) }
}

/**
 * Reads apps from a text such as that of the variable `REALTIME_APPS`: a JSON list of {@link AppOptions}.
 *
 * @throws {InvalidOptionError} When the text is not such a list.
 */
export function parseApps(text: string): Apps {
  let list: unknown
  try {
    list = JSON.parse(text)
  } catch {
    // The parser's message quotes the text, which contains secrets.
    throw new InvalidOptionError('apps', 'JSON')
  }
  return createApps(list as readonly AppOptions[])
}

function resolve(options: AppOptions, path: string): App {
  checkFields(options, path, FIELDS)
  const id = text(options.id, `${path}.id`, NAME, '1 to 64 characters of A-Z, a-z, 0-9, _ and -')

  return Object.freeze({
    id,
    key: text(options.key, `${path}.key`, NAME, '1 to 64 characters of A-Z, a-z, 0-9, _ and -'),
    secret: secretOf(options.secret, `${path}.secret`),
    name: text(
      options.name ?? id,
      `${path}.name`,
      /^[^\0]{1,200}$/,
      'a text of 1 to 200 characters',
    ),
    enabled: checkBoolean(options.enabled ?? true, `${path}.enabled`),
    requireTls: checkBoolean(options.requireTls ?? false, `${path}.requireTls`),
    clientEvents: oneOf(options.clientEvents ?? 'off', `${path}.clientEvents`, ['members', 'off']),
    subscriptionCounts: oneOf(options.subscriptionCounts ?? 'off', `${path}.subscriptionCounts`, [
      'on',
      'off',
    ]),
    signInWithinMs: signInWithinMs(options.signInWithin ?? 'never', `${path}.signInWithin`),
    limits: resolveLimits(options.limits ?? {}, `${path}.limits`),
    webhooks: resolveWebhooks(options.webhooks ?? [], `${path}.webhooks`),
  })
}

function text(value: unknown, option: string, form: RegExp, requirement: string): string {
  if (typeof value === 'string' && form.test(value)) return value
  throw new InvalidOptionError(option, requirement)
}

function secretOf(value: unknown, option: string): string {
  if (typeof value === 'string' && value.length >= MIN_SECRET_CHARS) return value
  throw new InvalidOptionError(option, `a text of at least ${MIN_SECRET_CHARS} characters`)
}

function signInWithinMs(value: Duration | 'never', option: string): number | undefined {
  return value === 'never' ? undefined : toMilliseconds(value, option, { min: 1_000 })
}
