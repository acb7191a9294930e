/**
 * Reads of lists: one look at what is stored and at the change log, replay, and SQL where that is not
 * enough.
 *
 * @module
 */

import type { LogView } from '../../cache/change-log.ts'
import type { CacheNamespace } from '../../cache/namespace.ts'
import type { Seeker } from '../../cache/seek.ts'
import type { TtlClass } from '../../entry/duration.ts'
import type { Platform } from '../../platform/platform.ts'
import type { Looked, Looks } from './looks.ts'
import type { Question } from './question.ts'
import { isInDoubt, type Replayed, replay } from './replay.ts'
import type { ListCounts } from './stats.ts'
import { type ListWindow, pageOf } from './window.ts'

/** What SQL answers to a question. */
export type Filled = Pick<ListWindow, 'rows' | 'end' | 'total' | 'figures'>

/** A list that was carried on over so many entries is stored as it is then. */
const RESTAMP_AFTER = 64

/** A list, and the look under which it holds. */
export interface Viewed {
  readonly window: ListWindow
  /** Undefined when there was none to be had: the list is as SQL answered it. */
  readonly looked: Looked | undefined
}

/** Says that a list must neither be served from the cache nor be stored now. */
const IN_DOUBT = Symbol('in doubt')

/** What the reads of lists work with. */
export interface ListsOptions {
  readonly lists: CacheNamespace<ListWindow>
  /** Of the lists. */
  readonly seeker: Seeker<ListWindow>
  readonly looks: Looks
  readonly platform: Platform
  readonly counts: ListCounts
}

/** The lists of a mailbox. */
export class CachedLists {
  readonly #lists: CacheNamespace<ListWindow>
  readonly #seeker: Seeker<ListWindow>
  readonly #looks: Looks
  readonly #platform: Platform
  readonly #counts: ListCounts

  constructor({ lists, seeker, looks, platform, counts }: ListsOptions) {
    this.#lists = lists
    this.#seeker = seeker
    this.#looks = looks
    this.#platform = platform
    this.#counts = counts
  }

  /**
   * Answers a window that holds for every write that had returned when this was called. One that was read
   * from SQL is stored behind the answer, for others.
   *
   * @param fill Asks SQL, on a view as new as every write acknowledged before.
   * @param until `stored`: when it has been stored, if it is to be.
   * @returns Undefined when there is none to be had from the cache, and SQL is to be asked past it.
   * @throws Whatever `fill` rejected with, unchanged.
   */
  async read(
    question: Question,
    ttl: TtlClass,
    fill: () => Promise<Filled>,
    until: 'read' | 'stored' = 'read',
  ): Promise<Viewed | undefined> {
    // In the tick of the look at the list, hence in its request.
    const looking = this.#looks.of(question.shape)
    const viewing = looking.then((looked) => looked?.view)
    const made = Promise.withResolvers<ListWindow>()
    const own: { window?: ListWindow } = {}
    try {
      const reading = this.#seeker.getOrSet(
        question.key,
        async ({ skip, share }) => {
          const { filled, view } = await this.#fill(question, await viewing, fill)
          if (view === undefined) skip()
          own.window = stamped(filled, view)
          made.resolve(own.window)
          share(own.window)
          return own.window
        },
        { ttl, reconcile: async (stored) => this.#judge(question, stored, await viewing) },
        until === 'read' ? 'soon' : 'at once',
      )
      const window = await (until === 'read' ? Promise.race([made.promise, reading]) : reading)
      const looked = await looking
      if (own.window !== undefined) this.#counts.loaded++
      if (own.window === window) {
        this.#platform.defer(unheard(reading))
        return { window, looked }
      }
      // It may be a load that others began before this read did, and share.
      const served = this.#serve(question, window, looked?.view)
      return served && { window: served, looked }
    } catch (error) {
      if (error !== IN_DOUBT) throw error
      this.#counts.bypassed++
      return undefined
    }
  }

  /** Forgets a list, since it does not fit the messages. */
  async forget(question: Question): Promise<void> {
    await this.#lists.delete(question.key)
  }

  /** Asks SQL. The view under which the answer may be stored is left out if there is none. */
  async #fill(
    question: Question,
    view: LogView | undefined,
    fill: () => Promise<Filled>,
  ): Promise<{ readonly filled: Filled; readonly view: LogView | undefined }> {
    const filled = await fill()
    if (view === undefined || isInDoubt(question, filled, view)) return { filled, view: undefined }
    if (filled.total === undefined) return { filled, view }
    // A total can be carried on only from a state of which it is known what had happened.
    const after = (await this.#looks.of(question.shape))?.view
    const isExact = after && isUntouched(replay(question, stamped(filled, view), after))
    return { filled, view: isExact ? view : undefined }
  }

  /** What a stored list is carried on to; `undefined` if it has to be read anew. */
  #judge(
    question: Question,
    stored: ListWindow,
    view: LogView | undefined,
  ): ListWindow | undefined {
    if (view === undefined) return undefined
    const replayed = replay(question, stored, view)
    if (replayed.kind === 'in-doubt') throw IN_DOUBT
    if (replayed.kind === 'outdated') return undefined
    if (question.order && pageOf(replayed.window, question) === undefined) return undefined
    if (replayed.replayed >= RESTAMP_AFTER) this.#restamp(question, view)
    return replayed.window
  }

  #serve(
    question: Question,
    window: ListWindow,
    view: LogView | undefined,
  ): ListWindow | undefined {
    const current = view && this.#judge(question, window, view)
    if (current === undefined) this.#counts.bypassed++
    else this.#counts.hits++
    return current
  }

  /** Stores a list as it was carried on, behind the answer, so that it is not gone through again. */
  #restamp(question: Question, view: LogView): void {
    const carryOn = (stored: ListWindow): ListWindow | undefined => {
      const replayed = replay(question, stored, view)
      return replayed.kind === 'current' && replayed.replayed > 0 ? replayed.window : undefined
    }
    this.#platform.defer(unheard(this.#lists.amend(question.key, carryOn)))
  }
}

/** Work behind an answer that has been given: whoever listens to the cache is told how it ended. */
function unheard(work: Promise<unknown>): Promise<void> {
  return work.then(
    () => undefined,
    () => undefined,
  )
}

function stamped(filled: Filled, view: LogView | undefined): ListWindow {
  const { epoch = '', at = 0, isShapeKnown = false } = view ?? {}
  return { ...filled, epoch, at, isTagged: isShapeKnown }
}

function isUntouched(replayed: Replayed): boolean {
  return replayed.kind === 'current' && !replayed.isChanged
}
