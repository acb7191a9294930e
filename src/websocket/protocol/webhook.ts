/**
 * Webhooks of Pusher Channels: what they tell, and how a receiver knows that they are the app's.
 *
 * @module
 */

import { type Credentials, sign } from './signature.ts'
import type { WebhookTarget } from './webhook-targets.ts'

/** One thing that happened. Times are those of the webhook that tells it. */
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
      /** A text; JSON where the client sent another value. */
      readonly data: string
      readonly socket_id: string
      /** On presence channels. */
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

/** Whether a target wants to be told of an event. */
export function isWanted({ events, channelPrefix }: WebhookTarget, event: WebhookEvent): boolean {
  return events.has(event.name) && event.channel.startsWith(channelPrefix)
}

/** The body of a webhook; the same for every attempt, so that its signature is too. */
export function webhookBody(events: readonly WebhookEvent[], timeMs: number): string {
  return JSON.stringify({ time_ms: timeMs, events })
}

/** A webhook with its signature: the HMAC-SHA-256 of the body, as hex. */
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
