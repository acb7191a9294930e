/**
 * Decides whether a stored response may answer a request (RFC 9111, section 4). Pure functions.
 *
 * @module
 */

import { type Directives, seconds } from './directives.ts'
import type { StoredResponse } from './stored-response.ts'
import { secondaryKey } from './vary.ts'

/** The parts of a request that reuse depends on. */
export interface Wanted {
  readonly headers: Headers
  /** When the request arrived, in epoch milliseconds. */
  readonly askedAt: number
  /** The request's cache directives; empty if they are ignored. */
  readonly directives: Directives
  /** The keyed fields (see the option `keyedHeaders`) that the request has. */
  readonly keyedHeaders: readonly string[]
}

/**
 * `fresh`: may answer. `stale`: may answer while it is refreshed. `stale-if-error`: must be validated or
 * loaded again; {@link mayAnswerOnError} decides whether it may answer if that fails.
 */
export type Verdict = 'fresh' | 'stale' | 'stale-if-error'

/** The secondary key of a request, for responses that vary by these fields. */
export function secondaryOf(
  { headers, keyedHeaders }: Pick<Wanted, 'headers' | 'keyedHeaders'>,
  vary: readonly string[],
): string {
  return secondaryKey([...keyedHeaders, ...vary], headers)
}

/** Whether the stored response is the variant for this request. */
export function isChosen(stored: StoredResponse, wanted: Wanted): boolean {
  return secondaryOf(wanted, stored.vary) === stored.secondary
}

/** The age of a stored response, in milliseconds (RFC 9111, section 4.2.3). */
export function ageOf({ ageMs, receivedAt }: StoredResponse, now: number): number {
  // Negative if the response was received after `now`, or by an isolate whose clock is ahead.
  return ageMs + Math.max(0, now - receivedAt)
}

/** How a stored response may be used for this request. */
export function judge(stored: StoredResponse, { askedAt, directives }: Wanted): Verdict {
  // Forwarded after this request arrived, so it is current for this request too.
  if (stored.requestedAt > askedAt) return 'fresh'
  const ageMs = ageOf(stored, askedAt)
  const freshMs = stored.lifetimeMs - ageMs
  if (directives.has('no-cache') || isTooOld(directives, ageMs, freshMs)) return 'stale-if-error'
  if (freshMs > 0) return 'fresh'
  if (!stored.strict && acceptsStale(directives, -freshMs)) return 'fresh'
  return -freshMs < stored.staleWhileRevalidateMs ? 'stale' : 'stale-if-error'
}

/** Whether a stored response may answer when no newer one can be loaded. */
export function mayAnswerOnError(stored: StoredResponse, now: number): boolean {
  return ageOf(stored, now) - stored.lifetimeMs < stored.staleIfErrorMs
}

function isTooOld(directives: Directives, ageMs: number, freshMs: number): boolean {
  const maxAge = seconds(directives, 'max-age')
  const minFresh = seconds(directives, 'min-fresh')
  // A client that accepts stale responses also accepts older ones (RFC 9111, section 5.2.1.2).
  const isOld = maxAge !== undefined && ageMs > maxAge * 1_000 && !directives.has('max-stale')
  return isOld || (minFresh !== undefined && freshMs < minFresh * 1_000)
}

function acceptsStale(directives: Directives, staleMs: number): boolean {
  const limit = directives.get('max-stale')
  if (limit === undefined) return false
  return limit === true || staleMs < (seconds(directives, 'max-stale') ?? 0) * 1_000
}
