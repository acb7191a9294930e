/**
 * Channels without connections: the test sets the subscribers.
 *
 * @module
 */

import type { App } from '../../../../src/websocket/protocol/app.ts'
import { readChannel } from '../../../../src/websocket/protocol/channel.ts'
import type {
  CachedEvent,
  ChannelAttribute,
  ChannelFilter,
  ChannelInfo,
  Publication,
  RealtimePort,
} from '../../../../src/websocket/protocol/ports.ts'

/** The subscribers of one channel: a user's id for each connection; any text where there are none. */
export type Occupants = Readonly<Record<string, readonly string[]>>

/** A {@link RealtimePort} that records its calls. */
export class MemoryPort implements RealtimePort {
  readonly published: { readonly app: string; readonly publication: Publication }[] = []
  readonly terminated: string[] = []
  /** Thrown by the next call. */
  failure: Error | undefined
  readonly #occupants: Occupants
  readonly #cached = new Map<string, CachedEvent>()

  constructor(occupants: Occupants = {}) {
    this.#occupants = occupants
  }

  async publish(app: App, publication: Publication): Promise<ReadonlyMap<string, ChannelInfo>> {
    if (this.failure) throw this.failure
    this.published.push({ app: app.id, publication })
    const { event, data, channels, info } = publication
    for (const channel of channels) {
      if (readChannel(channel)?.isCached) {
        this.#cached.set(channel, { event, data, ttlMs: app.limits.cacheTtlMs })
      }
    }
    if (info.length === 0) return new Map()
    return new Map(channels.map((channel) => [channel, this.#info(channel, info)]))
  }

  async publishBatch(
    app: App,
    publications: readonly Publication[],
  ): Promise<readonly ReadonlyMap<string, ChannelInfo>[]> {
    const answers: ReadonlyMap<string, ChannelInfo>[] = []
    for (const publication of publications) answers.push(await this.publish(app, publication))
    return answers
  }

  async listChannels(
    _app: App,
    { prefix, info }: ChannelFilter,
  ): Promise<ReadonlyMap<string, ChannelInfo>> {
    const names = Object.keys(this.#occupants).filter((name) => name.startsWith(prefix))
    return new Map(names.map((name) => [name, this.#info(name, info)]))
  }

  async channel(_app: App, name: string, info: readonly ChannelAttribute[]): Promise<ChannelInfo> {
    return this.#info(name, info)
  }

  async users(_app: App, channel: string): Promise<readonly string[]> {
    return [...new Set(this.#occupants[channel])]
  }

  async terminateUser(_app: App, userId: string): Promise<void> {
    this.terminated.push(userId)
  }

  #info(name: string, info: readonly ChannelAttribute[]): ChannelInfo {
    const occupants = this.#occupants[name] ?? []
    const counts = info.includes('user_count') && name.startsWith('presence-')
    return {
      occupied: occupants.length > 0,
      userCount: counts ? new Set(occupants).size : undefined,
      subscriptionCount: info.includes('subscription_count') ? occupants.length : undefined,
      cache: info.includes('cache') ? this.#cached.get(name) : undefined,
    }
  }
}
