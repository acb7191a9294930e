/**
 * Decides whether a client may send an event of its own, by its content and by a rate limit.
 *
 * @module
 */

import { isLongerThan } from '../../entry/bytes.ts'
import type { App } from './app.ts'
import { readChannel } from './channel.ts'

/**
 * A token bucket of the events that a connection may still send; small enough for a connection's attachment.
 */
export interface Bucket {
  /** Events left at the time `at`, with fractions. */
  readonly left: number
  /** Epoch milliseconds. */
  readonly at: number
}

/** The result of taking an event: the new bucket, and whether the event may be sent. */
export interface Draw {
  readonly bucket: Bucket
  readonly allowed: boolean
}

/** A full bucket. */
export function fullBucket(perSecond: number, now: number): Bucket {
  return { left: perSecond, at: now }
}

/**
 * Takes one event from a bucket that refills continuously (token bucket). So no second has more than twice
 * the rate, and the average over a long time is at most the rate.
 *
 * @param now Epoch milliseconds. If the clock was set back, nothing is refilled.
 */
export function draw({ left, at }: Bucket, perSecond: number, now: number): Draw {
  const elapsedMs = Math.max(0, now - at)
  const refilled = Math.min(perSecond, left + (elapsedMs * perSecond) / 1_000)
  if (refilled < 1) return { bucket: { left: refilled, at: now }, allowed: false }
  return { bucket: { left: refilled - 1, at: now }, allowed: true }
}

/**
 * Checks a client event, apart from its rate and from whether its sender is subscribed.
 *
 * @returns What is wrong with it; `undefined` if it may be sent.
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
