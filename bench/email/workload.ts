/**
 * A mailbox in use, as a sequence of reads and writes that is the same for the same seed. The schemes of query
 * invalidation were simulated with it.
 *
 * @module
 */

import type {
  EmailChanges,
  EmailPriority,
  EmailQuery,
  EmailStatus,
  NewEmail,
} from 'nearcache/email'
import { canonicalKey } from 'nearcache/email'
import { draw } from '../../src/testing/draw.ts'

/** Size and distribution of a workload. */
export interface WorkloadOptions {
  readonly seed: number
  readonly emails: number
  /** Distinct queries; reads are distributed over them by Zipf's law with exponent 0.9. */
  readonly queries: number
  /** Part of the operations that write, from 0 to 1. */
  readonly writeShare: number
  /** Number of this process among several on one mailbox; each number has its own operations. @default 0 */
  readonly part?: number
}

/** One write. */
export type MailWrite =
  | { readonly kind: 'create'; readonly email: NewEmail & { readonly id: string } }
  | { readonly kind: 'update'; readonly id: string; readonly changes: EmailChanges }
  | { readonly kind: 'delete'; readonly id: string }

/** One operation. */
export type Operation =
  | { readonly kind: 'read'; readonly query: EmailQuery }
  | { readonly kind: 'write'; readonly write: MailWrite }

const STATUSES: readonly EmailStatus[] = ['new', 'in_progress', 'pending', 'completed', 'archived']
/** Frequency of each status in messages and in queries: most are of open messages. */
const STATUS_ODDS = [0.25, 0.3, 0.15, 0.2, 0.1]
const PRIORITIES: readonly EmailPriority[] = ['critical', 'high', 'medium', 'low']
const PRIORITY_ODDS = [0.05, 0.2, 0.55, 0.2]
const ASSIGNEES = ['ada', 'bo', 'cy', 'di', 'eli', 'flo', 'gus', 'hal', null]
const SENDERS = 200
const THREADS = 800
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const EXPONENT = 0.9
/** Instant of the first message, in epoch milliseconds. */
const START = Date.UTC(2025, 0, 1)

/** A separate random sequence for each name, so that one decision does not change the others. */
class Dice {
  readonly #seed: number
  readonly #counts = new Map<string, number>()

  constructor(seed: number) {
    this.#seed = seed
  }

  roll(stream: string): number {
    const nth = this.#counts.get(stream) ?? 0
    this.#counts.set(stream, nth + 1)
    return draw(this.#seed, stream, nth)
  }

  pick<T>(stream: string, list: readonly T[]): T {
    return list[Math.floor(this.roll(stream) * list.length)] as T
  }

  /** Draws one of the list by its odds, which add up to 1. */
  weigh<T>(stream: string, list: readonly T[], odds: readonly number[]): T {
    let left = this.roll(stream)
    const at = odds.findIndex((odd) => {
      left -= odd
      return left < 0
    })
    return list[at < 0 ? list.length - 1 : at] as T
  }
}

/** A mailbox, and the operations on it. */
export class Workload {
  /** The messages that are stored before the first operation. */
  readonly emails: readonly (NewEmail & { readonly id: string })[]
  readonly queries: readonly EmailQuery[]
  readonly #options: WorkloadOptions
  #dice: Dice
  /** Prefix of message ids. */
  #name = 'mail'
  readonly #odds: readonly number[]
  #live: string[]
  #count = 0

