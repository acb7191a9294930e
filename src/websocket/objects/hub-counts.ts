/**
 * Adds up what hubs report, whatever order the reports come in and however often.
 *
 * A row is a count of one hub for one user. It is set, never incremented, and only by a report that is
 * newer than the one that set it; so duplicates, late arrivals and repeated tries change nothing. A
 * complete report replaces all rows of its hub, and a new epoch says that they are all gone.
 *
 * @module
 */

import type { HubReport, LeaveReason, UserCount } from './reports.ts'

/** The counts of one hub as they are stored. */
export interface HubState {
  readonly epoch: number
  /** The last complete report: what is not newer is known. */
  readonly floor: number
  /** The report that set `sockets`. */
  readonly seq: number
  readonly sockets: number
  /** Epoch milliseconds from which the hub is taken for lost unless it is heard of again. */
  readonly leaseUntil: number
}

/** One row as it is stored. Rows of 0 stay until the next complete report, lest a late one revive them. */
export interface CountRow {
  readonly sockets: number
  readonly seq: number
}

/** A user whose connections have changed in number. */
export interface TotalChange {
  readonly id: string
  /** Over all hubs. */
  readonly total: number
  readonly info: string | undefined
  /** Why the last one went; `lost` where nobody said. */
  readonly reason: LeaveReason
}

/** Rows of a hub beyond one a connection: so many of 0 may stay. */
const MAX_IDLE_ROWS = 1_000

interface Hub extends HubState {
  readonly rows: Map<string, CountRow>
}

/** The rows of all hubs of one channel, and their sums. Pure: it stores nothing and reads no clock. */
export class HubCounts {
  readonly #patienceMs: number
  readonly #hubs = new Map<string, Hub>()
  readonly #totals = new Map<string, number>()
  readonly #changedHubs = new Set<string>()
  readonly #changedRows = new Map<string, Set<string>>()

  /** @param options.patienceMs How long after its lease a hub may be silent before it is taken for lost. */
  constructor({ patienceMs }: { readonly patienceMs: number }) {
    this.#patienceMs = patienceMs
  }

  /** Puts back what was stored; only for the start. */
  restore(name: string, state: HubState, rows: Iterable<readonly [string, CountRow]>): void {
    const hub: Hub = { ...state, rows: new Map(rows) }
    this.#hubs.set(name, hub)
    for (const [id, { sockets }] of hub.rows) this.#add(id, sockets)
  }

  /**
   * Takes a report in.
   *
   * @returns The users whose totals it changed, or `undefined` when all of it was known already.
   */
  apply(report: HubReport, leaseUntil: number): readonly TotalChange[] | undefined {
    const { hub: name, epoch, seq } = report
    const before = this.#hubs.get(name)
    if (before && epoch < before.epoch) return undefined
    const isNew = before === undefined || epoch > before.epoch
    const changes = before && isNew ? this.#dropRows(name, before) : []
    const hub: Hub =
      before && !isNew
        ? before
        : { epoch, floor: 0, seq: 0, sockets: 0, leaseUntil, rows: new Map() }
    if (seq <= hub.floor) return undefined

    if (report.isComplete) changes.push(...this.#dropAbsent(name, hub, report))
    for (const user of report.users) changes.push(...this.#set(name, hub, user, seq))
    this.#keep(name, {
      ...hub,
      ...(report.isComplete && { floor: seq }),
      ...(seq > hub.seq && { seq, sockets: report.sockets }),
      leaseUntil: Math.max(leaseUntil, hub.leaseUntil),
    })
    return changes
  }

  /**
   * Extends a lease: the hub was heard of.
   *
   * @param stepMs What is not worth storing.
   */
  renew(name: string, leaseUntil: number, stepMs: number): void {
    const hub = this.#hubs.get(name)
    if (hub && leaseUntil >= hub.leaseUntil + stepMs) this.#keep(name, { ...hub, leaseUntil })
  }

  /** Forgets a hub that nothing is heard of any more, and tells whose connections went with it. */
  forget(name: string): readonly TotalChange[] {
    const hub = this.#hubs.get(name)
    if (hub === undefined) return []
    const changes = this.#dropRows(name, hub)
    this.#hubs.delete(name)
    this.#changedHubs.add(name)
    return changes
  }

