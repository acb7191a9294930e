/**
 * Whether a client may send an event of its own: what it is, and how often.
 *
 * @module
 */

import { isLongerThan } from '../../entry/bytes.ts'
import type { App } from './app.ts'
import { readChannel } from './channel.ts'

/** How many events may still be sent; small enough to lie in a connection's attachment. */
export interface Bucket {
  /** Events left, with fractions, at `at`. */
  readonly left: number
  /** Epoch milliseconds. */
  readonly at: number
}

/** An attempt: the bucket as it is now, and whether the event may be sent. */
export interface Draw {
  readonly bucket: Bucket
  readonly allowed: boolean
}

/** A full bucket. */
export function fullBucket(perSecond: number, now: number): Bucket {
  return { left: perSecond, at: now }
}

/**
 * Takes one event from a bucket that refills continuously (token bucket), so that no second of any
 * length of time sees more than twice the rate, and a long time not more than the rate.
 *
 * @param now Epoch milliseconds; a clock that was set back refills nothing.
 */
export function draw({ left, at }: Bucket, perSecond: number, now: number): Draw {
  const elapsedMs = Math.max(0, now - at)
  const refilled = Math.min(perSecond, left + (elapsedMs * perSecond) / 1_000)
  if (refilled < 1) return { bucket: { left: refilled, at: now }, allowed: false }
  return { bucket: { left: refilled - 1, at: now }, allowed: true }
}

/**
 * What is wrong with a client event, apart from how often it is sent and whether its sender is
 * subscribed.
 *
 * @returns `undefined` when it may be sent.
 */
export function clientEventProblem(
  { clientEvents, limits }: App,
  channelName: string,
  data: unknown,
): string | undefined {
  if (clientEvents === 'off') return 'Client events are not enabled for this app'
  const channel = readChannel(channelName, limits.channelNameChars)
  if (channel?.takesClientEvents !== true) {
    return 'Client events may be sent on private and presence channels alone'
  }
  const text = typeof data === 'string' ? data : (JSON.stringify(data) ?? '')
  if (isLongerThan(text, limits.eventBytes)) return 'The data of the client event is too large'
  return undefined
}
