/**
 * The events, bodies and signatures of Pusher Channels webhooks.
 *
 * @module
 */

import { type Credentials, sign } from './signature.ts'
import type { WebhookTarget } from './webhook-targets.ts'

/** One event. The time is that of the webhook that reports it. */
export type WebhookEvent =
  | {
      readonly name: 'channel_occupied' | 'channel_vacated' | 'cache_miss'
      readonly channel: string
    }
  | {
      readonly name: 'member_added' | 'member_removed'
      readonly channel: string
      readonly user_id: string
    }
  | {
      readonly name: 'client_event'
      readonly channel: string
      readonly event: string
      /** A text; JSON if the client sent another value. */
      readonly data: string
      readonly socket_id: string
      /** On presence channels only. */
      readonly user_id?: string
    }
  | {
      readonly name: 'subscription_count'
      readonly channel: string
      readonly subscription_count: number
    }

/** A webhook as it is sent. */
export interface WebhookRequest {
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

/** Whether a webhook target has subscribed to an event. */
export function isWanted({ events, channelPrefix }: WebhookTarget, event: WebhookEvent): boolean {
  return events.has(event.name) && event.channel.startsWith(channelPrefix)
}

/** The body of a webhook. It stays the same for every attempt, and so does its signature. */
export function webhookBody(events: readonly WebhookEvent[], timeMs: number): string {
  return JSON.stringify({ time_ms: timeMs, events })
}

/** A webhook with its signature: the HMAC-SHA-256 of the body, in hex. */
export function webhookRequest(
  { key, secret }: Credentials,
  { headers }: WebhookTarget,
  body: string,
): WebhookRequest {
  return {
    body,
    headers: {
      ...headers,
      'content-type': 'application/json',
      'x-pusher-key': key,
      'x-pusher-signature': sign(secret, body),
    },
  }
}
