/**
 * What the HTTP API asks of the side that holds channels and connections. All arguments are checked:
 * the app exists and is enabled, names are channels' names, sizes are within the app's limits.
 *
 * @module
 */

import type { App } from './app.ts'

/** One event for one or more channels. */
export interface Publication {
  readonly event: string
  /** As it goes into the frame: a text, most often JSON. */
  readonly data: string
  readonly channels: readonly string[]
  /** The connection that is not sent the event. */
  readonly except?: string | undefined
  /** What is asked about the channels, at the time of publishing. */
  readonly info: readonly ChannelAttribute[]
}

/** What can be asked of a channel beside whether it is occupied. */
export type ChannelAttribute = 'user_count' | 'subscription_count' | 'cache'

/** A channel's answer: the attributes asked for that it has. */
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
  /** Milliseconds until it is dropped. */
  readonly ttlMs: number
}

/** Which occupied channels are asked for. */
export interface ChannelFilter {
  /** @default '' */
  readonly prefix: string
  readonly info: readonly ChannelAttribute[]
}

/** The channels and connections of every app. A rejection becomes a 503. */
export interface RealtimePort {
  /**
   * Publishes one event, to every channel in turn. A cache channel keeps it.
   *
   * @returns One answer for each channel where `info` is not empty; else an empty map.
   */
  publish(app: App, publication: Publication): Promise<ReadonlyMap<string, ChannelInfo>>
  /** Publishes events in the order given; answers in the same order. */
  publishBatch(
    app: App,
    publications: readonly Publication[],
  ): Promise<readonly ReadonlyMap<string, ChannelInfo>[]>
  /** The occupied channels whose names begin with a prefix. */
  listChannels(app: App, filter: ChannelFilter): Promise<ReadonlyMap<string, ChannelInfo>>
  channel(app: App, name: string, info: readonly ChannelAttribute[]): Promise<ChannelInfo>
  /** The ids of the users of a presence channel, each once. */
  users(app: App, channel: string): Promise<readonly string[]>
  /** Closes every connection that the user is signed in on, with 4009. */
  terminateUser(app: App, userId: string): Promise<void>
}
