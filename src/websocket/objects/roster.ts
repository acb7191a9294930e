/**
 * Who is present on a channel, and what its subscribers have been told of it.
 *
 * A user is present while one of the user's connections is, and for a grace after the last went. What
 * subscribers know is kept beside it, and each batch tells the difference. So whoever leaves and comes
 * back in between, or within the grace, costs no frame, and nothing is told twice or never.
 *
 * Up to a limit users are told by name, in the order they came. Beyond it newcomers are counted alone,
 * and are named when a place becomes free: a room of thousands costs what the limit costs.
 *
 * @module
 */

import type { TotalChange } from './hub-counts.ts'
import type {
  Passage,
  Present,
  RosterDiff,
  RosterRow,
  RosterRules,
  RosterSnapshot,
  RosterUser,
  Told,
} from './roster-types.ts'

/** Pure: it stores nothing and reads no clock. */
export class Roster {
  readonly #rules: RosterRules
  readonly #present = new Map<string, Present>()
  readonly #told = new Map<string, Told>()
  /** Whoever may differ from what was told. */
  #touched = new Set<string>()
  readonly #leaving = new Set<string>()
  /** Present and not named, for want of a place; in the order they came. */
  readonly #unnamed = new Set<string>()
  /** Present, and not in the count that was told. */
  #uncounted = new Set<string>()
  readonly #unsaved = new Set<string>()
  #toldCount = 0
  #stays = 0
  #toldUsers: readonly RosterUser[] | undefined
  #passages: Passage[] = []

  constructor(rules: RosterRules) {
    this.#rules = rules
  }

  /** Puts back what was stored, in the order it was told; only for the start. */
  restore(rows: Iterable<readonly [string, RosterRow]>, toldCount: number): void {
    for (const [id, { present, told }] of rows) {
      if (present) this.#present.set(id, present)
      if (present?.leavesAt !== undefined) this.#leaving.add(id)
      if (told) this.#told.set(id, told)
      else if (present) this.#unnamed.add(id)
      this.#touched.add(id)
      this.#stays = Math.max(this.#stays, present?.stay ?? 0, told?.stay ?? 0)
    }
    this.#toldCount = toldCount
    // Where all that were counted have been named, whoever is not named is not counted.
    if (toldCount === this.#told.size) this.#uncounted = new Set(this.#unnamed)
  }

  /** Takes in that a user's connections have changed in number. */
  apply({ id, total, info, reason }: TotalChange, now: number): void {
    if (total > 0) this.#arrive(id, info)
    else this.#depart(id, now + this.#rules.grace[reason], now)
  }

  /** Gives a user that is present other information. @returns Whether the user is. */
  update(id: string, info: string | undefined): boolean {
    const present = this.#present.get(id)
    if (present === undefined) return false
    if (present.info !== info) this.#set(id, { ...present, info })
    return true
  }

  /** Lets go whoever's grace is over. */
  settle(now: number): void {
    for (const id of this.#leaving) {
      const { leavesAt = now } = this.#present.get(id) ?? {}
      if (leavesAt <= now) this.#remove(id, 'graced')
    }
  }

  /** The first instant at which a grace is over. */
  get nextLeaveAt(): number | undefined {
    let first: number | undefined
    for (const id of this.#leaving) {
      const at = this.#present.get(id)?.leavesAt
      if (at !== undefined) first = Math.min(first ?? at, at)
    }
    return first
  }

  /** Users that are present. */
  get count(): number {
    return this.#present.size
  }

  has(id: string): boolean {
    return this.#present.has(id)
  }

  /** Everybody that is present, named or not. */
  ids(): string[] {
    return [...this.#present.keys()]
  }

  /** Whether nobody is present, and everybody knows. */
  get isEmpty(): boolean {
    return this.#present.size === 0 && this.#told.size === 0 && this.#toldCount === 0
  }

  /** Whether a batch would have something to tell. */
  get isChanged(): boolean {
    return this.#present.size !== this.#toldCount || this.#differs()
  }

  /** What has changed since the last call, which from now on counts as told; `undefined` if nothing. */
  takeDiff(): RosterDiff | undefined {
    const leaves: string[] = []
    const updates: RosterUser[] = []
    const names = new Set<string>()
    for (const id of this.#touched) this.#compare(id, { leaves, updates, names })
    const joins = this.#name(names)
    const count = this.#present.size
    const isNews = joins.length + leaves.length + updates.length > 0 || count !== this.#toldCount
    this.#touched = new Set()
    this.#uncounted = new Set()
    this.#toldCount = count
    if (joins.length + leaves.length + updates.length > 0) this.#toldUsers = undefined
    return isNews ? { joins, leaves, updates, count } : undefined
  }

  /**
   * What a user is told who has come: all that the others know, and the user. What they are told next
   * goes for the user too.
   */
  snapshotFor(id: string): RosterSnapshot {
    this.#toldUsers ??= [...this.#told].map(([other, { info }]) => ({ id: other, info }))
    const present = this.#told.has(id) ? undefined : this.#present.get(id)
    return {
      count: this.#toldCount + (this.#uncounted.has(id) ? 1 : 0),
      told: this.#toldUsers,
      own: present && { id, info: present.info },
    }
  }

  /** Whether the others were told something else of a user than what is so. */
  isMistold(id: string): boolean {
    const told = this.#told.get(id)
    return told !== undefined && !isSame(this.#present.get(id), told)
  }

  /** Who came and went since the last call, in order, whether named or not. Grace counts as being there. */
  takePassages(): readonly Passage[] {
    const passages = this.#passages
    this.#passages = []
    return passages
  }

  /** How many users were there when the last batch was told. */
  get toldCount(): number {
    return this.#toldCount
  }

  /** What has to be stored since the last call: a row that is `undefined` was dropped. */
  takeChanges(): readonly (readonly [string, RosterRow | undefined])[] {
    const rows = [...this.#unsaved].map((id) => [id, this.#row(id)] as const)
    this.#unsaved.clear()
    return rows
  }

  #row(id: string): RosterRow | undefined {
    const present = this.#present.get(id)
    const told = this.#told.get(id)
    return present || told ? { present, told } : undefined
  }

  #arrive(id: string, info: string | undefined): void {
    const present = this.#present.get(id)
    if (present === undefined) {
      // Gone and back, the same as before, and nobody was told: then nothing happened.
      const told = this.#told.get(id)
      const stay = told && told.info === info ? told.stay : ++this.#stays
      this.#set(id, { info, stay, leavesAt: undefined })
      this.#passages.push({ id, kind: 'came' })
      if (!told) {
        this.#unnamed.add(id)
        this.#uncounted.add(id)
      }
    } else if (present.leavesAt !== undefined) {
      this.#set(id, { ...present, info: info ?? present.info, leavesAt: undefined })
    }
  }

  #depart(id: string, leavesAt: number, now: number): void {
    const present = this.#present.get(id)
    if (present === undefined) return
    if (leavesAt <= now) this.#remove(id, 'left')
    else this.#set(id, { ...present, leavesAt })
  }

  #set(id: string, present: Present): void {
    this.#present.set(id, present)
    if (present.leavesAt === undefined) this.#leaving.delete(id)
    else this.#leaving.add(id)
    this.#touch(id)
  }

  #remove(id: string, kind: 'left' | 'graced'): void {
    this.#present.delete(id)
    this.#passages.push({ id, kind })
    this.#leaving.delete(id)
    this.#unnamed.delete(id)
    this.#uncounted.delete(id)
    this.#touch(id)
  }

