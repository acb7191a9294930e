/**
 * Who is present on a channel, and what its subscribers have been told.
 *
 * A user is present while it has a connection, and for a grace after the last one ended. The roster also
 * keeps what subscribers know, and each batch is the difference. So a user who leaves and comes back between
 * two batches, or within the grace, costs no frame, and nothing is told twice or never.
 *
 * Up to a limit users are named, in the order in which they joined. Further users are only counted, and are
 * named when a place becomes free: a room of thousands costs what the limit costs.
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
  /** Users that may differ from what was told. */
  #touched = new Set<string>()
  readonly #leaving = new Set<string>()
  /** Present users that are not named yet, in the order in which they joined. */
  readonly #unnamed = new Set<string>()
  /** Present users that are not in the count that was told. */
  #uncounted = new Set<string>()
  readonly #unsaved = new Set<string>()
  #toldCount = 0
  #stays = 0
  #toldUsers: readonly RosterUser[] | undefined
  #passages: Passage[] = []

  constructor(rules: RosterRules) {
    this.#rules = rules
  }

  /** Restores the stored rows, in their stored order. Only for start-up. */
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
    // If all counted users were named, the unnamed users are not in the count.
    if (toldCount === this.#told.size) this.#uncounted = new Set(this.#unnamed)
  }

  /** Applies a change in the number of a user's connections. */
  apply({ id, total, info, reason }: TotalChange, now: number): void {
    if (total > 0) this.#arrive(id, info)
    else this.#depart(id, now + this.#rules.grace[reason], now)
  }

  /** Replaces the information of a present user. @returns Whether the user is present. */
  update(id: string, info: string | undefined): boolean {
    const present = this.#present.get(id)
    if (present === undefined) return false
    if (present.info !== info) this.#set(id, { ...present, info })
    return true
  }

  /** Removes users whose grace is over. */
  settle(now: number): void {
    for (const id of this.#leaving) {
      const { leavesAt = now } = this.#present.get(id) ?? {}
      if (leavesAt <= now) this.#remove(id, 'graced')
    }
  }

  /** When the next grace is over, in epoch milliseconds. */
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

  /** All present users, named or not. */
  ids(): string[] {
    return [...this.#present.keys()]
  }

  /** Whether no user is present, and no leave is still to be told. */
  get isEmpty(): boolean {
    return this.#present.size === 0 && this.#told.size === 0 && this.#toldCount === 0
  }

  /** Whether a batch would contain anything. */
  get isChanged(): boolean {
    return this.#present.size !== this.#toldCount || this.#differs()
  }

  /** The changes since the last call, or `undefined` if there are none. From now on they count as told. */
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
   * The snapshot for a user who has joined: what the other subscribers know, and the user itself. The next
   * batch is for this user too.
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

  /** Whether what subscribers were told about a user is no longer true. */
  isMistold(id: string): boolean {
    const told = this.#told.get(id)
    return told !== undefined && !isSame(this.#present.get(id), told)
  }

  /**
   * Joins and leaves since the last call, in order, of named and unnamed users. During the grace a user is
   * present.
   */
  takePassages(): readonly Passage[] {
    const passages = this.#passages
    this.#passages = []
    return passages
  }

  /** How many users were present at the last batch. */
  get toldCount(): number {
    return this.#toldCount
  }

  /** The changes to store since the last call; an `undefined` row was deleted. */
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
      // A user who came back unchanged before the leave was told keeps its stay, so nothing is told.
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

  /** Compares a user with what was told of it, and adds its update or leave to the batch. */
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

  /** Names users while there are places: first those that were named before, then those that wait. */
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
