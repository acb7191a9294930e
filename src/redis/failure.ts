/**
 * Turns any failure of a request to Redis into a `RemoteError` that is safe to log (I5).
 *
 * Error texts of servers and runtimes can contain keys, values, tokens and addresses. None is passed on:
 * reasons come from the closed sets below, and no error has a `cause`.
 *
 * @module
 */

import { instantOf } from '../entry/iso-time.ts'
import { wordsIn } from '../entry/words.ts'
import { ClosedError, RemoteError, type RemoteFailure, RemoteTimeoutError } from '../errors.ts'
import type { RedisRequest } from './requester.ts'

/** Error replies after which the same request can succeed later. */
const RETRYABLE_WORDS = wordsIn(
  'BUSY CLUSTERDOWN LOADING MASTERDOWN NOMASTERLINK READONLY TRYAGAIN',
)

/** Error replies sent before anything is executed. A script that fails midway answers with another word. */
const REFUSALS = wordsIn(
  `ASK BUSY CLUSTERDOWN CROSSSLOT DENIED EXECABORT LOADING MASTERDOWN MISCONF MOVED NOAUTH NOPERM
  NOREPLICAS NOSCRIPT READONLY TRYAGAIN WRONGPASS`,
)

/** First words of the errors of Redis, Sentinel and Redis Cluster to commands that a shared connection can send. */
const REPLY_WORDS: ReadonlySet<string> = new Set([
  ...REFUSALS,
  ...wordsIn('BUSYGROUP BUSYKEY ERR NOGROUP NOMASTERLINK NOQUORUM OOM WRONGTYPE'),
])

/** Error replies that any other command would get as well. */
const OUTAGES = wordsIn('BUSY CLUSTERDOWN LOADING MASTERDOWN NOAUTH READONLY WRONGPASS')

/** Limits that a server, mostly a hosted one, reports as text after `ERR`. */
const LIMITS: readonly (readonly [text: RegExp, reason: string, outage: boolean])[] = [
  [/\bmax (daily )?requests? limit exceeded/i, 'request quota exceeded', true],
  [/\bmax concurrent connections exceeded/i, 'too many connections', true],
  [/\bmax number of clients reached/i, 'too many connections', true],
  [/\bDB capacity quota exceeded/i, 'data quota exceeded', false],
  [/\bmax request size exceeded/i, 'request too large', false],
  [/\bmax single record size exceeded/i, 'record too large', false],
  [/\bmax key size exceeded/i, 'key too large', false],
]

/** Codes of Node, undici and Bun for a connection that could not be opened. */
const UNREACHED = wordsIn(
  `ConnectionRefused EADDRNOTAVAIL EAI_AGAIN EAI_NODATA EAI_NONAME ECONNREFUSED EHOSTDOWN ENOTFOUND
  FailedToOpenSocket UND_ERR_CONNECT_TIMEOUT`,
)

/** Codes for a connection that was lost, perhaps after the request was sent. */
const LOST = wordsIn(
  `ConnectionClosed ECONNABORTED ECONNRESET EHOSTUNREACH ENETDOWN ENETRESET ENETUNREACH ENOTCONN
  EPIPE EPROTO ETIMEDOUT UND_ERR_BODY_TIMEOUT UND_ERR_CLOSED UND_ERR_DESTROYED
  UND_ERR_HEADERS_TIMEOUT UND_ERR_SOCKET`,
)

/** A Worker's request has made all the subrequests it may. The platform reports this by message, without a code. */
const SPENT = 'too many subrequests'
const SPENT_TEXT = /^Too many (sub|API )req/

/** Codes of OpenSSL and Node for a server that failed the identity check. A retry cannot help. */
const UNTRUSTED = wordsIn(
  `CERT_HAS_EXPIRED CERT_NOT_YET_VALID CERT_REVOKED CERT_UNTRUSTED DEPTH_ZERO_SELF_SIGNED_CERT
  ERR_SSL_WRONG_VERSION_NUMBER ERR_TLS_CERT_ALTNAME_INVALID SELF_SIGNED_CERT_IN_CHAIN
  UNABLE_TO_GET_ISSUER_CERT UNABLE_TO_GET_ISSUER_CERT_LOCALLY
  UNABLE_TO_VERIFY_LEAF_SIGNATURE`,
)

/** Statuses that a server sends before it executes any command. */
const UNSERVED: ReadonlySet<number> = new Set([401, 403, 404, 405, 413, 429])
const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([429, 502, 503, 504])

/** Upper bound for `Retry-After`, which could ask for years. */
const MAX_PAUSE_MS = 30_000

