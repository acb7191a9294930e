/**
 * One channel: the only writer of its membership, serials, last event and webhooks.
 *
 * @module
 */

import type { Platform } from '../../platform/platform.ts'
import type { App } from '../protocol/app.ts'
import type { CachedEvent, ChannelAttribute, ChannelInfo } from '../protocol/ports.ts'
import { eventFrame } from '../protocol/server-frame.ts'
import { WebhookOutbox, type WebhookOutboxOptions } from '../protocol/webhook-outbox.ts'
import { Alarm, earliest, meanwhile } from './alarm.ts'
import { clientEventOf, newEpoch } from './channel-event.ts'
import { ChannelHistory } from './channel-history.ts'
import { ChannelMirror } from './channel-mirror.ts'
import { ChannelStore } from './channel-store.ts'
import { type ChannelTraits, traitsOf } from './channel-traits.ts'
import { FanOut } from './fan-out.ts'
import { Membership, rulesOf } from './membership.ts'
import type { MirrorPort } from './mirror-port.ts'
import { Occupancy } from './occupancy.ts'
import { PresenceNews } from './presence-news.ts'
import type { HubReport } from './reports.ts'
import type { ObjectStorage } from './runtime.ts'
import { SnapshotText } from './snapshot-text.ts'
import type { ChannelEvent, ChannelStub, Network, Question, ReportAnswer } from './stubs.ts'
import { SubscriptionCount } from './subscription-count.ts'

/** Options for {@link Channel}. */
export interface ChannelOptions {
  /** With its prefix, as clients send it. */
  readonly name: string
  /** The app that the channel belongs to. */
  readonly app: App
  /** The storage of its object. */
  readonly storage: ObjectStorage
  /** Gives access to the app's hubs and directory. */
  readonly network: Network
  /** Clock, random numbers and timers. */
  readonly platform: Platform
  /** Gets copies of the last events of cache channels. @default none */
  readonly mirror?: MirrorPort | undefined
  /** Sends the webhooks. @default the runtime's fetch */
  readonly fetch?: typeof globalThis.fetch
  /** Called for webhooks that were given up. @default none */
  readonly onDropped?: WebhookOutboxOptions['onDropped']
}

/** How long an empty channel keeps its tables, in case it is soon used again. */
const LINGER_MS = 60_000
/** How much history is kept for clients that reconnect. */
const HISTORY = { events: 100, ageMs: 120_000 }

/**
 * The channel behind one Durable Object. No method leaves work running in the background: later work is
 * stored, and {@link Channel.alarm} does it.
 */
export class Channel implements ChannelStub {
  readonly #options: ChannelOptions
  readonly #traits: ChannelTraits
  readonly #store: ChannelStore
  readonly #history: ChannelHistory
  readonly #membership: Membership
  readonly #fanOut: FanOut
  readonly #news: PresenceNews
  readonly #counts: SubscriptionCount
  readonly #occupancy: Occupancy
  readonly #outbox: WebhookOutbox
  readonly #mirror: ChannelMirror
  readonly #snapshots = new SnapshotText()
  readonly #alarm: Alarm
  /** When the storage is cleared, unless the channel is used before. */
  #clearAt: number | undefined

