/**
 * Tells channels what a hub has for them.
 *
 * A report says how many connections there are, and not what has changed, so one that failed is made
 * up for by the next, or by a complete one, which the alarm sends as long as a channel is behind.
 *
 * @module
 */

import { earliest } from './alarm.ts'
import type { HubChannels } from './hub-channels.ts'
import type { HubStore } from './hub-store.ts'
import type { HubReport, LeaveReason, UserCount } from './reports.ts'
import type { ChannelStub, Network, Question, ReportAnswer } from './stubs.ts'

/** Options for {@link HubReporter}. */
export interface HubReporterOptions {
  /** The hub's own name. */
  readonly hub: string
  readonly store: HubStore
  readonly channels: HubChannels
  readonly network: Network
  /** Whether the hub has lost all connections since it last reported: it was restarted. */
  readonly isRestarted: boolean
}

/** Numbers of reports that are reserved by one write. */
const RESERVED = 1_000
/** After how long a channel that did not answer is told again. */
const RETRY_MS = 5_000
/** Channels that are told at a time when there are many. */
const AT_A_TIME = 50

/** The reports of one hub. */
export class HubReporter {
  readonly #options: HubReporterOptions
  readonly #epoch: number
  #seq: number
  #reserved: number
  /** Channels of which a report did not arrive: which one, and when each is to be told all again. */
  readonly #behind = new Map<string, { readonly seq: number; readonly at: number }>()
  /** Stubs are kept, so that reports arrive in order. */
  readonly #stubs = new Map<string, ChannelStub>()

  constructor(options: HubReporterOptions) {
    const { store, channels, isRestarted } = options
    this.#options = options
    this.#epoch = (store.meta('epoch') ?? 1) + (isRestarted ? 1 : 0)
    this.#seq = store.meta('seq') ?? 0
    this.#reserved = this.#seq
    if (isRestarted) store.setMeta('epoch', this.#epoch)
    for (const [name, isBehind] of store.attached()) {
      const channel = channels.get(name)
      if (channel) channel.isAttached = true
      // Nobody is here any more, and the channel was not told.
      if (isBehind || channel === undefined) this.#behind.set(name, { seq: 0, at: 0 })
    }
  }

  /** What the hub has for a channel, all of it. */
  inspect(channel: string): HubReport {
    return this.#report(channel, this.#options.channels.counts(channel), true)
  }

  /**
   * Reports the users given, and asks.
   *
   * @throws What the channel's stub threw. The channel counts as behind then, and is told again.
   */
  async ask(channel: string, users: readonly string[], question: Question): Promise<ReportAnswer> {
    const { channels } = this.#options
    return this.#send(
      this.#report(
        channel,
        users.map((user) => channels.count(channel, user)),
        false,
      ),
      channel,
      question,
    )
  }

  /** Reports that a user has left, or if there is none that the count has changed. Never rejects. */
  async leave(channel: string, user: string | undefined, reason: LeaveReason): Promise<void> {
    const { channels } = this.#options
    const users = user === undefined ? [] : [{ ...channels.count(channel, user), reason }]
    // Where nobody is left, that is all there is.
    const isComplete = channels.get(channel) === undefined
    await this.#sendOrMark(this.#report(channel, users, isComplete), channel)
  }

  /** Tells the channels that are behind, and due. */
  async catchUp(now: number): Promise<void> {
    const due = [...this.#behind].filter(([, { at }]) => at <= now).map(([channel]) => channel)
    for (let from = 0; from < due.length; from += AT_A_TIME) {
      const batch = due.slice(from, from + AT_A_TIME)
      await Promise.all(
        batch.map((channel) => this.#sendOrMark(this.inspect(channel), channel, now + RETRY_MS)),
      )
    }
  }

  /** When a channel is to be told again, in epoch milliseconds. */
  nextAt(): number | undefined {
    return earliest([...this.#behind.values()].map(({ at }) => at))
  }

  /** Another way to the channel, for an event or a question; in order with the reports. */
  stub(channel: string): ChannelStub {
    const stub = this.#stubs.get(channel) ?? this.#options.network.channel(channel)
    this.#stubs.set(channel, stub)
    return stub
  }

  /** Runs a call to a channel; a stub that threw may stay broken. */
  async call<T>(channel: string, run: (stub: ChannelStub) => Promise<T>): Promise<T> {
    try {
      return await run(this.stub(channel))
    } catch (error) {
      this.#stubs.delete(channel)
      throw error
    }
  }

  /** @param againAt When the channel is told again if it does not answer. @default at once */
  async #sendOrMark(report: HubReport, channel: string, againAt = 0): Promise<void> {
    try {
      await this.#send(report, channel, {})
    } catch {
      // The alarm tells the channel again: its state is stored.
      this.#behind.set(channel, { seq: report.seq, at: againAt })
    }
  }

  async #send(report: HubReport, name: string, question: Question): Promise<ReportAnswer> {
    const { store, channels } = this.#options
    const isEmpty = channels.get(name) === undefined
    const wasAttached = channels.get(name)?.isAttached === true
    // Before the channel hears of this hub: whatever happens, it will be told when nobody is left here.
    if (!wasAttached && !isEmpty) store.attach(name, true)
    let answer: ReportAnswer
    try {
      answer = await this.call(name, (stub) => stub.report(report, question))
    } catch (error) {
      store.attach(name, true)
      this.#behind.set(name, { seq: report.seq, at: 0 })
      throw error
    }
    this.#acknowledge(name, report, isEmpty)
    if (wasAttached && !answer.isKnown && !report.isComplete) {
      return { ...(await this.#send(this.inspect(name), name, question)), isKnown: true }
    }
    return answer
  }

  /** Where what the report said is not so any more, a later report is under way, and decides. */
  #acknowledge(name: string, { isComplete, seq }: HubReport, wasEmpty: boolean): void {
    const { store, channels } = this.#options
    const channel = channels.get(name)
    // Nothing but all that there is makes up for a report that is lost.
    if (isComplete && seq > (this.#behind.get(name)?.seq ?? seq)) this.#behind.delete(name)
    const isBehind = this.#behind.has(name)
    if (channel && !wasEmpty) {
      if (!channel.isAttached || isComplete) store.attach(name, isBehind)
      channel.isAttached = true
    } else if (!channel && wasEmpty && !isBehind) {
      this.#stubs.delete(name)
      store.detach(name)
    }
  }

  #report(channel: string, users: readonly UserCount[], isComplete: boolean): HubReport {
    const { hub, store, channels } = this.#options
    this.#seq += 1
    if (this.#seq > this.#reserved) {
      this.#reserved = this.#seq + RESERVED
      store.setMeta('seq', this.#reserved)
    }
    const sockets = channels.get(channel)?.connections.size ?? 0
    return { hub, epoch: this.#epoch, seq: this.#seq, sockets, users, isComplete }
  }
}
