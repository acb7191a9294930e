/**
 * Stores and reads the last event of a channel, which a new subscriber of a `cache-` channel gets.
 *
 * @module
 */

import type { Duration } from '../entry/duration.ts'
import { checkFields, wholeNumber } from '../entry/option-checks.ts'
import { InvalidOptionError } from '../errors.ts'
import type { PresenceContext } from './assemble.ts'
import { ttlOf } from './options.ts'

/** How the last event of a channel is stored. */
export interface RealtimeOptions {
  /** The event's name. @default 'message' */
  readonly event?: string
  /** @default that of the cache */
  readonly ttl?: Duration
  /**
   * The event's position in the channel's history. Of events with the same epoch, the one with the largest
   * serial is kept, whichever call arrives last.
   * @default none: the event replaces the stored one
   */
  readonly position?: { readonly epoch: string; readonly serial: number }
}

/** @returns Whether this event is the last one now. */
export async function keepLastEvent(
  { names, payloads, policy, steps }: PresenceContext,
  channel: string,
  data: unknown,
  options: RealtimeOptions,
): Promise<boolean> {
  checkFields(options, 'options', ['event', 'ttl', 'position'])
  const { event = 'message', ttl, position = { epoch: '', serial: 0 } } = options
  if (typeof event !== 'string') throw new InvalidOptionError('event', 'a text')
  const name = names.name('channel', channel)
  const ttlMs = ttl === undefined ? policy.dataTtlMs : ttlOf(ttl, 'ttl')
  const serial = wholeNumber(position.serial, 'position.serial', 0)
  const payload = await payloads.write({ event, data }, ['event', name])
  return steps.event(name, payload, { epoch: position.epoch, serial, ttlMs })
}

/** The event that {@link keepLastEvent} stored; `undefined` if there is none or it cannot be read. */
export async function readLastEvent(
  { names, payloads, steps }: PresenceContext,
  channel: string,
): Promise<unknown> {
  const text = await steps.lastEvent(names.eventKey(channel))
  return text === undefined
    ? undefined
    : payloads.read(text, ['event', names.name('channel', channel)])
}
