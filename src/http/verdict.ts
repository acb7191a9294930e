/**
 * Whether a stored response may answer a request (RFC 9111, section 4). Pure.
 *
 * @module
 */

import { type Directives, seconds } from './directives.ts'
import type { StoredResponse } from './stored-response.ts'
import { secondaryKey } from './vary.ts'

/** A request as far as reuse depends on it. */
export interface Wanted {
  readonly headers: Headers
  /** Epoch milliseconds at which it came. */
  readonly askedAt: number
  /** Its own cache directives, or none where they are not heeded. */
  readonly directives: Directives
  /** Those fields that every response is taken to vary by which the request has. */
  readonly keyedHeaders: readonly string[]
}

/**
 * `fresh`: may answer. `stale`: may answer while it is refreshed. `stale-if-error`: must be validated, or
 * loaded anew; whether it answers where that fails is for {@link mayAnswerOnError} to say.
 */
export type Verdict = 'fresh' | 'stale' | 'stale-if-error'

/** What a request has in the fields by which these responses are chosen. */
export function secondaryOf(
  { headers, keyedHeaders }: Pick<Wanted, 'headers' | 'keyedHeaders'>,
  vary: readonly string[],
): string {
  return secondaryKey([...keyedHeaders, ...vary], headers)
}

/** Whether the stored response is the one of its resource that this request is to get. */
export function isChosen(stored: StoredResponse, wanted: Wanted): boolean {
  return secondaryOf(wanted, stored.vary) === stored.secondary
}

/** The age of a stored response, in milliseconds (RFC 9111, section 4.2.3). */
export function ageOf({ ageMs, receivedAt }: StoredResponse, now: number): number {
  // Received after this instant, or by a clock that is ahead.
  return ageMs + Math.max(0, now - receivedAt)
}

/** How a response that was stored may answer this request. */
export function judge(stored: StoredResponse, { askedAt, directives }: Wanted): Verdict {
  // Asked for after this request came, so on its behalf as well.
  if (stored.requestedAt > askedAt) return 'fresh'
  const ageMs = ageOf(stored, askedAt)
  const freshMs = stored.lifetimeMs - ageMs
  if (directives.has('no-cache') || isTooOld(directives, ageMs, freshMs)) return 'stale-if-error'
  if (freshMs > 0) return 'fresh'
  if (stored.strict) return 'stale-if-error'
  if (acceptsStale(directives, -freshMs)) return 'fresh'
  return -freshMs < stored.staleWhileRevalidateMs ? 'stale' : 'stale-if-error'
}

/** Whether it may answer since nothing newer can be had. */
export function mayAnswerOnError(stored: StoredResponse, now: number): boolean {
  const staleMs = ageOf(stored, now) - stored.lifetimeMs
  if (staleMs < 0) return true
  return !stored.strict && staleMs < stored.staleIfErrorMs
}

function isTooOld(directives: Directives, ageMs: number, freshMs: number): boolean {
  const maxAge = seconds(directives, 'max-age')
  const minFresh = seconds(directives, 'min-fresh')
  // A client that takes what is stale takes what is older, too (RFC 9111, section 5.2.1.2).
  const isOld = maxAge !== undefined && ageMs > maxAge * 1_000 && !directives.has('max-stale')
  return isOld || (minFresh !== undefined && freshMs < minFresh * 1_000)
}

function acceptsStale(directives: Directives, staleMs: number): boolean {
  const limit = directives.get('max-stale')
  if (limit === undefined) return false
  return limit === true || staleMs < (seconds(directives, 'max-stale') ?? 0) * 1_000
}