  /** The hubs that have subscribed connections: where events have to go. */
  attached(): string[] {
    return [...this.#hubs].filter(([, { sockets }]) => sockets > 0).map(([name]) => name)
  }

  /**
   * Hubs whose lease is over, and the next instant at which something is due: the end of a lease, or of
   * the patience after it. Only hubs with connections have a lease.
   */
  overdue(now: number): { readonly names: readonly string[]; readonly nextAt: number | undefined } {
    const names: string[] = []
    let nextAt: number | undefined
    for (const [name, { sockets, rows, leaseUntil }] of this.#hubs) {
      if (sockets === 0 && !hasSockets(rows)) continue
      if (leaseUntil <= now) names.push(name)
      const at = leaseUntil <= now ? Math.max(now, leaseUntil + this.#patienceMs) : leaseUntil
      nextAt = Math.min(nextAt ?? at, at)
    }
    return { names, nextAt }
  }

  /** Whether a hub's lease is over, and the patience too. */
  isSilent(name: string, now: number): boolean {
    const hub = this.#hubs.get(name)
    return hub !== undefined && hub.leaseUntil + this.#patienceMs <= now
  }

  /** Whether no hub has a connection. */
  get isEmpty(): boolean {
    for (const { sockets, rows } of this.#hubs.values()) {
      if (sockets > 0 || hasSockets(rows)) return false
    }
    return true
  }

  /** Forgets all hubs; only while none has a connection. */
  reset(): void {
    this.#hubs.clear()
    this.#totals.clear()
  }

  /** Whether a hub has been heard of, and not been forgotten since. */
  knows(name: string): boolean {
    return this.#hubs.has(name)
  }

  /** Whether a hub has so many rows of 0 that it should make a complete report, with which they go. */
  isCluttered(name: string): boolean {
    const hub = this.#hubs.get(name)
    return hub !== undefined && hub.rows.size >= hub.sockets + MAX_IDLE_ROWS
  }

  /** Subscribed connections over all hubs. */
  get sockets(): number {
    let sum = 0
    for (const { sockets } of this.#hubs.values()) sum += sockets
    return sum
  }

  /** What has to be stored since the last call: a state or row that is `undefined` was dropped. */
  takeChanges(): {
    readonly hubs: readonly (readonly [string, HubState | undefined])[]
    readonly rows: readonly (readonly [hub: string, user: string, CountRow | undefined])[]
  } {
    const hubs = [...this.#changedHubs].map((name) => [name, this.#hubs.get(name)] as const)
    const rows = [...this.#changedRows].flatMap(([name, ids]) =>
      [...ids].map((id) => [name, id, this.#hubs.get(name)?.rows.get(id)] as const),
    )
    this.#changedHubs.clear()
    this.#changedRows.clear()
    return { hubs, rows }
  }

  #set(name: string, hub: Hub, user: UserCount, seq: number): TotalChange[] {
    const { id, sockets, info, reason = 'lost' } = user
    const row = hub.rows.get(id)
    if (row && seq <= row.seq) return []
    hub.rows.set(id, { sockets, seq })
    this.#mark(name, id)
    const total = this.#add(id, sockets - (row?.sockets ?? 0))
    return [{ id, total, info, reason }]
  }

  /** Rows older than a complete report that does not name them; rows of 0 are not needed any longer. */
  #dropAbsent(name: string, hub: Hub, { users, seq }: HubReport): TotalChange[] {
    const named = new Set(users.map(({ id }) => id))
    const absent = [...hub.rows].filter(([id, row]) => row.seq < seq && !named.has(id))
    return absent.flatMap(([id, row]) => this.#drop(name, hub, id, row))
  }

  #dropRows(name: string, hub: Hub): TotalChange[] {
    return [...hub.rows].flatMap(([id, row]) => this.#drop(name, hub, id, row))
  }

  #drop(name: string, hub: Hub, id: string, { sockets }: CountRow): TotalChange[] {
    hub.rows.delete(id)
    this.#mark(name, id)
    const total = this.#add(id, -sockets)
    return sockets === 0 ? [] : [{ id, total, info: undefined, reason: 'lost' }]
  }

  #add(id: string, sockets: number): number {
    const total = (this.#totals.get(id) ?? 0) + sockets
    if (total === 0) this.#totals.delete(id)
    else this.#totals.set(id, total)
    return total
  }

  #keep(name: string, hub: Hub): void {
    this.#hubs.set(name, hub)
    this.#changedHubs.add(name)
  }

  #mark(name: string, id: string): void {
    const ids = this.#changedRows.get(name) ?? new Set()
    this.#changedRows.set(name, ids.add(id))
  }
}

function hasSockets(rows: ReadonlyMap<string, CountRow>): boolean {
  for (const { sockets } of rows.values()) if (sockets > 0) return true
  return false
}
