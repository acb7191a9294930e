/**
 * Records the content of the mailbox after each write, so that every answer can be checked.
 *
 * @module
 */

import type { Email } from '../../src/email/email.ts'
import type { EmailQuery } from '../../src/email/filter.ts'
import { type Filterable, matches, queryOracle } from '../mailbox/oracle.ts'

/** The compared fields of a message. Its version distinguishes all its states. */
export type SeenEmail = Filterable & Pick<Email, 'subject' | 'isFlagged' | 'version'>

/** The fields that are compared, and reported if they differ. */
const COMPARED = [
  'id',
  'subject',
  'status',
  'priority',
  'senderEmail',
  'assignedTo',
  'receivedAt',
  'isRead',
  'threadId',
  'isFlagged',
  'version',
] as const satisfies readonly (keyof SeenEmail)[]

/** The states that a read may show: from the last write completed before it to the last one begun during it. */
export interface Span {
  readonly from: number
  readonly to: number
}

interface Stage {
  /** The number of the write that caused it; 0 for the initial state. */
  readonly since: number
  readonly email: SeenEmail
}

/** All states of a mailbox with one writer. State k is the one after the k-th write. */
export class Ledger {
  /** Ids, newest message first. This order of the oracle is not changed by writes. */
  #order: string[]
  readonly #stages: Map<string, Stage[]>
  #begun = 0
  #completed = 0

  constructor(emails: readonly SeenEmail[]) {
    this.#order = queryOracle(emails, { limit: emails.length }).map(({ id }) => id)
    this.#stages = new Map(emails.map((email) => [email.id, [{ since: 0, email }]]))
  }

  get completed(): number {
    return this.#completed
  }

  get begun(): number {
    return this.#begun
  }

  /** The current state of the newest messages, for a workload to choose from. */
  newest(count: number): SeenEmail[] {
    return this.#order.slice(0, count).flatMap((id) => this.#at(id, this.#begun) ?? [])
  }

  /** The message after all writes that have begun. */
  latest(id: string): SeenEmail | undefined {
    return this.#at(id, this.#begun)
  }

  /** Records that a write is about to be sent which creates the message, or changes it to this state. */
  begin(email: SeenEmail): void {
    this.#begun += 1
    const stage = { since: this.#begun, email }
    const stages = this.#stages.get(email.id)
    if (stages) {
      stages.push(stage)
      return
    }
    this.#stages.set(email.id, [stage])
    const known = [...this.#order].map((id) => this.#stages.get(id)?.[0]?.email ?? email)
    this.#order = queryOracle([...known, email], { limit: known.length + 1 }).map(({ id }) => id)
  }

  /** Records that the last write has been answered. */
  complete(): void {
    this.#completed = this.#begun
  }

  /** Whether the list matches one state of the span, and each message matches one of these states. */
  allowsPage(query: EmailQuery, answer: readonly SeenEmail[], span: Span): boolean {
    const ids = answer.map(({ id }) => id).join()
    const isList = states(span).some((state) => this.#page(query, state).join() === ids)
    return isList && answer.every((email) => this.allows(email.id, email, span))
  }

  /** Whether a message matches one state of the span; `undefined` means that it does not exist. */
  allows(id: string, answer: SeenEmail | undefined, span: Span): boolean {
    return states(span).some((state) => isSame(this.#at(id, state), answer))
  }

  #at(id: string, state: number): SeenEmail | undefined {
    return this.#stages.get(id)?.findLast(({ since }) => since <= state)?.email
  }

  #page(query: EmailQuery, state: number): string[] {
    const ids: string[] = []
    for (const id of this.#order) {
      const email = this.#at(id, state)
      if (email && matches(email, query)) ids.push(id)
      if (ids.length === (query.limit ?? 50)) break
    }
    return ids
  }
}

function states({ from, to }: Span): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}

function isSame(a: SeenEmail | undefined, b: SeenEmail | undefined): boolean {
  if (!a || !b) return a === b
  return COMPARED.every((field) => a[field] === b[field])
}
