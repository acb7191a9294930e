/**
 * Runs one slot of a job: calls the handler with its budget and checkpoint, and keeps the lease alive.
 *
 * @module
 */

import { InvalidValueError, JobInterruptedError } from '../errors.ts'
import { settledWithin, TIMED_OUT } from '../flight/deadline.ts'
import type { Platform } from '../platform/platform.ts'
import { Budget } from './budget.ts'
import type { JobAnswer, ResolvedJob } from './job.ts'
import type { Ledger } from './ledger.ts'
import type { Fields, OpenSlot } from './state.ts'
import { openFields } from './state.ts'

/** A job that was claimed, and the slot to run. */
export interface Claim {
  readonly job: ResolvedJob
  readonly token: string
  readonly slot: number
  /** What earlier invocations have stored of the slot. */
  readonly open: OpenSlot | undefined
  /** When the claim was sent: the lease lasts at least `leaseMs` from then on. */
  readonly claimedAt: number
}

/** What a run needs from the heartbeat. */
export interface RunParts {
  readonly platform: Platform
  readonly ledger: Ledger
  readonly leaseMs: number
  /** How long a handler may take to end once its signal is aborted. */
  readonly graceMs: number
  /** The time that the heartbeat has left. */
  readonly timeLeftMs: number
  /** The commands that the heartbeat has left. */
  readonly commandsLeft: number
  /** Aborted with the reason when the runner stops. */
  readonly stop: AbortSignal
  progress(items: number, skipped: number): void
}

/** How a handler ended. `abandoned`: its signal was aborted, but it did not end and may still be running. */
export type Outcome =
  | { readonly kind: 'complete' | 'unfinished' }
  | { readonly kind: 'failed' | 'abandoned'; readonly error: unknown }

/** One run, with what the handler has done so far. */
export class JobRun {
  skipped = 0
  readonly #claim: Claim
  readonly #parts: RunParts
  readonly #interruption = new AbortController()
  readonly #ended = new AbortController()
  readonly #id: string
  #items: number
  #open: OpenSlot
  #budget: Budget | undefined
  #heldUntil: number

  constructor(claim: Claim, parts: RunParts) {
    const { slot, open } = claim
    this.#claim = claim
    this.#parts = parts
    this.#id = claim.job.id
    this.#open = open ?? { slot, failures: 0, retryAt: 0, items: 0, checkpoint: undefined }
    this.#items = this.#open.items
    this.#heldUntil = claim.claimedAt + parts.leaseMs
  }

  /** Items done for the slot so far, those of earlier invocations included. */
  get items(): number {
    return this.#items
  }

  /** Commands that the handler has counted so far, whether it has ended or not. */
  get commands(): number {
    return this.#budget?.spent ?? 0
  }

  /** The slot as it was last stored. */
  get open(): OpenSlot {
    return this.#open
  }

  /** Never rejects. */
  async run(): Promise<Outcome> {
    const { platform, stop } = this.#parts
    const { timeBudgetMs } = this.#claim.job
    const onStop = (): void => this.#interrupt('stopped')
    stop.addEventListener('abort', onStop, { once: true })
    if (stop.aborted) onStop()
    const timeMs = Math.min(timeBudgetMs, this.#parts.timeLeftMs)
    platform.delay(timeMs, this.#ended.signal).then(
      () => this.#interrupt('time'),
      () => undefined, // the handler was faster
    )
    platform.defer(this.#keepAlive())
    try {
      return await this.#outcome(timeMs)
    } finally {
      stop.removeEventListener('abort', onStop)
      this.#ended.abort('ended')
    }
  }

  async #outcome(timeMs: number): Promise<Outcome> {
    const { signal } = this.#interruption
    const work = this.#call(timeMs)
    const interrupted = new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    const first = await Promise.race([work, interrupted])
    if (first) return first
    const late = await settledWithin(this.#parts.platform, this.#parts.graceMs, work)
    return late === TIMED_OUT ? { kind: 'abandoned', error: signal.reason } : late
  }

  async #call(timeMs: number): Promise<Outcome> {
    const { job, slot } = this.#claim
    const { signal } = this.#interruption
    const commands = Math.min(job.commandBudget, this.#parts.commandsLeft)
    const budget = new Budget(this.#parts.platform, timeMs, commands)
    this.#budget = budget
    try {
      const answer = await job.handler({
        signal,
        slot,
        budget,
        checkpoint: { get: () => this.#checkpoint(), set: (value) => this.#keep(value) },
        emit: (count, skipped = 0) => this.#count(count, skipped),
      })
      const { count, isComplete } = readAnswer(answer)
      this.#items += count
      return { kind: isComplete ? 'complete' : 'unfinished' }
    } catch (error) {
      return signal.aborted && error === signal.reason
        ? { kind: 'unfinished' }
        : { kind: 'failed', error }
    }
  }

  #count(count: number, skipped: number): void {
    if (this.#ended.signal.aborted || !(count >= 0) || !(skipped >= 0)) return
    this.#items += count
    this.skipped += skipped
    this.#parts.progress(this.#items, this.skipped)
  }

  #checkpoint(): unknown {
    const { checkpoint } = this.#open
    return checkpoint === undefined ? undefined : JSON.parse(checkpoint)
  }

  async #keep(value: unknown): Promise<void> {
    if (this.#ended.signal.aborted) throw new JobInterruptedError('taken')
    const next = { ...this.#open, checkpoint: textOf(value), items: this.#items }
    if (!(await this.#hold(openFields(next)))) throw this.#interruption.signal.reason
    this.#open = next
  }

  /** Writes fields and renews the lease. @returns Whether this run still holds the job. */
  async #hold(fields: Fields): Promise<boolean> {
    const { platform, ledger, leaseMs } = this.#parts
    const sentAt = platform.now()
    const isHeld = await ledger.hold(this.#id, this.#claim.token, fields)
    if (isHeld) this.#heldUntil = sentAt + leaseMs
    else this.#interrupt('taken')
    return isHeld
  }

  /** Renews the lease. If Redis is down, interrupts the handler before the lease ends. */
  async #keepAlive(): Promise<void> {
    const { platform, leaseMs } = this.#parts
    const beatMs = Math.floor(leaseMs / 3)
    const ended = this.#ended.signal
    while (!ended.aborted) {
      try {
        await platform.delay(beatMs, ended)
      } catch {
        return // the handler has ended
      }
      try {
        await this.#hold({})
      } catch {
        // Redis is down; the lease still has time left.
      }
      if (platform.now() + beatMs >= this.#heldUntil) this.#interrupt('taken')
    }
  }

  #interrupt(reason: JobInterruptedError['reason']): void {
    this.#interruption.abort(new JobInterruptedError(reason))
  }
}

const MAX_CHECKPOINT = 65_536

function textOf(value: unknown): string {
  const text = toJson(value)
  if (text === undefined) throw new InvalidValueError('a checkpoint must be what JSON can hold')
  if (text.length <= MAX_CHECKPOINT) return text
  throw new InvalidValueError(`a checkpoint is longer than ${MAX_CHECKPOINT} characters`)
}

function toJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined // a cycle, or a bigint
  }
}

function readAnswer(answer: JobAnswer): { readonly count: number; readonly isComplete: boolean } {
  const { count, isComplete } =
    typeof answer === 'object' && answer !== null ? answer : { count: answer, isComplete: true }
  // Handlers in JavaScript may return nothing.
  return {
    count: Number.isFinite(count) && count > 0 ? count : 0,
    isComplete: isComplete !== false,
  }
}
