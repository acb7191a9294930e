/**
 * Asks a model, records its answer, and stores the answer if that is allowed.
 *
 * @module
 */

import { isRemoteFailure } from '../cache/context.ts'
import type { Ticket } from '../cache/write.ts'
import { settledWithin, TIMED_OUT } from '../flight/deadline.ts'
import type { StoredAnswer, Unstorable } from './answer.ts'
import type { AnswerContext } from './answer-context.ts'
import type { Reader } from './reader.ts'
import { type Recorded, Recording, UNWANTED } from './recording.ts'
import type { Resolved } from './request.ts'
import type { Source } from './source.ts'
import type { Search } from './tiers.ts'

/** A question without a stored answer. */
export interface Generation<Part> {
  readonly request: Resolved
  readonly source: Source<Part>
  readonly search: Search & { readonly kind: 'none' }
}

/** An answer that is about to be generated. */
export interface Begun<Part> {
  readonly recording: Recording<Part>
  /** The first reader. */
  readonly reader: Reader<Part>
  /**
   * Asks the model.
   *
   * @returns The answer to store; `undefined` if it is not to be stored.
   * @throws What `Recording.run` throws.
   */
  run(signal?: AbortSignal): Promise<StoredAnswer<Part> | undefined>
}

/**
 * A ticket lasts this long plus the time that a commit may take (2 s). If its process dies, other calls
 * wait no longer than that.
 */
const TICKET_MS = 4_000
/** How often a ticket is extended. */
const EXTEND_MS = 2_000

/** Asks models and stores their answers. */
export class Generator {
  readonly #ctx: AnswerContext

  constructor(ctx: AnswerContext) {
    this.#ctx = ctx
  }

  /** Prepares a generation. The caller has the lease, and stores what `run` returns. */
  begin<Part>(generation: Generation<Part>, unstored?: Unstorable): Begun<Part> {
    const { platform, limits } = this.#ctx
    const { source } = generation
    const { firstMs, idleMs, maxChars: maxSize } = limits
    const recording = new Recording<Part>(platform, {
      firstMs,
      idleMs,
      maxSize,
      sizeOf: (part) => source.sizeOf(part),
    })
    const reader = recording.subscribe() as Reader<Part>
    const run = (signal?: AbortSignal): Promise<StoredAnswer<Part> | undefined> =>
      this.#run(generation, recording, unstored, signal)
    return { recording, reader, run }
  }

  /** Asks the model, and does not store the answer. */
  unstored<Part>(generation: Generation<Part>, reason: Unstorable): Begun<Part> {
    const begun = this.begin(generation, reason)
    this.#ctx.platform.defer(begun.run())
    return begun
  }

  /** Asks the model, and replaces the stored answer. If Redis is down, nothing is stored. */
  async afresh<Part>(generation: Generation<Part>): Promise<Begun<Part>> {
    const { key, tags, ttlMs: ttl } = generation.request
    const loaderTimeout = { hard: TICKET_MS }
    let ticket: Ticket<unknown>
    try {
      ticket = await this.#ctx.cache().begin(key, { tags, ttl, loaderTimeout })
    } catch (error) {
      if (!isRemoteFailure(error)) throw error
      return this.unstored(generation, 'gave-up')
    }
    const begun = this.begin(generation)
    this.#ctx.platform.defer(this.#settle(ticket, begun.run()))
    return begun
  }

  /** Commits the answer under a ticket, which is extended while the model works. */
  async #settle<Part>(
    ticket: Ticket<unknown>,
    work: Promise<StoredAnswer<Part> | undefined>,
  ): Promise<void> {
    const { platform } = this.#ctx
    const ended = work.catch(() => undefined)
    let answer = await settledWithin(platform, EXTEND_MS, ended)
    while (answer === TIMED_OUT) {
      // If this fails, the ticket may be lost, and then the commit is refused.
      platform.defer(ticket.extend())
      answer = await settledWithin(platform, EXTEND_MS, ended)
    }
    if (answer) await ticket.commit(answer)
    else await ticket.release()
  }

  async #run<Part>(
    generation: Generation<Part>,
    recording: Recording<Part>,
    unstored: Unstorable | undefined,
    signal: AbortSignal | undefined,
  ): Promise<StoredAnswer<Part> | undefined> {
    const { accounts, platform } = this.#ctx
    const { source, request } = generation
    const { model } = request
    let recorded: Recorded<Part>
    try {
      recorded = await recording.run((inner) => source.open(inner), signal)
    } catch (error) {
      if (error === UNWANTED) accounts.emit({ kind: 'abandoned', model })
      else accounts.emit({ kind: 'failed', model, error })
      throw error
    }
    const { parts, tookMs, firstMs, followers } = recorded
    const verdict = parts ? source.judge(parts) : ({ store: false, reason: 'too-large' } as const)
    const reason = verdict.store ? unstored : verdict.reason
    const { usage } = verdict
    accounts.emit({
      kind: 'generated',
      model,
      usage,
      tookMs,
      firstMs,
      followers,
      unstored: reason,
    })
    if (!verdict.store || reason !== undefined || !parts) return undefined
    const isMatchable = verdict.isMatchable ?? true
    const at = platform.now()
    if (isMatchable) platform.defer(this.#introduce(generation, parts))
    const kept = source.strip?.(parts) ?? parts
    return { format: 1, shape: source.shape, parts: kept, at, tookMs, usage, isMatchable }
  }

  /** Until the answer is stored, which may be a little later, the pointers to it lead to a miss. */
  #introduce<Part>({ request, source, search }: Generation<Part>, parts: readonly Part[]) {
    return this.#ctx.tiers.introduce(
      request,
      search.match,
      () => source.textOf(parts),
      ({ parts: stored }) => source.textOf(stored as readonly Part[]),
    )
  }
}
