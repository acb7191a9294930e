/**
 * Turns whatever went wrong on the way to Redis into a `RemoteError` that is safe to log (I5).
 *
 * The texts of servers and runtimes name keys, values, tokens and addresses. None is passed on:
 * reasons come from the closed sets below, and no error has a `cause`.
 *
 * @module
 */

import { instantOf } from '../entry/iso-time.ts'
import { wordsIn } from '../entry/words.ts'
import { RemoteError, type RemoteFailure, RemoteTimeoutError } from '../errors.ts'
import type { RedisRequest } from './requester.ts'

/** Replies that say "not now". */
const RETRYABLE_WORDS = wordsIn(
  'BUSY CLUSTERDOWN LOADING MASTERDOWN NOMASTERLINK READONLY TRYAGAIN',
)

/** Replies given before anything is executed; a script that fails midway begins with another. */
const REFUSALS = wordsIn(
  `ASK BUSY CLUSTERDOWN CROSSSLOT DENIED EXECABORT LOADING MASTERDOWN MISCONF MOVED NOAUTH NOPERM
  NOREPLICAS NOSCRIPT READONLY TRYAGAIN WRONGPASS`,
)

/** The first words with which Redis, Sentinel and Redis Cluster refuse what can be sent on a shared connection. */
const REPLY_WORDS: ReadonlySet<string> = new Set([
  ...REFUSALS,
  ...wordsIn('BUSYGROUP BUSYKEY ERR NOGROUP NOMASTERLINK NOQUORUM OOM WRONGTYPE'),
])

/** Replies that every other command would get as well. */
const OUTAGES = wordsIn('BUSY CLUSTERDOWN LOADING MASTERDOWN NOAUTH READONLY WRONGPASS')

/** Limits that are told in words after `ERR`, by hosted Redis above all. */
const LIMITS: readonly (readonly [text: RegExp, reason: string, outage: boolean])[] = [
  [/\bmax (daily )?requests? limit exceeded/i, 'request quota exceeded', true],
  [/\bmax concurrent connections exceeded/i, 'too many connections', true],
  [/\bmax number of clients reached/i, 'too many connections', true],
  [/\bDB capacity quota exceeded/i, 'data quota exceeded', false],
  [/\bmax request size exceeded/i, 'request too large', false],
  [/\bmax single record size exceeded/i, 'record too large', false],
  [/\bmax key size exceeded/i, 'key too large', false],
]

/** Codes of Node, undici and Bun for a connection that was never made. */
const UNREACHED = wordsIn(
  `ConnectionRefused EADDRNOTAVAIL EAI_AGAIN EAI_NODATA EAI_NONAME ECONNREFUSED EHOSTDOWN ENOTFOUND
  FailedToOpenSocket UND_ERR_CONNECT_TIMEOUT`,
)

/** Codes for a connection that was lost, or may have been. */
const LOST = wordsIn(
  `ConnectionClosed ECONNABORTED ECONNRESET EHOSTUNREACH ENETDOWN ENETRESET ENETUNREACH ENOTCONN
  EPIPE EPROTO ETIMEDOUT UND_ERR_BODY_TIMEOUT UND_ERR_CLOSED UND_ERR_DESTROYED
  UND_ERR_HEADERS_TIMEOUT UND_ERR_SOCKET`,
)

/** A request of a Worker has sent as many as it may: the platform has words for it, and no code. */
export const SPENT = 'too many subrequests'
const SPENT_TEXT = /^Too many (sub|API )req/

/** Codes of OpenSSL and Node for a peer that is not who it should be: trying again cannot help. */
const UNTRUSTED = wordsIn(
  `CERT_HAS_EXPIRED CERT_NOT_YET_VALID CERT_REVOKED CERT_UNTRUSTED DEPTH_ZERO_SELF_SIGNED_CERT
  ERR_SSL_WRONG_VERSION_NUMBER ERR_TLS_CERT_ALTNAME_INVALID SELF_SIGNED_CERT_IN_CHAIN
  UNABLE_TO_GET_ISSUER_CERT UNABLE_TO_GET_ISSUER_CERT_LOCALLY
  UNABLE_TO_VERIFY_LEAF_SIGNATURE`,
)

/** Statuses that a server gives before it looks at the commands. */
const UNSERVED: ReadonlySet<number> = new Set([401, 403, 404, 405, 413, 429])
const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([429, 502, 503, 504])

/** The longest time for which a server is left alone on its word: a header may ask for years. */
const MAX_PAUSE_MS = 30_000

/** Credentials that were refused: every other request has the same ones. */
const UNAUTHENTICATED: ReadonlySet<string> = new Set(['NOAUTH', 'WRONGPASS', 'HTTP 401'])

/** The name under which a request appears in errors: `MGET`, `pipeline`, `multi-exec`. */
export function operationOf({ path = [], body }: RedisRequest): string {
  const name: unknown = path[0] ?? (Array.isArray(body) ? body[0] : undefined)
  return typeof name === 'string'
    ? operationName(path.length > 0 ? name : name.toUpperCase())
    : 'command'
}

/**
 * An error reply of Redis.
 *
 * @param text The reply in Redis' own words; only its first word is kept, if it is a known one.
 */
export function replyError(operation: string, text: string): RemoteError {
  const word = firstWord(text)
  const limit = limitIn(text)
  // Commands of a batch fail one by one, so a refusal of one says nothing of the others.
  const alone = !isBatch(operation) || word === 'EXECABORT'
  return failure(operation, {
    reason: limit?.reason ?? word,
    applied: alone && (REFUSALS.has(word) || limit !== undefined) ? 'no' : 'unknown',
    retryable: RETRYABLE_WORDS.has(word),
  })
}

