/**
 * Adds up the reports of hubs, in whatever order and however often they arrive.
 *
 * A row is the number of connections that one user has on one hub. A report sets it and never increments it,
 * and a report older than the one that set it is ignored. So duplicates, late reports and retries change
 * nothing. A complete report replaces all rows of its hub. A new epoch means that the hub has lost all its
 * connections.
 *
 * @module
 */

import type { HubReport, LeaveReason, UserCount } from './reports.ts'

/** The counts of one hub as they are stored. */
export interface HubState {
  readonly epoch: number
  /** Number of the last complete report; reports up to it are ignored. */
  readonly floor: number
  /** Number of the report that set `sockets`. */
  readonly seq: number
  /** Subscribed connections; {@link LOST} while nobody knows. */
  readonly sockets: number
  /** When the lease ends and the hub is asked, in epoch milliseconds. */
  readonly leaseUntil: number
}

/** One row as stored. Rows of 0 stay until the next complete report, so that a late report cannot revive them. */
export interface CountRow {
  readonly sockets: number
  readonly seq: number
}

/** A user whose number of connections has changed. */
export interface TotalChange {
  readonly id: string
  /** Over all hubs. */
  readonly total: number
  readonly info: string | undefined
  /** Why the last connection ended; `lost` if no reason was reported. */
  readonly reason: LeaveReason
}

/** How many rows a hub may have beyond one for each connection, before it must send a complete report. */
const MAX_IDLE_ROWS = 1_000

/** Stands for the connections of a lost hub. They may still be open, so it is asked until it answers. */
const LOST = -1

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

  /** @param options.patienceMs How long after its lease a hub may be silent before it counts as lost. */
  constructor({ patienceMs }: { readonly patienceMs: number }) {
    this.#patienceMs = patienceMs
  }

  /** Restores a stored hub. Only for start-up. */
  restore(name: string, state: HubState, rows: Iterable<readonly [string, CountRow]>): void {
    const hub: Hub = { ...state, rows: new Map(rows) }
    this.#hubs.set(name, hub)
    for (const [id, { sockets }] of hub.rows) this.#add(id, sockets)
  }

  /**
   * Applies a report.
   *
   * @returns The users whose totals it changed, or `undefined` if a later epoch or a complete report has
   *   replaced it.
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
   * Extends the lease of a hub that was heard from.
   *
   * @param stepMs A shorter extension is not worth storing.
   */
  renew(name: string, leaseUntil: number, stepMs: number): void {
    const hub = this.#hubs.get(name)
    if (hub && leaseUntil >= hub.leaseUntil + stepMs) this.#keep(name, { ...hub, leaseUntil })
  }

  /**
   * Notes that a hub is lost. It is asked again after the patience.
   *
   * @returns The users whose connections were lost with it.
   */
  lose(name: string, now: number): readonly TotalChange[] {
    const hub = this.#hubs.get(name)
    if (hub === undefined) return []
    const changes = this.#dropRows(name, hub)
    this.#keep(name, { ...hub, sockets: LOST, leaseUntil: now + this.#patienceMs })
    return changes
  }

  /** The hubs with subscribed connections, to which events are sent. */
  attached(): string[] {
    return [...this.#hubs].filter(([, { sockets }]) => sockets > 0).map(([name]) => name)
  }

  /**
   * Hubs whose lease is over, and the next instant at which something is due: the end of a lease, or of
   * the patience after it. Only hubs with connections, and lost ones, have a lease.
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

  /** Whether a hub's lease and the patience after it are over. */
  isSilent(name: string, now: number): boolean {
    const hub = this.#hubs.get(name)
    return hub !== undefined && hub.leaseUntil + this.#patienceMs <= now
  }

  /** Whether no hub has a connection, and none is lost. */
  get isEmpty(): boolean {
    for (const { sockets, rows } of this.#hubs.values()) {
      if (sockets !== 0 || hasSockets(rows)) return false
    }
    return true
  }

  /** Removes all hubs. Only while they are empty. */
  reset(): void {
    this.#hubs.clear()
    this.#totals.clear()
  }

  /** Whether a hub has reported, and was not lost since. */
  knows(name: string): boolean {
    return (this.#hubs.get(name)?.sockets ?? LOST) !== LOST
  }

  /** Whether a hub has so many rows of 0 that it should send a complete report, which drops them. */
  isCluttered(name: string): boolean {
    const hub = this.#hubs.get(name)
    return hub !== undefined && hub.rows.size >= hub.sockets + MAX_IDLE_ROWS
  }

  /** Subscribed connections over all hubs. */
  get sockets(): number {
    let sum = 0
    for (const { sockets } of this.#hubs.values()) sum += Math.max(0, sockets)
    return sum
  }

  /** The changes to store since the last call; an `undefined` state or row was deleted. */
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

  /** Drops the rows, those of 0 too, that are older than a complete report and not in it. */
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
