/**
 * An index of the change log by message and tag. If nothing touched a list since its position, it has not
 * changed, and its reader need not replay the changes of all other lists.
 *
 * @module
 */

import type { LogView } from '../../cache/change-log.ts'
import type { LogEntry } from '../../cache/log-mirror.ts'
import { unpackChange } from './change.ts'
import { toldBy } from './looks.ts'
import { type ShapeTags, touchedTags } from './shape.ts'

/** The most names that are remembered of each kind. With more, the index is cleared and starts again. */
const MOST_NAMES = 16_384
/** The most shapes that are remembered; the oldest are evicted first. */
const MOST_SHAPES = 64

/** Whether messages or lists were touched since a position. */
export class Touches {
  readonly #messages = new LastTold(toldBy)
  readonly #shapes = new Map<string, LastTold>()

  /** Whether an entry after `position`, up to the view, may have changed one of these messages. */
  ofMessages(ids: Iterable<string>, position: number, view: LogView): boolean {
    return this.#messages.isTold(ids, position, view)
  }

  /** Whether an entry after `position`, up to the view, may have changed a list with these tags. */
  ofShape({ shape, tags }: ShapeTags, position: number, view: LogView): boolean {
    const known = this.#shapes.get(shape)
    const told = known ?? new LastTold((entry) => tagsToldBy(shape, entry))
    if (known === undefined) this.#add(shape, told)
    return told.isTold(tags, position, view)
  }

  #add(shape: string, told: LastTold): void {
    this.#shapes.set(shape, told)
    const [oldest] = this.#shapes.keys()
    if (this.#shapes.size > MOST_SHAPES && oldest !== undefined) this.#shapes.delete(oldest)
  }
}

/** The position of the latest entry for each name of a kind. */
class LastTold {
  readonly #namesIn: (entry: LogEntry) => 'all' | Iterable<string>
  readonly #last = new Map<string, number>()
  #epoch = ''
  /** All entries after `#from` and up to `#at` are indexed. */
  #from = 0
  #at = 0
  /** Position of the latest entry that may concern any name. */
  #any = 0

  constructor(namesIn: (entry: LogEntry) => 'all' | Iterable<string>) {
    this.#namesIn = namesIn
  }

  /** True also if it is unknown. */
  isTold(names: Iterable<string>, position: number, view: LogView): boolean {
    this.#advance(position, view)
    if (position < this.#from || position < this.#any) return true
    for (const name of names) if ((this.#last.get(name) ?? 0) > position) return true
    return false
  }

  #advance(position: number, view: LogView): void {
    if (view.epoch !== this.#epoch) this.#startAt(position, view.epoch)
    if (view.at <= this.#at) return
    const entries = view.since(this.#at)
    if (entries === undefined) this.#startAt(view.at, view.epoch)
    else for (const entry of entries) this.#note(entry)
    this.#at = view.at
    if (this.#last.size > MOST_NAMES) this.#startAt(view.at, view.epoch)
  }

  #note(entry: LogEntry): void {
    const names = this.#namesIn(entry)
    if (names === 'all') this.#any = entry.at
    else for (const name of names) this.#last.set(name, entry.at)
  }

  #startAt(position: number, epoch: string): void {
    this.#last.clear()
    this.#epoch = epoch
    this.#from = position
    this.#at = position
    this.#any = 0
  }
}

function tagsToldBy(shape: string, { kind, value }: LogEntry): 'all' | readonly string[] {
  const rows = kind === 'unknown' ? undefined : unpackChange(value)?.rows
  return rows === undefined ? 'all' : touchedTags([shape], rows)
}
