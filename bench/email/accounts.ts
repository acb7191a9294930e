/**
 * Mail of many accounts, as a sequence of reads and writes that is the same for the same seed. Each account
 * asks for its newest messages by status, by sender or by month.
 *
 * @module
 */

import type { EmailQuery, EmailStatus, NewEmail } from 'nearcache/email'
import { draw } from '../../src/testing/draw.ts'
import type { Operation } from './workload.ts'

const STATUSES: readonly EmailStatus[] = ['new', 'in_progress', 'pending', 'completed']
const SENDERS = 20
const MONTHS = 12
const PAGE = 50
const START = Date.UTC(2025, 0, 1)
const MONTH_MS = 30 * 86_400_000

/** Size and distribution of the workload. */
export interface AccountsOptions {
  readonly seed: number
  readonly emails: number
  readonly accounts: number
  /** Exponent of Zipf's law, by which accounts are drawn. */
  readonly exponent: number
  /** The part of the operations that set a status, 0 to 1. */
  readonly writeShare: number
}

/** The mail, and the operations on it. */
export class Accounts {
  readonly emails: readonly (NewEmail & { readonly id: string })[]
  readonly #options: AccountsOptions
  readonly #odds: readonly number[]
  readonly #queries = new Map<string, EmailQuery>()
  #draws = 0

  constructor(options: AccountsOptions) {
    this.#options = options
    this.emails = Array.from({ length: options.emails }, (_, n) => this.#email(n))
    const weights = Array.from(
      { length: options.accounts },
      (_, rank) => 1 / (rank + 1) ** options.exponent,
    )
    const sum = weights.reduce((a, b) => a + b, 0)
    this.#odds = weights.map((weight) => weight / sum)
  }

  next(): Operation {
    const account = this.#account()
    if (this.#roll() < this.#options.writeShare) {
      const each = this.#options.emails / this.#options.accounts
      const n = Math.floor(this.#roll() * each) * this.#options.accounts + account
      const status = this.#pick(STATUSES)
      return { kind: 'write', write: { kind: 'update', id: `mail-${n}`, changes: { status } } }
    }
    return { kind: 'read', query: this.#query(account) }
  }

  /** Every query that may show the message. */
  queriesOf({ assignedTo, senderEmail, receivedAt }: NewEmail): EmailQuery[] {
    const account = Number(String(assignedTo).slice('account-'.length))
    const month = Math.floor((Number(receivedAt) - START) / MONTH_MS)
    return [
      ...STATUSES.map((status) => this.#named(account, `status ${status}`)),
      this.#named(account, `sender ${senderEmail}`),
      this.#named(account, `month ${month}`),
    ]
  }

  #query(account: number): EmailQuery {
    const kind = Math.floor(this.#roll() * 3)
    if (kind === 0) return this.#named(account, `status ${this.#pick(STATUSES)}`)
    if (kind === 1) {
      return this.#named(account, `sender ${senderOf(account, Math.floor(this.#roll() * SENDERS))}`)
    }
    return this.#named(account, `month ${Math.floor(this.#roll() * MONTHS)}`)
  }

  /** Returns the same object for the same query, so that queries can be compared by identity. */
  #named(account: number, what: string): EmailQuery {
    const name = `${account} ${what}`
    const known = this.#queries.get(name)
    if (known) return known
    const [kind = '', value = ''] = what.split(' ')
    const start = START + Number(value) * MONTH_MS
    const conditions: Record<string, EmailQuery> = {
      status: { statuses: [value as EmailStatus] },
      sender: { senderEmails: [value] },
      month: { dateRange: { start, end: start + MONTH_MS - 1 } },
    }
    const query = { assignedTo: `account-${account}`, ...conditions[kind], limit: PAGE }
    this.#queries.set(name, query)
    return query
  }

  #email(n: number): NewEmail & { readonly id: string } {
    const { seed, emails, accounts } = this.#options
    const account = n % accounts
    return {
      id: `mail-${n}`,
      subject: `Message ${n}`,
      bodyText: `Text of message ${n}.`,
      senderEmail: senderOf(account, Math.floor(draw(seed, 'sender', n) * SENDERS)),
      recipients: ['desk@shop.example'],
      receivedAt: START + Math.floor((n / emails) * MONTHS * MONTH_MS),
      status: STATUSES[Math.floor(draw(seed, 'status', n) * STATUSES.length)] as EmailStatus,
      assignedTo: `account-${account}`,
    }
  }

  #account(): number {
    let left = this.#roll()
    const at = this.#odds.findIndex((odd) => {
      left -= odd
      return left < 0
    })
    return at < 0 ? this.#odds.length - 1 : at
  }

  #pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#roll() * list.length)] as T
  }

  #roll(): number {
    return draw(this.#options.seed, 'accounts', this.#draws++)
  }
}

function senderOf(account: number, nth: number): string {
  return `sender${nth}@account${account}.example`
}
