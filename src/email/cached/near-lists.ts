/**
 * Lists kept in this process, with the pages made of them: each is carried on by its reader, over what
 * the change log tells since the last one.
 *
 * A list is right as of a position of the log, and a page of it is kept until the log tells of one of
 * its messages. A write under way may have changed either; then they are served only within the lag
 * that was allowed, counted from the last look that showed no such write.
 *
 * @module
 */

import type { LogView } from '../../cache/change-log.ts'
import type { Platform } from '../../platform/platform.ts'
import type { EmailPage } from '../email-repository.ts'
import { type Ids, isWithin, type Looked, type Looks } from './looks.ts'
import { frozen } from './near-rows.ts'
import type { Question } from './question.ts'
import { carryOn, isInDoubt, type Replayed } from './replay.ts'
import { Touches } from './touches.ts'
import type { ListWindow } from './window.ts'

/** A list as it was found. */
export interface NearList {
  readonly question: Question
  readonly window: ListWindow
  /** As it was made before, if none of its messages was told of since. Nobody can change it. */
  readonly page: EmailPage | undefined
}

/** A list, and the look that it was carried on to. */
export interface KeptList {
  readonly kind: 'kept'
  readonly list: NearList
  readonly looked: Looked
}

/** What there is of a list. */
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
  /** Those of the page. */
  ids: ReadonlySet<string>
  /** Epoch milliseconds at which no write under way could be of it. */
  clearAt: number
  /** Whether it has changed since: of two writes at once it may show the later one alone (M2). */
  isMixed: boolean
}

/** Bounds of lists. */
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

/** Lists, by names that their readers give them. */
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
    // Behind the others: it was used last.
    this.#kept.set(name, kept)
    if (!mayBeWritten(kept, looked)) {
      kept.clearAt = Math.max(kept.clearAt, looked.since)
      kept.isMixed = false
    } else if (kept.isMixed || !isWithin(kept.clearAt, now, this.#options.lagMs)) {
      return IN_DOUBT
    }
    const { question, window, page } = kept
    return { kind: 'kept', list: { question, window, page }, looked }
  }

  /** Keeps a list that holds under the view of a look; and its page, if it was read after that. */
  put(
    name: string,
    { question, window, page }: NearList,
    { view, since }: Pick<Looked, 'view' | 'since'>,
  ): void {
    const { platform, maxLists, ttlMs } = this.#options
    // It was not stored: a write under way may be of it.
    if (window.epoch !== view.epoch || maxLists === 0) return
    const made = isAsOf(window, view) ? page && shared(page) : undefined
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
   * Keeps a page that was made of a list that was found.
   *
   * @param since Epoch milliseconds: each of its messages was right then, or later.
   */
  putPage(name: string, { list, looked }: KeptList, page: EmailPage, since: number): void {
    const kept = this.#kept.get(name)
    // Another read has carried the list on, over what may be of its messages.
    if (kept?.window !== list.window || !isAsOf(list.window, looked.view)) return
    kept.page = shared(page)
    kept.ids = idsOf(page)
    kept.clearAt = Math.min(kept.clearAt, since)
  }

  /** Drops a list, or all. */
  forget(name?: string): void {
    if (name === undefined) this.#kept.clear()
    else this.#kept.delete(name)
  }

  /** Carries a list on. @returns Whether it is known what has happened to it. */
  #carry(kept: Kept, { view }: Looked): boolean {
    const { question, window } = kept
    if (window.epoch !== view.epoch) return false
    // Another read had a later look.
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

/** A list of which nothing was told. */
function movedTo(window: ListWindow, { at }: LogView): Replayed {
  return { kind: 'current', window: { ...window, at }, replayed: 0, isChanged: false }
}

/** Whether messages that are right under the view are so where the list is: it may be beyond. */
function isAsOf(window: ListWindow, view: LogView): boolean {
  return window.at === view.at
}

/** Whether a write under way may be of the list or of a message of its page. */
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

/** A page that nobody can change: reads share it. */
function shared(page: EmailPage): EmailPage {
  for (const email of page.emails) frozen(email)
  Object.freeze(page.emails)
  return Object.freeze(page)
}
