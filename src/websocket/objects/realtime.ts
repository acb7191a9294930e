/**
 * Access to all objects of a deployment: connects clients to hubs, and answers the HTTP API.
 *
 * @module
 */

import { wholeNumber } from '../../entry/option-checks.ts'
import { InvalidOptionError } from '../../errors.ts'
import type { Platform } from '../../platform/platform.ts'
import type { App } from '../protocol/app.ts'
import type {
  ChannelAttribute,
  ChannelFilter,
  ChannelInfo,
  Publication,
  RealtimePort,
} from '../protocol/ports.ts'
import { type Bindings, networkOf } from './network.ts'
import {
  directoryNames,
  hubNames,
  hubsFor,
  objectName,
  type PlacementOptions,
} from './placement.ts'
import type { Arrival } from './socket-hub.ts'
import type { HubStatus, Network } from './stubs.ts'

/** Options for {@link Realtime}. */
export interface RealtimeOptions extends PlacementOptions {
  /** The namespaces of the objects. */
  readonly bindings: Bindings
  /** Source of random numbers. */
  readonly platform: Platform
}

/** The header with which a hub refuses a connection: `full` or `draining`. */
export const HUB_HEADER = 'nearcache-hub'

/** How many objects are called at a time. */
const AT_A_TIME = 40

/** Access to the objects of all apps. It holds no state: any isolate may have one. */
export class Realtime implements RealtimePort {
  readonly #bindings: Bindings
  readonly #platform: Platform
  readonly #hubs: number
  readonly #directories: number

  /** @throws {InvalidOptionError} When an option is out of its documented range. */
  constructor({ bindings, platform, hubs = 4, directories = 4 }: RealtimeOptions) {
    this.#bindings = bindings
    this.#platform = platform
    this.#hubs = wholeNumber(hubs, 'hubs', 1, 1_000)
    this.#directories = wholeNumber(directories, 'directories', 1, 64)
  }

  /** Passes a connection to the hub of its client, or to the next hub that accepts it. */
  async connect(app: App, { clientId }: Arrival, request: Request): Promise<Response | undefined> {
    const client = clientId ?? String(this.#platform.random())
    for (const hub of hubsFor(client, this.#hubs)) {
      const response = await this.#reach(objectName(app.id, hub), request)
      if (response && !response.headers.has(HUB_HEADER)) return response
    }
    return undefined
  }

  /**
   * Tries twice, since a hub that was restarted fails once; with a new stub, since one that threw may stay
   * broken.
   */
  async #reach(hub: string, request: Request): Promise<Response | undefined> {
    const { hubs } = this.#bindings
    const attempt = (): Promise<Response> => hubs.get(hubs.idFromName(hub)).fetch(request)
    try {
      return await attempt()
    } catch (error) {
      const { overloaded, retryable, durableObjectReset } = Object(error) as Record<string, unknown>
      // Treated as full: a second attempt would only add to the load.
      if (overloaded) return undefined
      if (!retryable && !durableObjectReset) throw error
      return attempt()
    }
  }

  async publish(
    app: App,
    { channels, event, data, except, info }: Publication,
  ): Promise<ReadonlyMap<string, ChannelInfo>> {
    const network = this.#network(app)
    const answers = await inTurns(channels, async (name) => {
      const answer = await network.channel(name).publish({ event, data, except }, info)
      return [name, answer] as const
    })
    return new Map(info.length === 0 ? [] : answers)
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
    app: App,
    { prefix, info }: ChannelFilter,
  ): Promise<ReadonlyMap<string, ChannelInfo>> {
    const network = this.#network(app)
    const shards = directoryNames(this.#directories)
    const lists = await Promise.all(shards.map((shard) => network.shard(shard).list(prefix)))
    const names = lists.flat().sort()
    if (info.length === 0) return new Map(names.map((name) => [name, { occupied: true }]))
    const answers = await inTurns(names, async (name) => {
      return [name, await network.channel(name).info(info)] as const
    })
    return new Map(answers.filter(([, { occupied }]) => occupied))
  }

  async channel(app: App, name: string, info: readonly ChannelAttribute[]): Promise<ChannelInfo> {
    return this.#network(app).channel(name).info(info)
  }

  async users(app: App, channel: string): Promise<readonly string[]> {
    return this.#network(app).channel(channel).users()
  }

  async terminateUser(app: App, userId: string): Promise<void> {
    const network = this.#network(app)
    await inTurns(hubNames(this.#hubs), (hub) => network.hub(hub).terminateUser(userId))
  }

  /** The hubs of every app. */
  get hubNames(): readonly string[] {
    return hubNames(this.#hubs)
  }

  /** The status of every hub of an app, by its name. */
  async hubs(app: App): Promise<ReadonlyMap<string, HubStatus>> {
    const network = this.#network(app)
    const statuses = await inTurns(hubNames(this.#hubs), async (hub) => {
      return [hub, await network.hub(hub).status()] as const
    })
    return new Map(statuses)
  }

  /**
   * Drains a hub: its connections are closed with 4200, spread over a time, and the clients reconnect to
   * other hubs. The hub accepts no connection until it is opened again.
   *
   * @param withinMs Milliseconds, at most 3,600,000. 0 opens the hub again.
   * @throws {InvalidOptionError} When there is no such hub, or the time is out of its range.
   */
  async drain(app: App, hub: string, withinMs: number): Promise<HubStatus> {
    if (!this.hubNames.includes(hub)) throw new InvalidOptionError('hub', 'one of the hubs')
    if (!(withinMs >= 0 && withinMs <= 3_600_000)) {
      throw new InvalidOptionError('withinMs', 'a number of 0 to 3600000')
    }
    return this.#network(app).hub(hub).drain(withinMs)
  }

  /** Stubs belong to the request that made them, so each call makes its own. */
  #network(app: App): Network {
    return networkOf(this.#bindings, app.id, this.#directories)
  }
}

async function inTurns<T, Result>(
  items: readonly T[],
  run: (item: T) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  for (let from = 0; from < items.length; from += AT_A_TIME) {
    results.push(...(await Promise.all(items.slice(from, from + AT_A_TIME).map(run))))
  }
  return results
}
