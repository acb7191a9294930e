/**
 * Reports a hub's connections to their channels.
 *
 * A report contains counts, not changes. So the next report makes up for one that failed, or a complete one
 * does, which the alarm sends as long as a channel is behind.
 *
 * @module
 */

import { earliest } from './alarm.ts'
import type { HubChannel, HubChannels } from './hub-channels.ts'
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

/** Report numbers that one write reserves. */
const RESERVED = 1_000
/** Delay before a channel that did not answer gets another report. */
const RETRY_MS = 5_000
/** How many channels get reports at a time. */
const AT_A_TIME = 50

/** The reports of one hub. */
export class HubReporter {
  readonly #options: HubReporterOptions
  readonly #epoch: number
  #seq: number
  #reserved: number
  /** Channels that have missed a report: its number, and when to send a complete one. */
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
      // The last report failed, or all subscribers have gone without the channel being told.
      if (isBehind || channel === undefined) this.#behind.set(name, { seq: 0, at: 0 })
    }
  }

  /** A complete report for a channel. */
  inspect(channel: string): HubReport {
    return this.#report(channel, this.#options.channels.counts(channel), true)
  }

  /**
   * Reports the given users, and asks a question.
   *
   * @throws Whatever the channel's stub threw. The channel then counts as behind, and gets a complete report
   *   later.
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

  /**
   * Reports that a user has left, or, without a user, that the number of connections has changed. Never
   * rejects.
   */
  async leave(channel: string, user: string | undefined, reason: LeaveReason): Promise<void> {
    const { channels } = this.#options
    const users = user === undefined ? [] : [{ ...channels.count(channel, user), reason }]
    // Without subscribers, this is the hub's complete state.
    const isComplete = channels.get(channel) === undefined
    await this.#sendOrMark(this.#report(channel, users, isComplete), channel)
  }

  /** Whether a channel has missed a report, and has not had a complete one since. */
  isBehind(channel: string): boolean {
    return this.#behind.has(channel)
  }

  /** Sends complete reports to the channels that are behind and due. */
  async catchUp(now: number): Promise<void> {
    const due = [...this.#behind].filter(([, { at }]) => at <= now).map(([channel]) => channel)
    for (let from = 0; from < due.length; from += AT_A_TIME) {
      const batch = due.slice(from, from + AT_A_TIME)
      await Promise.all(
        batch.map((channel) => this.#sendOrMark(this.inspect(channel), channel, now + RETRY_MS)),
      )
    }
  }

  /** When the next report to a channel that is behind is due, in epoch milliseconds. */
  nextAt(): number | undefined {
    return earliest([...this.#behind.values()].map(({ at }) => at))
  }

  /** The stub of a channel, for events and questions. Its calls arrive in order with the reports. */
  stub(channel: string): ChannelStub {
    const stub = this.#stubs.get(channel) ?? this.#options.network.channel(channel)
    this.#stubs.set(channel, stub)
    return stub
  }

  /** Calls a channel. A stub that threw is dropped, since it may stay broken. */
  async call<T>(channel: string, run: (stub: ChannelStub) => Promise<T>): Promise<T> {
    try {
      return await run(this.stub(channel))
    } catch (error) {
      this.#stubs.delete(channel)
      throw error
    }
  }

  /**
   * @param againAt When the next report is due if the channel does not answer, in epoch milliseconds.
   *   @default at once
   */
  async #sendOrMark(report: HubReport, channel: string, againAt = 0): Promise<void> {
    try {
      await this.#send(report, channel, {})
    } catch {
      // The alarm sends a complete report: it is stored that the channel is behind.
      this.#behind.set(channel, { seq: report.seq, at: againAt })
    }
  }

  async #send(report: HubReport, name: string, question: Question): Promise<ReportAnswer> {
    const { store, channels } = this.#options
    const reported = channels.get(name)
    const wasAttached = reported?.isAttached === true
    // Stored before the channel learns of this hub: whatever fails afterwards, the channel will be told when
    // the last subscriber here is gone.
    if (!wasAttached && reported) store.attach(name, true)
    let answer: ReportAnswer
    try {
      answer = await this.call(name, (stub) => stub.report(report, question))
    } catch (error) {
      store.attach(name, true)
      this.#behind.set(name, { seq: report.seq, at: 0 })
      throw error
    }
    this.#acknowledge(name, report, reported)
    if (wasAttached && !answer.isKnown && !report.isComplete) {
      return { ...(await this.#send(this.inspect(name), name, question)), isKnown: true }
    }
    return answer
  }

  /**
   * If the last subscriber has left since the report was made, or the first one has come, a later report is in
   * progress, and that one decides.
   */
  #acknowledge(
    name: string,
    { isComplete, seq }: HubReport,
    reported: HubChannel | undefined,
  ): void {
    const { store, channels } = this.#options
    // Only a later complete report makes up for a lost one.
    if (isComplete && seq > (this.#behind.get(name)?.seq ?? seq)) this.#behind.delete(name)
    if (channels.get(name) !== reported) return
    const isBehind = this.#behind.has(name)
    if (reported) {
      if (!reported.isAttached || isComplete) store.attach(name, isBehind)
      reported.isAttached = true
    } else if (!isBehind) {
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
