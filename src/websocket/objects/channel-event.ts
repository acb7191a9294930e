/**
 * What an event and a history are called.
 *
 * @module
 */

import type { Platform } from '../../platform/platform.ts'
import type { WebhookEvent } from '../protocol/webhook.ts'
import type { ChannelEvent } from './stubs.ts'

/** An event of a client, as webhooks tell it. */
export function clientEventOf(
  channel: string,
  { event, data }: ChannelEvent,
  { socketId, userId }: NonNullable<ChannelEvent['client']>,
): WebhookEvent {
  const text = typeof data === 'string' ? data : (JSON.stringify(data) ?? '')
  const user = userId === undefined ? {} : { user_id: userId }
  return { name: 'client_event', channel, event, data: text, socket_id: socketId, ...user }
}

/** Names a history: unlike any before it, since it has the time and chance in it. */
export function newEpoch(platform: Platform): string {
  const chance = Math.floor(platform.random() * 2 ** 32).toString(36)
  return `${Math.floor(platform.now()).toString(36)}${chance.padStart(7, '0')}`
}
