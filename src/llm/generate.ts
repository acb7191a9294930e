/**
 * Asks a model, records what it says, and stores it where that is wanted.
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

/** A question that nothing stored answers. */
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
   * @returns What is to be stored; `undefined` for nothing.
   * @throws What `Recording.run` throws.
   */
  run(signal?: AbortSignal): Promise<StoredAnswer<Part> | undefined>
}

/** What a ticket lasts is this and the time that a commit may take: so long others wait for one whose process has died. */
const TICKET_MS = 4_000
/** How often it is extended. */
const EXTEND_MS = 2_000

/** Generates answers. */
export class Generator {
  readonly #ctx: AnswerContext

  constructor(ctx: AnswerContext) {
    this.#ctx = ctx
  }

  /** Prepares to ask; what is returned by `run` is stored by the caller, who has the lease. */
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

  /** Asks, and stores nothing. */
  unstored<Part>(generation: Generation<Part>, reason: Unstorable): Begun<Part> {
    const begun = this.begin(generation, reason)
    this.#ctx.platform.defer(begun.run())
    return begun
  }

  /** Asks, and stores the answer in place of the one there is. With Redis away nothing is stored. */
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

  /** Stores what comes of the work, under a ticket that is extended while it goes on. */
  async #settle<Part>(
    ticket: Ticket<unknown>,
    work: Promise<StoredAnswer<Part> | undefined>,
  ): Promise<void> {
    const { platform } = this.#ctx
    const ended = work.catch(() => undefined)
    let answer = await settledWithin(platform, EXTEND_MS, ended)
    while (answer === TIMED_OUT) {
      // Should it fail, the commit finds out.
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

  /** The answer may be stored a little later than its pointers: until then they lead to nothing. */
  #introduce<Part>({ request, source, search }: Generation<Part>, parts: readonly Part[]) {
    return this.#ctx.tiers.introduce(
      request,
      search.match,
      () => source.textOf(parts),
      ({ parts: stored }) => source.textOf(stored as readonly Part[]),
    )
  }
}
