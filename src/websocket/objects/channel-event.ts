/**
 * Builds the webhook of a client event, and names the epoch of a channel's history.
 *
 * @module
 */

import type { Platform } from '../../platform/platform.ts'
import type { WebhookEvent } from '../protocol/webhook.ts'
import type { ChannelEvent } from './stubs.ts'

/** A client event in the form that webhooks have. */
export function clientEventOf(
  channel: string,
  { event, data }: ChannelEvent,
  { socketId, userId }: NonNullable<ChannelEvent['client']>,
): WebhookEvent {
  const text = typeof data === 'string' ? data : (JSON.stringify(data) ?? '')
  const user = userId === undefined ? {} : { user_id: userId }
  return { name: 'client_event', channel, event, data: text, socket_id: socketId, ...user }
}

/** A new epoch for a channel's history. The time and a random number make it unique. */
export function newEpoch(platform: Platform): string {
  const chance = Math.floor(platform.random() * 2 ** 32).toString(36)
  return `${Math.floor(platform.now()).toString(36)}${chance.padStart(7, '0')}`
}
