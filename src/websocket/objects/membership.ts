/**
 * The membership of one channel: takes reports of hubs, and returns news in batches.
 *
 * The channel's object is the only writer, so all changes have one order. Pure: the caller passes the time,
 * and stores the changes.
 *
 * @module
 */

import type { App } from '../protocol/app.ts'
import { earliest } from './alarm.ts'
import { type CountRow, HubCounts, type HubState } from './hub-counts.ts'
import type { HubReport } from './reports.ts'
import { Roster } from './roster.ts'
import type { Passage, RosterDiff, RosterRow, RosterRules, RosterSnapshot } from './roster-types.ts'

/** Rules of a {@link Membership}. */
export interface MembershipRules extends RosterRules {
  /** How long a hub may be silent before it is asked, in milliseconds. After another tenth it counts as lost. */
  readonly leaseMs: number
}

/** How long a hub may be silent before it is asked. */
const LEASE_MS = 600_000

/** The rules for an app's channels. */
export function rulesOf({ limits }: Pick<App, 'limits'>): MembershipRules {
  const { leaveGraceMs, reloadGraceMs, listedMembers } = limits
  return {
    grace: { unsubscribed: 0, closed: 0, reload: reloadGraceMs, lost: leaveGraceMs },
    namedLimit: listedMembers,
    leaseMs: LEASE_MS,
  }
}

/** A membership as stored, or its changes. */
export interface MembershipRows {
  readonly hubs: readonly (readonly [string, HubState | undefined])[]
  readonly counts: readonly (readonly [hub: string, user: string, CountRow | undefined])[]
  readonly users: readonly (readonly [string, RosterRow | undefined])[]
  readonly toldCount: number
}

/**
 * The counts of hubs, and the roster derived from them.
 *
 * Once every report has arrived or a complete one has replaced it, and every grace is over, the present users
 * are exactly those with a connection. Snapshots and batches together have told subscribers the same set.
 */
export class Membership {
  readonly #counts: HubCounts
  readonly #roster: Roster
  readonly #leaseMs: number

  constructor(rules: MembershipRules) {
    this.#roster = new Roster(rules)
    this.#leaseMs = rules.leaseMs
    this.#counts = new HubCounts({ patienceMs: rules.leaseMs / 10 })
  }

  /** Restores what was stored. Only for start-up. */
  restore({ hubs, counts, users, toldCount }: MembershipRows): void {
    const rows = Map.groupBy(counts, ([hub]) => hub)
    for (const [name, state] of hubs) {
      if (state) this.#counts.restore(name, state, countsOf(rows.get(name) ?? []))
    }
    const stored = users.flatMap(([id, row]) => (row ? [[id, row] as const] : []))
    this.#roster.restore(stored, toldCount)
  }

  /** Applies a report. @returns Whether it was new. */
  apply(report: HubReport, now: number): boolean {
    const changes = this.#counts.apply(report, now + this.#leaseMs)
    for (const change of changes ?? []) this.#roster.apply(change, now)
    return changes !== undefined
  }

  /** Renews the lease of a hub that was heard from. */
  renew(hub: string, now: number): void {
    this.#counts.renew(hub, now + this.#leaseMs, this.#leaseMs / 4)
  }

  /**
   * Notes that a hub did not answer. Once its lease has been over for a tenth of its length, the hub counts
   * as lost.
   */
  miss(hub: string, now: number): void {
    if (this.#counts.isSilent(hub, now)) this.lose(hub, now)
  }

  /** Removes users whose grace is over. */
  settle(now: number): void {
    this.#roster.settle(now)
  }

  /** Notes that a hub is lost: its users leave as after a lost connection, until it answers again. */
  lose(hub: string, now: number): void {
    for (const change of this.#counts.lose(hub, now)) this.#roster.apply(change, now)
  }

  /** Replaces the information of a present user. @returns Whether the user is present. */
  update(id: string, info: string | undefined): boolean {
    return this.#roster.update(id, info)
  }

  /** Hubs to ask, because their leases are over. */
  overdue(now: number): readonly string[] {
    return this.#counts.overdue(now).names
  }

  /** The next instant at which a grace or a lease is over, in epoch milliseconds. */
  nextAt(now: number): number | undefined {
    return earliest([this.#roster.nextLeaveAt, this.#counts.overdue(now).nextAt])
  }

  /** Whether there is news for subscribers, once users whose grace is over are removed. */
  hasNews(now: number): boolean {
    this.#roster.settle(now)
    return this.#roster.isChanged
  }

  /** The news since the last call. From now on it counts as told. */
  takeNews(now: number): RosterDiff | undefined {
    this.#roster.settle(now)
    return this.#roster.takeDiff()
  }

  /** The snapshot for a user who has joined. It belongs to the serial of the last news. */
  snapshotFor(id: string): RosterSnapshot {
    return this.#roster.snapshotFor(id)
  }

  /** Whether what subscribers were told about a user is no longer true. */
  isMistold(id: string): boolean {
    return this.#roster.isMistold(id)
  }

  /** Joins and leaves since the last call, in order. */
  takePassages(): readonly Passage[] {
    return this.#roster.takePassages()
  }

  /** Whether a hub has reported, and was not lost since. */
  knows(hub: string): boolean {
    return this.#counts.knows(hub)
  }

  /** Whether a hub should send a complete report, so that its rows of 0 are dropped. */
  isCluttered(hub: string): boolean {
    return this.#counts.isCluttered(hub)
  }

  /** Hubs with subscribed connections. */
  attached(): string[] {
    return this.#counts.attached()
  }

  /** Subscribed connections. */
  get sockets(): number {
    return this.#counts.sockets
  }

  /** Whether there is a subscriber, or a user who is present within the grace. */
  get isOccupied(): boolean {
    return this.sockets > 0 || this.userCount > 0
  }

  /** Users that are present. */
  get userCount(): number {
    return this.#roster.count
  }

  isPresent(id: string): boolean {
    return this.#roster.has(id)
  }

  users(): string[] {
    return this.#roster.ids()
  }

  /** Whether there is no subscriber and no present user, and no leave that is still to be told. */
  get isEmpty(): boolean {
    return this.#counts.isEmpty && this.#roster.isEmpty
  }

  /** Removes the hubs. Only while the membership is empty. */
  reset(): void {
    this.#counts.reset()
  }

  /** The changes to store since the last call. */
  takeChanges(): MembershipRows {
    const { hubs, rows: counts } = this.#counts.takeChanges()
    const { toldCount } = this.#roster
    return { hubs, counts, users: this.#roster.takeChanges(), toldCount }
  }
}

function countsOf(
  rows: readonly (readonly [string, string, CountRow | undefined])[],
): (readonly [string, CountRow])[] {
  return rows.flatMap(([, id, row]) => (row ? [[id, row] as const] : []))
}
