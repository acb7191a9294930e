/**
 * Lists kept in this process, with their pages. Each reader carries its list on over the entries that
 * were added to the change log since the last read.
 *
 * A list is valid at a position of the log. Its page is kept until the log has a change of one of its
 * messages. If a write under way may change the list or the page, they are served only within the allowed
 * lag, counted from the last look that showed no such write.
 *
 * @module
 */

import type { LogView } from '../../cache/change-log.ts'
import type { Platform } from '../../platform/platform.ts'
import type { EmailAnalytics } from '../analytics.ts'
import type { EmailPage } from '../email-repository.ts'
import { type Ids, isWithin, type Looked, type Looks } from './looks.ts'
import { frozen } from './near-rows.ts'
import type { Question } from './question.ts'
import { carryOn, isInDoubt, type Replayed } from './replay.ts'
import { Touches } from './touches.ts'
import type { ListWindow } from './window.ts'

/** A kept list. */
export interface NearList {
  readonly question: Question
  readonly window: ListWindow
  /** The frozen page, if none of its messages has changed since it was built. */
  readonly page: EmailPage | undefined
}

/** A kept list, carried on to a look. */
export interface KeptList {
  readonly kind: 'kept'
  readonly list: NearList
  readonly looked: Looked
}

/** The result of {@link NearLists.find}. */
export type Found =
  | KeptList
  /** A write under way may change it. */
  | { readonly kind: 'in-doubt' }
  | { readonly kind: 'none' }

interface Kept {
  readonly question: Question
  /** Epoch milliseconds. */
  readonly until: number
  window: ListWindow
  page: EmailPage | undefined
  /** The ids of the messages of `page`. */
  ids: ReadonlySet<string>
  /** The last time when no write under way could change the list or its page, in epoch milliseconds. */
  clearAt: number
  /** Whether it has changed since `clearAt`: of two concurrent writes it may show only the later one (M2). */
  isMixed: boolean
}

/** Options of {@link NearLists}. */
export interface NearListsOptions {
  readonly looks: Looks
  readonly platform: Platform
  readonly maxLists: number
  readonly ttlMs: number
  readonly lagMs: number
}

const NONE: Found = { kind: 'none' }
const IN_DOUBT: Found = { kind: 'in-doubt' }
const NO_IDS: ReadonlySet<string> = new Set()

/** Lists by name; readers choose the names. */
export class NearLists {
  readonly #kept = new Map<string, Kept>()
  readonly #touches = new Touches()
  readonly #options: NearListsOptions

  constructor(options: NearListsOptions) {
    this.#options = options
  }

  /** Finds a list for a read that began with this call. */
  async find(name: string): Promise<Found> {
    if (!this.#kept.has(name)) return NONE
    const looked = await this.#options.looks.view()
    const now = this.#options.platform.now()
    const kept = this.#kept.get(name)
    if (looked === undefined || kept === undefined) return NONE
    this.#kept.delete(name)
    if (now >= kept.until || !this.#carry(kept, looked)) return NONE
    // Inserted again, so that it is last in the order of eviction.
    this.#kept.set(name, kept)
    // A look from before the list was carried on does not show which writes were under way by then.
    const isOld = kept.isMixed && kept.window.at > looked.view.at
    if (!isOld && !mayBeWritten(kept, looked)) {
      kept.clearAt = Math.max(kept.clearAt, looked.since)
      kept.isMixed = false
    } else if (kept.isMixed || !isWithin(kept.clearAt, now, this.#options.lagMs)) {
      return IN_DOUBT
    }
    const { question, window, page } = kept
    return { kind: 'kept', list: { question, window, page }, looked }
  }

  /** Keeps a list that is valid for the view of a look, and its page if the list is at the view's position. */
  put(
    name: string,
    { question, window, page }: NearList,
    { view, since }: Pick<Looked, 'view' | 'since'>,
  ): void {
    const { platform, maxLists, ttlMs } = this.#options
    // A list with another epoch, or none, was not stored, because a write under way may change it.
    if (window.epoch !== view.epoch || maxLists === 0) return
    const made = isAsOf(window, view) ? page && shared(page) : undefined
    if (window.figures) shareFigures(window.figures)
    this.#kept.delete(name)
    this.#kept.set(name, {
      question,
      until: platform.now() + ttlMs,
      window,
      page: made,
      ids: idsOf(made),
      clearAt: since,
      isMixed: false,
    })
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > maxLists && oldest !== undefined) this.#kept.delete(oldest)
  }

  /**
   * Keeps a page that was built from a list that was found.
   *
   * @param since Epoch milliseconds: each message of the page was current at that time or later.
   */
  putPage(name: string, { list, looked }: KeptList, page: EmailPage, since: number): void {
    const kept = this.#kept.get(name)
    // Another read has carried the list on, perhaps over changes of messages of this page.
    if (kept?.window !== list.window || !isAsOf(list.window, looked.view)) return
    kept.page = shared(page)
    kept.ids = idsOf(page)
    kept.clearAt = Math.min(kept.clearAt, since)
  }

  /** Drops a list; without a name, all lists. */
  forget(name?: string): void {
    if (name === undefined) this.#kept.clear()
    else this.#kept.delete(name)
  }

  /** Carries a list on. @returns False if the log does not show what has changed. */
  #carry(kept: Kept, { view }: Looked): boolean {
    const { question, window } = kept
    if (window.epoch !== view.epoch) return false
    // Another read has already carried it on to a later look.
    if (window.at >= view.at) return true
    const isTouched = this.#touches.ofShape(question.shape, window.at, view)
    const replayed = isTouched ? carryOn(question, window, view) : movedTo(window, view)
    if (replayed.kind !== 'current') return false
    if (replayed.isChanged || this.#touches.ofMessages(kept.ids, window.at, view)) {
      kept.page = undefined
      kept.ids = NO_IDS
    }
    kept.window = replayed.window
    kept.isMixed ||= replayed.isChanged
    return true
  }
}

/** The result for a list that no entry touched. */
function movedTo(window: ListWindow, { at }: LogView): Replayed {
  return { kind: 'current', window: { ...window, at }, replayed: 0, isChanged: false }
}

/** Whether list and view are at the same position; if the list is further, messages of the view may be older. */
function isAsOf(window: ListWindow, view: LogView): boolean {
  return window.at === view.at
}

/** Whether a write under way may change the list or a message of its page. */
function mayBeWritten({ question, window, ids }: Kept, { view, marked }: Looked): boolean {
  return isInDoubt(question, window, view) || haveInCommon(marked, ids)
}

function haveInCommon(some: Ids, ids: ReadonlySet<string>): boolean {
  if (some === 'all') return true
  for (const id of some) if (ids.has(id)) return true
  return false
}

function idsOf(page: EmailPage | undefined): ReadonlySet<string> {
  return page === undefined ? NO_IDS : new Set(page.emails.map(({ id }) => id))
}

/** Freezes figures with their parts, because reads share them. */
function shareFigures(figures: EmailAnalytics): void {
  for (const part of [figures, ...Object.values(figures), ...figures.workload]) Object.freeze(part)
}

/** Freezes a page, because reads share it. */
function shared(page: EmailPage): EmailPage {
  for (const email of page.emails) frozen(email)
  Object.freeze(page.emails)
  return Object.freeze(page)
}
