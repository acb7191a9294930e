/**
 * Reads of lists: one look at the stored list and at the change log, then replay; SQL only if the list is
 * missing or cannot be carried on.
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

/** The result of a question in SQL. */
export type Filled = Pick<ListWindow, 'rows' | 'end' | 'total' | 'figures'>

/** A list that was carried on over this many log entries is stored again, in its new state. */
const RESTAMP_AFTER = 64

/** A list, and the look at the change log for which it is valid. */
export interface Viewed {
  readonly window: ListWindow
  /** Undefined if Redis could not be asked; the list is then as read from SQL. */
  readonly looked: Looked | undefined
}

/** Thrown when a write under way may change the list: it must neither be served from the cache nor stored. */
const IN_DOUBT = Symbol('in doubt')

/** Options of {@link CachedLists}. */
export interface ListsOptions {
  readonly lists: CacheNamespace<ListWindow>
  /** Reads `lists`, and takes the lease in the same request. */
  readonly seeker: Seeker<ListWindow>
  readonly looks: Looks
  readonly platform: Platform
  readonly counts: ListCounts
}

/** The cached lists of a mailbox. */
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
   * Returns a window that includes every write that had returned before the call. A window read from SQL
   * is stored in the background.
   *
   * @param fill Reads from SQL, in a session that sees every write acknowledged before.
   * @param until `stored` waits until the window is stored, if it is to be stored.
   * @returns Undefined if the cache has no valid window; the caller must then read from SQL directly.
   * @throws Whatever `fill` rejected with, unchanged.
   */
  async read(
    question: Question,
    ttl: TtlClass,
    fill: () => Promise<Filled>,
    until: 'read' | 'stored' = 'read',
  ): Promise<Viewed | undefined> {
    // Begun in the same tick as the look-up of the list, so both go in one request.
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
      // The window may come from a load that another reader began before this read, so check it again.
      const served = this.#serve(question, window, looked?.view)
      return served && { window: served, looked }
    } catch (error) {
      if (error !== IN_DOUBT) throw error
      this.#counts.bypassed++
      return undefined
    }
  }

  /** Deletes a stored list, because it does not agree with the messages. */
  async forget(question: Question): Promise<void> {
    await this.#lists.delete(question.key)
  }

  /** Reads from SQL. Returns no view if the result must not be stored. */
  async #fill(
    question: Question,
    view: LogView | undefined,
    fill: () => Promise<Filled>,
  ): Promise<{ readonly filled: Filled; readonly view: LogView | undefined }> {
    const filled = await fill()
    if (view === undefined || isInDoubt(question, filled, view)) return { filled, view: undefined }
    if (filled.total === undefined) return { filled, view }
    // A total can only be carried on if it is known which changes it includes: none may have come since the look.
    const after = (await this.#looks.of(question.shape))?.view
    const isExact = after && isUntouched(replay(question, stamped(filled, view), after))
    return { filled, view: isExact ? view : undefined }
  }

  /** Carries a stored list on; `undefined` if it must be read from SQL again. */
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

  /** Stores the carried-on list in the background, so that later readers need not replay the same entries. */
  #restamp(question: Question, view: LogView): void {
    const carryOn = (stored: ListWindow): ListWindow | undefined => {
      const replayed = replay(question, stored, view)
      return replayed.kind === 'current' && replayed.replayed > 0 ? replayed.window : undefined
    }
    this.#platform.defer(unheard(this.#lists.amend(question.key, carryOn)))
  }
}

/** Ignores the result of background work: the cache reports it as an event. */
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
