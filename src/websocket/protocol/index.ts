/**
 * The server's side of the Pusher Channels protocol: apps, the HTTP API, signatures, webhooks.
 *
 * @module
 */

export { type App, type AppOptions, type Apps, createApps, parseApps } from './app.ts'
export type { AppLimits, Counts, LimitOptions, WaitOptions } from './limits.ts'
export type {
  CachedEvent,
  ChannelAttribute,
  ChannelFilter,
  ChannelInfo,
  Publication,
  RealtimePort,
} from './ports.ts'
export { type RealtimeApiOptions, realtimeApi } from './realtime-api.ts'
export { type SignedRequest, signedQuery } from './request-signature.ts'
export {
  authorizeChannel,
  authorizeUser,
  type ChannelAuthorization,
  type Credentials,
  type UserAuthorization,
} from './signature.ts'
export type { WebhookEvent } from './webhook.ts'
export type { Webhook, WebhookEventName, WebhookTarget } from './webhook-targets.ts'
