/**
 * Whether a response may be stored, and for how long it is fresh (RFC 9111, sections 3 and 4.2).
 *
 * `http-cache-semantics` decides on storing and on the freshness lifetime, from normalised fields. The
 * rest is done here and in neighbouring modules, because the public suite of cache tests shows that the
 * library follows an earlier standard, or is lenient, in the following:
 *
 * - it splits `Cache-Control` at every comma, is case-sensitive, and uses the last of several values; it
 *   parses dates with `Date.parse`; it accepts `7200.0` as an `Age`;
 * - it stores only listed status codes, while RFC 9111 allows every final status with explicit freshness;
 *   it does not know `must-understand`;
 * - it never reuses responses with `must-revalidate` or `proxy-revalidate`, although both restrict only
 *   stale ones; it replaces `Date`; it does not count the time since `Date` as age;
 * - it compares the fields of `Vary` literally; from a 304 it takes only fields that were there before.
 *
 * @module
 */

import CachePolicy from 'http-cache-semantics'
import { imfFixdate } from '../entry/iso-time.ts'
import { listMembers } from '../web/list-field.ts'
import { type Directives, parseCacheControl, parseTargeted, seconds } from './directives.ts'
import { parseHttpDate } from './http-date.ts'
import { varyNames } from './vary.ts'

/** The kind of cache, and the defaults for responses without directives. */
export interface Rules {
  /** `private`: the cache of one user, which may also store that user's private responses. */
  readonly audience: 'shared' | 'private'
  /** Response fields that replace `Cache-Control` here. The first valid one counts. */
  readonly targets: readonly string[]
  readonly ttlMs: number | undefined
  /** A response is fresh for this fraction of the time since `Last-Modified`; 0 is off. */
  readonly heuristic: number
  readonly staleWhileRevalidateMs: number
  readonly staleIfErrorMs: number
  /** How long a stale response is kept for revalidation. */
  readonly keepStaleMs: number
}

/** The parts of a request that storing depends on. */
export interface Asked {
  readonly headers: Headers
  /** When the request was forwarded, in epoch milliseconds. */
  readonly requestedAt: number
}

/** The response to such a request. */
export interface Received {
  readonly status: number
  readonly headers: Headers
  /** When the headers of the response arrived, in epoch milliseconds. */
  readonly receivedAt: number
}

/** The terms on which a response is stored. Durations are in milliseconds. */
export interface Terms {
  /** Age of the response when it arrived. */
  readonly ageMs: number
  readonly lifetimeMs: number
  readonly staleWhileRevalidateMs: number
  readonly staleIfErrorMs: number
  /** Whether a client's `max-stale` does not apply. Stale responses are then served only by the windows above. */
  readonly strict: boolean
  readonly vary: readonly string[]
  /** Fields that must not be reused, named by `no-cache` or `private`. */
  readonly withheld: readonly string[]
  /** How long the response can be used in any way, from its arrival. */
  readonly lifeMs: number
}

const DAY_MS = 86_400_000

/** Status codes that are cacheable by default (RFC 9110, section 15.1), except 206. */
const BY_DEFAULT = new Set([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501])
/** Status codes whose caching requirements this cache implements. */
const UNDERSTOOD = new Set([...BY_DEFAULT, 302, 303, 307])
/** Every other status is passed to the library as this one, which needs explicit freshness to be stored. */
const NOT_BY_DEFAULT = 302

/** The terms on which a response is stored, or `undefined` if it must not or need not be stored. */
export function termsOf(asked: Asked, received: Received, rules: Rules): Terms | undefined {
  const { status, headers } = received
  const vary = varyNames(headers)
  // Partial responses are not stored. A cookie is only for the client that it was set for.
  if (vary === undefined || status < 200 || status > 599 || status === 206 || status === 304)
    return undefined
  if (headers.has('set-cookie') || isEndless(headers)) return undefined
  const effective = effectiveDirectives(headers, rules.targets)
  const directives = understood(effective.directives, status)
  if (directives === undefined) return undefined

  const policy = policyFor(asked, received, rules, { ...effective, directives })
  if (!policy.storable()) return undefined
  const ageMs = initialAgeMs(asked, received)
  const lifetimeMs = lifetimeOf(policy, received, rules, { ...effective, directives })
  const windows = staleWindows(directives, rules)
  const isValidatable = headers.has('etag') || headers.has('last-modified')
  const { staleWhileRevalidateMs, staleIfErrorMs } = windows
  const keptMs = Math.max(
    staleWhileRevalidateMs,
    staleIfErrorMs,
    isValidatable ? rules.keepStaleMs : 0,
  )
  const lifeMs = lifetimeMs + keptMs - ageMs
  if (lifeMs <= 0) return undefined
  return { ageMs, lifetimeMs, ...windows, vary, withheld: withheldFields(directives), lifeMs }
}

/** The directives that apply to this cache, and whether they come from a targeted field (RFC 9213). */
interface Effective {
  readonly directives: Directives
  readonly targeted: boolean
}

function effectiveDirectives(headers: Headers, targets: readonly string[]): Effective {
  for (const target of targets) {
    const directives = parseTargeted(headers.get(target))
    if (directives) return { directives, targeted: true }
  }
  return { directives: parseCacheControl(headers.get('cache-control')), targeted: false }
}

/** An event stream is not stored: other requests would wait for its end, which may never come. */
function isEndless(headers: Headers): boolean {
  return /^text\/event-stream\b/i.test(headers.get('content-type') ?? '')
}