/** The credentials were refused. All other requests use the same credentials. */
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
 * @param text The reply of Redis. Only its first word is kept, and only if it is a known one.
 */
export function replyError(operation: string, text: string): RemoteError {
  const word = firstWord(text)
  const limit = limitIn(text)
  // Commands of a batch fail separately: if one was refused, the others may have been applied.
  const alone = !isBatch(operation) || word === 'EXECABORT'
  return failure(operation, {
    reason: limit?.reason ?? word,
    applied: alone && (REFUSALS.has(word) || limit !== undefined) ? 'no' : 'unknown',
    retryable: RETRYABLE_WORDS.has(word),
  })
}

/** Whether an error reply means that Redis cannot serve any request now. */
export function isOutage(text: string): boolean {
  return OUTAGES.has(firstWord(text)) || limitIn(text)?.outage === true
}

/**
 * The error reply of Redis in an error that a `Requester` has thrown, if there is one. `@upstash/redis`
 * appends the command with all its arguments to the reply; they are removed here.
 */
export function thrownReply(error: unknown): string | undefined {
  const { message } = Object(error) as { message?: unknown }
  if (typeof message !== 'string') return undefined
  const [text = ''] = message.split(', command was: ', 1)
  const [word = ''] = text.split(' ', 1)
  return REPLY_WORDS.has(word) ? text : undefined
}

/**
 * How long to send nothing after this one failure, in milliseconds: the time in `Retry-After`, at most
 * 30 seconds; 0 after refused credentials, which means the circuit's own cooldown, since a retry cannot help.
 * `null` if the failure says nothing about Redis: the transport was closed, or a Worker's request has used up its
 * subrequests. `undefined` for every other failure: one failure alone does not show that Redis is down.
 */
export function pauseMs(error: unknown): number | null | undefined {
  if (error instanceof ClosedError) return null
  if (!(error instanceof RemoteError)) return undefined
  if (error.reason === SPENT) return null
  if (error.retryAfterMs) return Math.min(error.retryAfterMs, MAX_PAUSE_MS)
  return UNAUTHENTICATED.has(error.reason) ? 0 : undefined
}

/** Whether a request without an answer may have been applied. An error reply counts as an answer. */
export function mayBeApplied(error: unknown): boolean {
  if (error instanceof RemoteTimeoutError) return true
  return error instanceof RemoteError && error.retryable && error.applied === 'unknown'
}

/**
 * The error for a request without an answer.
 *
 * @param error What `fetch`, a socket or a stub threw.
 * @param applied For callers that know whether anything was sent. @default derived from the error
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

/** The error for a response with a status other than success. */
export function httpError(operation: string, status: number, retryAfterMs?: number): RemoteError {
  const redirected = status === 0 || (status >= 300 && status < 400)
  return failure(operation, {
    reason: redirected ? 'redirected' : `HTTP ${status}`,
    applied: redirected || UNSERVED.has(status) ? 'no' : 'unknown',
    retryable: RETRYABLE_STATUSES.has(status),
    retryAfterMs,
  })
}

/** The error for an answer that cannot be used. */
export function answerError(
  operation: string,
  reason: 'not JSON' | 'malformed reply' | 'reply too large',
): RemoteError {
  return failure(operation, { reason, applied: 'unknown' })
}

/** An IMF-fixdate (RFC 9110, section 5.6.7): the only date format that all engines parse alike. */
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

/** If a caller passes wrong arguments, a key can stand where the command name belongs. */
function operationName(name: string): string {
  return /^[A-Za-z][A-Za-z._-]{0,31}$/.test(name) ? name : 'command'
}

/** Whether an operation with this name carries several commands. */
export function isBatch(operation: unknown): boolean {
  return operation === 'pipeline' || operation === 'multi-exec'
}

/** What Redis 6 puts before the error reply of a command inside a script. */
const IN_SCRIPT = /^ERR Error running script .*: -/

/** The first word of an error reply if it is known, otherwise `ERR`. */
export function firstWord(text: string): string {
  const [word = ''] = text.replace(IN_SCRIPT, '').split(' ', 1)
  // A script can return any word as an error, even a key.
  return REPLY_WORDS.has(word) ? word : 'ERR'
}

function limitIn(text: string): { reason: string; outage: boolean } | undefined {
  if (!text.startsWith('ERR ')) return undefined
  const found = LIMITS.find(([pattern]) => pattern.test(text))
  return found && { reason: found[1], outage: found[2] }
}

/** Looks for a known code in the error, its cause and the errors that it aggregates. */
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
