/**
 * Sends a workload to a Worker, and checks and times every answer.
 *
 * @module
 */

import type { Client } from './client.ts'
import type { Ledger, SeenEmail } from './ledger.ts'
import type { Step } from './workload.ts'

/** The result of one run of the workload. */
export interface Run {
  readonly requests: number
  readonly statements: number
  /** Share of look-ups that found an entry, from [0, 1]; `undefined` without a cache. */
  readonly hitRate: number | undefined
  readonly readMs: { readonly p50: number; readonly p95: number }
  /** Answers that match no state of the mailbox during the request. */
  readonly wrong: number
}

/** Options for {@link drive}. */
export interface DriveOptions {
  readonly client: Client
  readonly ledger: Ledger
  readonly steps: readonly Step[]
  /** Number of concurrent requests. Writes are sent one after another. */
  readonly concurrency: number
  /** Makes the ids of new messages different from those of other runs. */
  readonly run: string
}

/** Runs all steps. */
export async function drive(options: DriveOptions): Promise<Run> {
  const { client, steps, concurrency } = options
  const before = await client.stats()
  const driver = new Driver(options)
  const queue = steps.values()
  const lane = async (): Promise<void> => {
    for (const step of queue) await driver.take(step)
  }
  await Promise.all(Array.from({ length: concurrency }, lane))
  const after = await client.stats()
  const hits = after.hits - before.hits
  const looks = hits + after.misses - before.misses
  return {
    requests: steps.length,
    statements: after.statements - before.statements,
    hitRate: looks === 0 ? undefined : hits / looks,
    readMs: { p50: quantile(driver.readMs, 0.5), p95: quantile(driver.readMs, 0.95) },
    wrong: driver.wrong,
  }
}

class Driver {
  readonly readMs: number[] = []
  wrong = 0
  readonly #client: Client
  readonly #ledger: Ledger
  readonly #run: string
  #lastWrite: Promise<void> = Promise.resolve()
  #created = 0

  constructor({ client, ledger, run }: DriveOptions) {
    this.#client = client
    this.#ledger = ledger
    this.#run = run
  }

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'list':
        return this.#read(
          () => this.#client.list(step.query),
          (answer, span) => this.#ledger.allowsPage(step.query, answer, span),
        )
      case 'read':
        return this.#read(
          () => this.#client.read(step.id),
          (answer, span) => this.#ledger.allows(step.id, answer, span),
        )
      case 'change':
      case 'create':
        this.#lastWrite = this.#lastWrite.then(() => this.#write(step))
        return this.#lastWrite
    }
  }

  async #read<T>(
    ask: () => Promise<T>,
    isAllowed: (answer: T, span: { from: number; to: number }) => boolean,
  ): Promise<void> {
    const from = this.#ledger.completed
    const startedAt = performance.now()
    const answer = await ask()
    this.readMs.push(performance.now() - startedAt)
    if (!isAllowed(answer, { from, to: this.#ledger.begun })) this.wrong += 1
  }

  async #write(step: Step & { readonly kind: 'change' | 'create' }): Promise<void> {
    const email = step.kind === 'create' ? this.#made(step) : this.#changed(step)
    if (!email) return
    this.#ledger.begin(email)
    const answer = await (step.kind === 'create'
      ? this.#client.create(asNew(email))
      : this.#client.change(step.id, step.changes))
    this.#ledger.complete()
    const state = this.#ledger.completed
    if (!this.#ledger.allows(email.id, answer, { from: state, to: state })) this.wrong += 1
  }

  #changed({ id, changes }: Step & { kind: 'change' }): SeenEmail | undefined {
    const email = this.#ledger.latest(id)
    return email && ({ ...email, ...changes, version: email.version + 1 } as SeenEmail)
  }

  #made({ subject, senderEmail }: Step & { kind: 'create' }): SeenEmail {
    this.#created += 1
    return {
      id: `demo-${this.#run}-${this.#created}`,
      subject,
      senderEmail,
      status: 'new',
      priority: 'medium',
      assignedTo: null,
      receivedAt: Date.now(),
      isRead: false,
      threadId: null,
      isFlagged: false,
      version: 1,
    }
  }
}

function asNew({ id, subject, senderEmail, receivedAt }: SeenEmail) {
  return { id, subject, senderEmail, receivedAt }
}

/** By the nearest-rank method. */
function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0
}