/** Applies `must-understand` (RFC 9111, section 5.2.2.3): `undefined` if the status is not understood. */
function understood(directives: Directives, status: number): Directives | undefined {
  if (!directives.has('must-understand')) return directives
  if (!UNDERSTOOD.has(status)) return undefined
  return new Map([...directives].filter(([name]) => name !== 'no-store'))
}

/** Cookies count as credentials: most applications use them to choose a response, and few declare it. */
function isPersonal(headers: Headers, { audience }: Rules): boolean {
  return audience === 'shared' && (headers.has('authorization') || headers.has('cookie'))
}

function policyFor(
  asked: Asked,
  { status, headers, receivedAt }: Received,
  rules: Rules,
  { directives, targeted }: Effective,
): CachePolicy {
  const date = (name: string): string | undefined => {
    if (!headers.has(name) || (targeted && name === 'expires')) return undefined
    const instant = parseHttpDate(headers.get(name), receivedAt)
    // An invalid date counts as a date in the past.
    return instant === undefined ? '0' : imfFixdate(instant)
  }
  const sent = parseHttpDate(headers.get('date'), receivedAt) ?? receivedAt
  const fields: Record<string, string | undefined> = {
    'cache-control': directiveText(directives),
    date: imfFixdate(sent),
    expires: date('expires'),
    'last-modified': date('last-modified'),
    pragma: targeted ? undefined : (headers.get('pragma') ?? undefined),
  }
  const present = Object.entries(fields).filter(([, value]) => value !== undefined)
  const credentials = isPersonal(asked.headers, rules) ? { authorization: 'some' } : {}
  return new CachePolicy(
    { method: 'GET', headers: credentials },
    {
      status: BY_DEFAULT.has(status) ? status : NOT_BY_DEFAULT,
      headers: Object.fromEntries(present),
    },
    {
      shared: rules.audience === 'shared',
      cacheHeuristic: rules.heuristic,
      immutableMinTimeToLive: 0,
    },
  )
}

const FLAGS = ['no-store', 'no-cache', 'private', 'public', 'must-revalidate']

/** The directives that the library uses, in a form that it parses correctly. */
function directiveText(directives: Directives): string | undefined {
  // `no-cache` and `private` with field names restrict those fields, not the whole response.
  const flags = FLAGS.filter((name) => directives.has(name) && !isQualified(directives, name))
  const numbers = ['s-maxage', 'max-age'].flatMap((name) => {
    const value = seconds(directives, name)
    return value === undefined ? [] : [`${name}=${value}`]
  })
  const text = [...flags, ...numbers].join(', ')
  return text === '' ? undefined : text
}

function isQualified(directives: Directives, name: string): boolean {
  if (name !== 'no-cache' && name !== 'private') return false
  return typeof directives.get(name) === 'string'
}

function withheldFields(directives: Directives): readonly string[] {
  return ['no-cache', 'private']
    .map((name) => directives.get(name))
    .flatMap((value) => (typeof value === 'string' ? listMembers(value) : []))
    .map((name) => name.toLowerCase())
}

function lifetimeOf(
  policy: CachePolicy,
  { status, headers }: Received,
  rules: Rules,
  { directives, targeted }: Effective,
): number {
  const lifetimeMs = Math.max(0, policy.maxAge() * 1_000)
  if (directives.has('no-cache') && !isQualified(directives, 'no-cache')) return 0
  const isExplicit =
    directives.has('max-age') ||
    (directives.has('s-maxage') && rules.audience === 'shared') ||
    (headers.has('expires') && !targeted)
  if (isExplicit) return lifetimeMs
  // A `Cache-Control` that cannot be read, such as one with semicolons, may have forbidden to store.
  const isSilent = !targeted && !headers.has('cache-control') && !headers.has('pragma')
  if (rules.ttlMs !== undefined && isSilent && BY_DEFAULT.has(status)) return rules.ttlMs
  return Math.min(lifetimeMs, DAY_MS)
}

/**
 * RFC 5861. A directive that requires validation forbids both windows, `s-maxage` only those that come from the
 * options: responses that have it and a window are common. Both forbid `max-stale` (RFC 9111, section 4.2.4).
 */
function staleWindows(
  directives: Directives,
  rules: Rules,
): Pick<Terms, 'staleWhileRevalidateMs' | 'staleIfErrorMs' | 'strict'> {
  const isShared = rules.audience === 'shared'
  const isValidated =
    directives.has('must-revalidate') ||
    (isShared && directives.has('proxy-revalidate')) ||
    (directives.has('no-cache') && !isQualified(directives, 'no-cache'))
  const implied = isShared && directives.has('s-maxage')
  const window = (name: string, otherwise: number): number => {
    if (isValidated) return 0
    const stated = seconds(directives, name)
    return stated === undefined ? (implied ? 0 : otherwise) : stated * 1_000
  }
  return {
    strict: isValidated || implied,
    staleWhileRevalidateMs: window('stale-while-revalidate', rules.staleWhileRevalidateMs),
    staleIfErrorMs: window('stale-if-error', rules.staleIfErrorMs),
  }
}

/** RFC 9111, section 4.2.3. `Date` has whole seconds, so a smaller difference is ignored. */
function initialAgeMs({ requestedAt }: Asked, { headers, receivedAt }: Received): number {
  const date = parseHttpDate(headers.get('date'), receivedAt) ?? receivedAt
  const apparentMs = Math.floor(Math.max(0, receivedAt - date) / 1_000) * 1_000
  const [stated = ''] = listMembers(headers.get('age'))
  const ageS = /^\d+$/.test(stated) ? Math.min(Number(stated), 2 ** 31) : 0
  return Math.max(apparentMs, ageS * 1_000 + Math.max(0, receivedAt - requestedAt))
}