  constructor(options: WorkloadOptions) {
    this.#options = options
    this.#dice = new Dice(options.seed)
    this.emails = Array.from({ length: options.emails }, () => this.#email())
    this.#live = this.emails.map(({ id }) => id)
    this.queries = this.#distinctQueries(options.queries)
    const weights = this.queries.map((_, rank) => 1 / (rank + 1) ** EXPONENT)
    const sum = weights.reduce((a, b) => a + b, 0)
    this.#odds = weights.map((weight) => weight / sum)
    const { seed, part = 0 } = options
    if (part === 0) return
    this.#dice = new Dice(seed + part)
    this.#name = `mail-${part}`
  }

  next(): Operation {
    const dice = this.#dice
    if (dice.roll('operation') < this.#options.writeShare) {
      return { kind: 'write', write: this.#write() }
    }
    return { kind: 'read', query: dice.weigh('query', this.queries, this.#odds) }
  }

  /** Inserts 35 %, read flags 25 %, statuses 20 %, assignees 10 %, priorities 5 %, deletes 5 %. */
  #write(): MailWrite {
    const dice = this.#dice
    const roll = dice.roll('write')
    if (roll < 0.35 || this.#live.length === 0) {
      const email = this.#email()
      this.#live.push(email.id)
      return { kind: 'create', email }
    }
    const at = Math.floor(dice.roll('target') * this.#live.length)
    const id = this.#live[at] as string
    if (roll >= 0.95) {
      this.#live.splice(at, 1)
      return { kind: 'delete', id }
    }
    return { kind: 'update', id, changes: this.#changes(roll) }
  }

  #changes(roll: number): EmailChanges {
    const dice = this.#dice
    if (roll < 0.6) return { isRead: dice.roll('read') < 0.7 }
    if (roll < 0.8) return { status: dice.weigh('status', STATUSES, STATUS_ODDS) }
    if (roll < 0.9) return { assignedTo: dice.pick('assignee', ASSIGNEES) }
    return { priority: dice.weigh('priority', PRIORITIES, PRIORITY_ODDS) }
  }

  #email(): NewEmail & { readonly id: string } {
    const dice = this.#dice
    const n = this.#count++
    return {
      id: `${this.#name}-${n}`,
      subject: `Message ${n}`,
      bodyText: `Text of message ${n}.`,
      senderEmail: `sender${Math.floor(dice.roll('sender') ** 2 * SENDERS)}@mail.example`,
      recipients: ['desk@shop.example'],
      receivedAt: START + n * 10 * MINUTE_MS,
      threadId: `thread-${Math.floor(dice.roll('thread') * THREADS)}`,
      hasAttachments: dice.roll('attachment') < 0.2,
      isRead: dice.roll('read') < 0.5,
      status: dice.weigh('status', STATUSES, STATUS_ODDS),
      priority: dice.weigh('priority', PRIORITIES, PRIORITY_ODDS),
      assignedTo: dice.pick('assignee', ASSIGNEES),
    }
  }

  #distinctQueries(count: number): EmailQuery[] {
    const queries = new Map<string, EmailQuery>()
    while (queries.size < count) {
      const query = this.#query()
      const key = canonicalKey(query)
      if (!queries.has(key)) queries.set(key, query)
    }
    return [...queries.values()]
  }

  /** Six shapes of equality conditions, a range of dates, and a range with a status. */
  #query(): EmailQuery {
    const dice = this.#dice
    const status = (): EmailStatus => dice.weigh('asked status', STATUSES, STATUS_ODDS)
    const assignedTo = dice.pick('asked assignee', ASSIGNEES)
    const sender = `sender${Math.floor(dice.roll('asked sender') ** 2 * SENDERS)}@mail.example`
    const limit = dice.pick('asked limit', [20, 50])
    const day = Math.floor((dice.roll('asked day') * this.emails.length) / 144)
    const start = START + day * DAY_MS
    const range = { start, end: start + 3 * DAY_MS }
    const shapes: readonly EmailQuery[] = [
      { statuses: [status(), status()] },
      { assignedTo, statuses: [status()] },
      { assignedTo, isRead: false },
      { senderEmails: [sender] },
      { priorities: [dice.pick('asked priority', PRIORITIES)], statuses: [status()] },
      { threadId: `thread-${Math.floor(dice.roll('asked thread') * THREADS)}` },
      { dateRange: range },
      { dateRange: { start }, statuses: [status()] },
    ]
    return { ...dice.pick('shape', shapes), limit }
  }
}