  /** Restores the channel from its storage. */
  constructor(options: ChannelOptions) {
    const { name, app, storage, network, platform, fetch, mirror, onDropped } = options
    this.#options = options
    this.#traits = traitsOf(name)
    this.#store = new ChannelStore(storage)
    this.#history = new ChannelHistory(this.#store, HISTORY, () => newEpoch(platform))
    this.#membership = new Membership(rulesOf(app))
    this.#membership.restore(this.#store.membership())
    this.#outbox = new WebhookOutbox({
      app: this.#traits.isInternal ? { ...app, webhooks: [] } : app,
      store: this.#store,
      platform,
      ...(fetch && { fetch }),
      ...(onDropped && { onDropped }),
    })
    this.#fanOut = new FanOut({ channel: name, network, onAnswer: this.#heard.bind(this) })
    const parts = {
      name,
      app,
      platform,
      store: this.#store,
      membership: this.#membership,
      history: this.#history,
      outbox: this.#outbox,
      fanOut: this.#fanOut,
    }
    this.#news = new PresenceNews(parts)
    this.#counts = new SubscriptionCount(parts)
    this.#occupancy = new Occupancy({ ...parts, network })
    this.#mirror = new ChannelMirror({ ...parts, mirror })
    this.#alarm = new Alarm(storage)
  }

  /**
   * Applies a hub's report, and answers the question of one of its sockets. The answer covers everything up
   * to the position that it names; later deliveries to the hub cover everything after it.
   */
  async report(report: HubReport, question: Question): Promise<ReportAnswer> {
    const now = this.#now()
    const isKnown = this.#membership.knows(report.hub)
    if (this.#isFull(report)) return { position: this.#history.position, isKnown, isFull: true }
    this.#membership.apply(report, now)
    if (question.isExtended) this.#history.record()
    this.#tell(now, question.user !== undefined && this.#membership.isMistold(question.user))
    const isClear = !this.#membership.isCluttered(report.hub)
    const answer = this.#answer(question, isKnown && isClear, now)
    await this.#end()
    return answer
  }

  /** Publishes an event. */
  async publish(event: ChannelEvent, info: readonly ChannelAttribute[] = []): Promise<ChannelInfo> {
    const now = this.#now()
    const hubs = this.#membership.attached()
    const { name, app } = this.#options
    const isKept = this.#traits.isCached && event.client === undefined
    if (hubs.length > 0 || isKept || this.#store.isMade) {
      const position = this.#history.advance()
      const frame = eventFrame(name, event.event, event.data, event.client?.userId)
      this.#history.add(frame, event.except, now)
      if (isKept) {
        const expiresAt = now + app.limits.cacheTtlMs
        const { event: kind, data } = event
        this.#history.setLast({ event: kind, data: String(data), frame, expiresAt })
        this.#mirror.changed()
      }
      this.#fanOut.send(hubs, [{ kind: 'event', position, frame, except: event.except }])
    }
    if (event.client) this.#outbox.add(clientEventOf(name, event, event.client))
    await this.#end()
    return this.info(info)
  }

  /** Replaces the information of a present user. @returns Whether the user is present. */
  async update(userId: string, info: string | undefined): Promise<boolean> {
    const isPresent = this.#membership.update(userId, info)
    this.#tell(this.#now())
    await this.#end()
    return isPresent
  }

  async info(attributes: readonly ChannelAttribute[]): Promise<ChannelInfo> {
    const now = this.#now()
    this.#membership.settle(now)
    // Unless the app publishes counts, hubs report only their first and last subscriber, so ask them.
    if (attributes.includes('subscription_count')) {
      await Promise.all(this.#membership.attached().map((hub) => this.#fanOut.inspect(hub)))
      await this.#end()
    }
    const isPresence = this.#traits.kind === 'presence'
    return {
      occupied: this.#membership.isOccupied,
      ...(attributes.includes('user_count') &&
        isPresence && { userCount: this.#membership.userCount }),
      ...(attributes.includes('subscription_count') && {
        subscriptionCount: this.#membership.sockets,
      }),
      ...(attributes.includes('cache') && { cache: this.#cached(now) }),
    }
  }

  async users(): Promise<string[]> {
    this.#membership.settle(this.#now())
    return this.#membership.users()
  }

  async lastEvent(): Promise<CachedEvent | undefined> {
    return this.#cached(this.#now())
  }

  /** Does the work that is due. */
  async alarm(): Promise<void> {
    this.#alarm.rang()
    const now = this.#now()
    await this.#askOverdue(now)
    this.#history.purge(now)
    this.#tell(now)
    await this.#fanOut.settle()
    await meanwhile(this.#options.platform, this.#outbox.flush(), () => {
      this.#tell(this.#now())
      return this.#end()
    })
    // After an eviction `#clearAt` is unknown; the alarm was set for it.
    if (this.#isUseless && (this.#clearAt ?? now) <= now) await this.#clear()
    await this.#end()
  }

  /** Asks the hubs whose lease is over. A hub that still does not answer a tenth of the lease later is lost. */
  async #askOverdue(now: number): Promise<void> {
    const overdue = this.#membership.overdue(now)
    const answers = await Promise.all(overdue.map((hub) => this.#fanOut.inspect(hub)))
    for (const [place, hub] of overdue.entries()) {
      if (!answers[place]) this.#membership.miss(hub, now)
    }
  }

  #heard(hub: string, report: HubReport | undefined): void {
    const now = this.#now()
    if (report === undefined) this.#membership.renew(hub, now)
    else if (this.#membership.apply(report, now)) this.#tell(now)
  }

  /** Sends the news, or leaves that to the alarm if the last news was sent a moment ago. */
  #tell(now: number, isUrgent = false): void {
    if (this.#traits.hasUsers) this.#news.tell(now, isUrgent)
    this.#counts.tell(now)
    this.#occupancy.tell()
  }

  /** Waits for deliveries in progress, stores the changes, and sets the alarm. */
  async #end(): Promise<void> {
    this.#store.keep(this.#membership.takeChanges())
    await this.#fanOut.settle()
    await Promise.all([this.#occupancy.settle(), this.#mirror.settle()])
    // Answers of hubs may have changed the membership.
    this.#store.keep(this.#membership.takeChanges())
    this.#clearAt = this.#isUseless ? (this.#clearAt ?? this.#now() + LINGER_MS) : undefined
    await this.#alarm.set(() => this.#nextAt())
  }

  #nextAt(): number | undefined {
    const now = this.#now()
    return earliest([
      this.#membership.nextAt(now),
      this.#news.nextAt(now),
      this.#counts.nextAt(),
      this.#history.nextAt(),
      this.#outbox.nextAt(),
      this.#occupancy.nextAt(now),
      this.#mirror.nextAt(),
      this.#clearAt,
    ])
  }

  /** Whether the stored data is no longer needed: an object without storage costs nothing. */
  get #isUseless(): boolean {
    return (
      this.#store.isMade &&
      this.#membership.isEmpty &&
      this.#history.isEmpty &&
      this.#outbox.size === 0 &&
      this.#occupancy.nextAt(0) === undefined
    )
  }

  async #clear(): Promise<void> {
    this.#clearAt = undefined
    this.#membership.reset()
    this.#membership.takeChanges()
    this.#history.reset()
    await this.#store.clear()
  }

  #answer(question: Question, isKnown: boolean, now: number): ReportAnswer {
    const { user, isCached, resume } = question
    const last = isCached ? this.#history.last(now) : undefined
    if (isCached && !last) this.#outbox.add({ name: 'cache_miss', channel: this.#options.name })
    return {
      position: this.#history.position,
      isKnown,
      ...(user !== undefined && {
        snapshot: this.#snapshots.write(this.#membership.snapshotFor(user)),
        isPresent: this.#membership.isPresent(user),
      }),
      ...(isCached && { last: last ? { serial: last.serial, frame: last.frame } : null }),
      ...(resume && { missed: this.#history.since(resume, now) }),
    }
  }

  /** Whether a report would add a user beyond the app's limit. */
  #isFull({ users, isComplete }: HubReport): boolean {
    const { presenceMembers } = this.#options.app.limits
    if (isComplete || this.#membership.userCount < presenceMembers) return false
    return users.some(({ id, sockets }) => sockets > 0 && !this.#membership.isPresent(id))
  }

  #cached(now: number): CachedEvent | undefined {
    const last = this.#history.last(now)
    return last && { event: last.event, data: last.data, ttlMs: last.expiresAt - now }
  }

  #now(): number {
    return this.#options.platform.now()
  }
}
