/**
 * The last event of a channel: what a subscriber of a `cache-` channel is given.
 *
 * @module
 */

import type { Duration } from '../entry/duration.ts'
import { checkFields, wholeNumber } from '../entry/option-checks.ts'
import { InvalidOptionError } from '../errors.ts'
import type { PresenceContext } from './assemble.ts'
import { ttlOf } from './options.ts'

/** How the last event of a channel is kept. */
export interface RealtimeOptions {
  /** The event's name. @default 'message' */
  readonly event?: string
  /** @default that of the cache */
  readonly ttl?: Duration
  /**
   * Where it stands in the channel's history: of one epoch the largest serial stays, whichever call
   * arrives last. @default none: it takes the place of what is there
   */
  readonly position?: { readonly epoch: string; readonly serial: number }
}

/** @returns Whether it is the last one now. */
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

/** What {@link keepLastEvent} wrote; `undefined` where there is nothing that can be read. */
export async function readLastEvent(
  { names, payloads, steps }: PresenceContext,
  channel: string,
): Promise<unknown> {
  const text = await steps.lastEvent(names.eventKey(channel))
  return text === undefined
    ? undefined
    : payloads.read(text, ['event', names.name('channel', channel)])
}
