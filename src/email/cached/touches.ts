/**
 * What the change log has told, by what it touches: a list of which nothing was told since is as it was,
 * and its reader need not go through what was told of all the others.
 *
 * @module
 */

import type { LogView } from '../../cache/change-log.ts'
import type { LogEntry } from '../../cache/log-mirror.ts'
import { unpackChange } from './change.ts'
import { toldBy } from './looks.ts'
import { type ShapeTags, touchedTags } from './shape.ts'

/** Names that are remembered of each kind; with more, what was told before is not known any more. */
const MOST_NAMES = 16_384
/** Shapes that are remembered; the ones longest known leave first. */
const MOST_SHAPES = 64

/** Tells for lists, as of a position, whether they were touched since. */
export class Touches {
  readonly #messages = new LastTold(toldBy)
  readonly #shapes = new Map<string, LastTold>()

  /** Whether one of these messages was told of after a position, as far as the view goes. */
  ofMessages(ids: Iterable<string>, position: number, view: LogView): boolean {
    return this.#messages.isTold(ids, position, view)
  }

  /** Whether a list of these tags may have changed after a position, as far as the view goes. */
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

/** Where each name of a kind was last told of. */
class LastTold {
  readonly #namesIn: (entry: LogEntry) => 'all' | Iterable<string>
  readonly #last = new Map<string, number>()
  #epoch = ''
  /** All is known that was told after the one position, up to the other. */
  #from = 0
  #at = 0
  /** Where any name may have been told of. */
  #any = 0

  constructor(namesIn: (entry: LogEntry) => 'all' | Iterable<string>) {
    this.#namesIn = namesIn
  }

  /** What is not known counts as told. */
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