/** Whether an error reply means that Redis cannot serve anybody now. */
export function isOutage(text: string): boolean {
  return OUTAGES.has(firstWord(text)) || limitIn(text)?.outage === true
}

/**
 * The error reply in what a Requester has thrown, if there is one. `@upstash/redis` throws what Redis
 * answered, with the command and all its arguments behind it; these are left out.
 */
export function thrownReply(error: unknown): string | undefined {
  const { message } = Object(error) as { message?: unknown }
  if (typeof message !== 'string') return undefined
  const [text = ''] = message.split(', command was: ', 1)
  const [word = ''] = text.split(' ', 1)
  return REPLY_WORDS.has(word) ? text : undefined
}

/**
 * How long nobody should ask again after a single failure, in milliseconds: as long as the server said
 * in `Retry-After`, at most 30 seconds; 0, hence the circuit's own cooldown, after refused credentials,
 * which no repetition mends. `undefined` for every other failure, which may be the only one.
 */
export function pauseMs(error: unknown): number | undefined {
  if (!(error instanceof RemoteError)) return undefined
  if (error.retryAfterMs) return Math.min(error.retryAfterMs, MAX_PAUSE_MS)
  return UNAUTHENTICATED.has(error.reason) ? 0 : undefined
}

/** Whether a request that got no answer may have been applied; a refusal is an answer. */
export function mayBeApplied(error: unknown): boolean {
  if (error instanceof RemoteTimeoutError) return true
  return error instanceof RemoteError && error.retryable && error.applied === 'unknown'
}

/**
 * A request that got no answer: what `fetch`, a socket or a stub threw.
 *
 * @param applied Given by a caller who knows whether anything was sent; else told from the error.
 */
export function networkError(
  operation: string,
  error: unknown,
  applied?: 'no' | 'unknown',
): RemoteError {
  const code = codeOf(error)
  const sent = code === undefined || LOST.has(code)
  return failure(operation, {
    reason: code ?? 'network',
    applied: applied ?? (sent ? 'unknown' : 'no'),
    retryable: code === undefined || !UNTRUSTED.has(code),
  })
}

/** A response with a status that is not a success. */
export function httpError(operation: string, status: number, retryAfterMs?: number): RemoteError {
  const redirected = status === 0 || (status >= 300 && status < 400)
  return failure(operation, {
    reason: redirected ? 'redirected' : `HTTP ${status}`,
    applied: redirected || UNSERVED.has(status) ? 'no' : 'unknown',
    retryable: RETRYABLE_STATUSES.has(status),
    retryAfterMs,
  })
}

/** An answer that makes no sense, such as `not JSON`, `malformed reply` or `reply too large`. */
export function answerError(
  operation: string,
  reason: 'not JSON' | 'malformed reply' | 'reply too large',
): RemoteError {
  return failure(operation, { reason, applied: 'unknown' })
}

/** An IMF-fixdate (RFC 9110, section 5.6.7): of texts, the one form that every engine reads alike. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/

/**
 * Reads a `Retry-After` header (RFC 9110, section 10.2.3).
 *
 * @param now Epoch milliseconds.
 * @returns Milliseconds from now, at least 0; undefined when the header is missing or not valid.
 */
export function parseRetryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1_000
  const at = HTTP_DATE.test(header) ? instantOf(header) : Number.NaN
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}

function failure(operation: string, rest: Omit<RemoteFailure, 'operation'>): RemoteError {
  return new RemoteError({ operation: operationName(operation), ...rest })
}

/** A caller's mistake can put a key where the name of a command belongs. */
function operationName(name: string): string {
  return /^[A-Za-z][A-Za-z._-]{0,31}$/.test(name) ? name : 'command'
}

/** Whether requests of this name carry several commands. */
export function isBatch(operation: unknown): boolean {
  return operation === 'pipeline' || operation === 'multi-exec'
}

/** What Redis 6 puts before the reply that a script was given. */
const IN_SCRIPT = /^ERR Error running script .*: -/

/** The first word of an error reply, if it is a known one; else `ERR`. */
export function firstWord(text: string): string {
  const [word = ''] = text.replace(IN_SCRIPT, '').split(' ', 1)
  // A script can answer with any word it likes, a key included.
  return REPLY_WORDS.has(word) ? word : 'ERR'
}

function limitIn(text: string): { reason: string; outage: boolean } | undefined {
  if (!text.startsWith('ERR ')) return undefined
  const found = LIMITS.find(([pattern]) => pattern.test(text))
  return found && { reason: found[1], outage: found[2] }
}

/** Looks for a known code in the error, in what caused it, and in the errors it sums up. */
function codeOf(error: unknown, depth = 0): string | undefined {
  if (typeof error !== 'object' || error === null || depth > 4) return undefined
  const { code, message, cause, errors, lastNodeError } = error as Record<string, unknown>
  if (SPENT_TEXT.test(message as string)) return SPENT
  if (typeof code === 'string' && isKnownCode(code)) return code
  const inner = [cause, lastNodeError, ...(Array.isArray(errors) ? errors.slice(0, 4) : [])]
  for (const other of inner) {
    const found = codeOf(other, depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}

function isKnownCode(code: string): boolean {
  return UNREACHED.has(code) || LOST.has(code) || UNTRUSTED.has(code)
}