  #touch(id: string): void {
    this.#touched.add(id)
    this.#unsaved.add(id)
  }

  #differs(): boolean {
    for (const id of this.#touched) {
      const present = this.#present.get(id)
      const told = this.#told.get(id)
      if (told ? !isSame(present, told) : present && this.#told.size < this.#rules.namedLimit) {
        return true
      }
    }
    return false
  }

  /** Compares one user with what was told of it, and tells what is to be told at once. */
  #compare(
    id: string,
    batch: { leaves: string[]; updates: RosterUser[]; names: Set<string> },
  ): void {
    const present = this.#present.get(id)
    const told = this.#told.get(id)
    if (told === undefined || isSame(present, told)) return
    this.#unsaved.add(id)
    if (present?.stay === told.stay) {
      this.#told.set(id, { info: present.info, stay: present.stay })
      batch.updates.push({ id, info: present.info })
      return
    }
    this.#told.delete(id)
    batch.leaves.push(id)
    if (present) batch.names.add(id)
  }

  /** Names those first who were named before, then who waits, as far as there are places. */
  #name(first: ReadonlySet<string>): RosterUser[] {
    const joins: RosterUser[] = []
    for (const id of first) this.#unnamed.add(id)
    for (const id of first.size === 0 ? this.#unnamed : [...first, ...this.#unnamed]) {
      if (this.#told.size >= this.#rules.namedLimit) break
      const present = this.#present.get(id)
      if (present === undefined || this.#told.has(id)) continue
      this.#told.set(id, { info: present.info, stay: present.stay })
      this.#unnamed.delete(id)
      this.#unsaved.add(id)
      joins.push({ id, info: present.info })
    }
    return joins
  }
}

function isSame(present: Present | undefined, told: Told): boolean {
  return present?.stay === told.stay && present.info === told.info
}
