/**
 * The interface of the HTTP API to the part that holds channels and connections. All arguments have been
 * checked: the app is enabled, channel names are valid, sizes are within the app's limits.
 *
 * @module
 */

import type { App } from './app.ts'

/** One event for one or more channels. */
export interface Publication {
  readonly event: string
  /** As sent in the frame: a text, usually JSON. */
  readonly data: string
  readonly channels: readonly string[]
  /** The connection that does not get the event. */
  readonly except?: string | undefined
  /** The attributes of the channels to return, as of the time of publishing. */
  readonly info: readonly ChannelAttribute[]
}

/** Attributes of a channel that can be requested, beside whether it is occupied. */
export type ChannelAttribute = 'user_count' | 'subscription_count' | 'cache'

/** A channel and those of the requested attributes that it has. */
export interface ChannelInfo {
  readonly occupied: boolean
  /** Users of a presence channel. */
  readonly userCount?: number | undefined
  /** Connections that are subscribed. */
  readonly subscriptionCount?: number | undefined
  /** The last event of a cache channel. */
  readonly cache?: CachedEvent | undefined
}

/** The last event of a cache channel. */
export interface CachedEvent {
  readonly event: string
  readonly data: string
  /** Milliseconds until it expires. */
  readonly ttlMs: number
}

/** Which occupied channels to list, and with which attributes. */
export interface ChannelFilter {
  /** @default '' */
  readonly prefix: string
  readonly info: readonly ChannelAttribute[]
}

/** The channels and connections of every app. If a method rejects, the HTTP API answers 503. */
export interface RealtimePort {
  /**
   * Publishes one event to each of its channels. A cache channel stores it.
   *
   * @returns One entry for each channel if `info` is not empty; otherwise an empty map.
   */
  publish(app: App, publication: Publication): Promise<ReadonlyMap<string, ChannelInfo>>
  /** Publishes events in the order given; the results are in the same order. */
  publishBatch(
    app: App,
    publications: readonly Publication[],
  ): Promise<readonly ReadonlyMap<string, ChannelInfo>[]>
  /** The occupied channels whose names begin with a prefix. */
  listChannels(app: App, filter: ChannelFilter): Promise<ReadonlyMap<string, ChannelInfo>>
  channel(app: App, name: string, info: readonly ChannelAttribute[]): Promise<ChannelInfo>
  /** The ids of the users of a presence channel, each once. */
  users(app: App, channel: string): Promise<readonly string[]>
  /** Closes every connection on which the user is signed in, with 4009. */
  terminateUser(app: App, userId: string): Promise<void>
}
