/**
 * The membership of one channel: hubs report into it, batches of news come out of it.
 *
 * It has one writer, the channel's object, so there is one order of all that happens. Pure: the time is
 * given, and what has to be stored is taken out by its owner.
 *
 * @module
 */

import type { App } from '../protocol/app.ts'
import { earliest } from './alarm.ts'
import { type CountRow, HubCounts, type HubState } from './hub-counts.ts'
import type { HubReport } from './reports.ts'
import { Roster } from './roster.ts'
import type { Passage, RosterDiff, RosterRow, RosterRules, RosterSnapshot } from './roster-types.ts'

/** What a {@link Membership} goes by. */
export interface MembershipRules extends RosterRules {
  /** Milliseconds after which a hub is taken for lost that nothing was heard of. */
  readonly leaseMs: number
}

/** How long nothing may be heard of a hub before it is asked. */
const LEASE_MS = 600_000

/** What the channels of an app go by. */
export function rulesOf({ limits }: Pick<App, 'limits'>): MembershipRules {
  const { leaveGraceMs, reloadGraceMs, listedMembers } = limits
  return {
    grace: { unsubscribed: 0, closed: 0, reload: reloadGraceMs, lost: leaveGraceMs },
    namedLimit: listedMembers,
    leaseMs: LEASE_MS,
  }
}

/** What is stored of a membership. */
export interface MembershipRows {
  readonly hubs: readonly (readonly [string, HubState | undefined])[]
  readonly counts: readonly (readonly [hub: string, user: string, CountRow | undefined])[]
  readonly users: readonly (readonly [string, RosterRow | undefined])[]
  readonly toldCount: number
}

/**
 * Counts of hubs, and the roster that follows from them.
 *
 * After every report has arrived or been replaced by a complete one, and every grace is over, the users
 * present are exactly those with a connection; and what subscribers were told, snapshot and batches
 * together, is that same set.
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

  /** Puts back what was stored; only for the start. */
  restore({ hubs, counts, users, toldCount }: MembershipRows): void {
    const rows = Map.groupBy(counts, ([hub]) => hub)
    for (const [name, state] of hubs) {
      if (state) this.#counts.restore(name, state, countsOf(rows.get(name) ?? []))
    }
    const stored = users.flatMap(([id, row]) => (row ? [[id, row] as const] : []))
    this.#roster.restore(stored, toldCount)
  }

  /** Takes a report in. @returns Whether it said anything new. */
  apply(report: HubReport, now: number): boolean {
    const changes = this.#counts.apply(report, now + this.#leaseMs)
    for (const change of changes ?? []) this.#roster.apply(change, now)
    return changes !== undefined
  }

  /** Notes that a hub was heard of. */
  renew(hub: string, now: number): void {
    this.#counts.renew(hub, now + this.#leaseMs, this.#leaseMs / 4)
  }

  /**
   * Notes that a hub which was asked did not answer. One that is silent for a while beyond its lease is
   * taken for lost.
   */
  miss(hub: string, now: number): void {
    if (this.#counts.isSilent(hub, now)) this.forget(hub, now)
  }

  /** Lets go whoever's grace is over. */
  settle(now: number): void {
    this.#roster.settle(now)
  }

  /** Takes a hub for lost: its users leave as after a lost connection. */
  forget(hub: string, now: number): void {
    for (const change of this.#counts.forget(hub)) this.#roster.apply(change, now)
  }

  /** Gives a user that is present other information. @returns Whether the user is. */
  update(id: string, info: string | undefined): boolean {
    return this.#roster.update(id, info)
  }

  /** Hubs that should be asked, since their leases are over. */
  overdue(now: number): readonly string[] {
    return this.#counts.overdue(now).names
  }

  /** The next instant at which a grace or a lease is over, in epoch milliseconds. */
  nextAt(now: number): number | undefined {
    return earliest([this.#roster.nextLeaveAt, this.#counts.overdue(now).nextAt])
  }

  /** Whether subscribers have something to be told, graces that are over included. */
  hasNews(now: number): boolean {
    this.#roster.settle(now)
    return this.#roster.isChanged
  }

  /** The news since the last call, which count as told from now on. */
  takeNews(now: number): RosterDiff | undefined {
    this.#roster.settle(now)
    return this.#roster.takeDiff()
  }

  /** What a user is told who has come. It goes together with the serial of the last news. */
  snapshotFor(id: string): RosterSnapshot {
    return this.#roster.snapshotFor(id)
  }

  /** Whether the others were told something else of a user than what is so. */
  isMistold(id: string): boolean {
    return this.#roster.isMistold(id)
  }

  /** Who came and went since the last call, in order. */
  takePassages(): readonly Passage[] {
    return this.#roster.takePassages()
  }

  /** Whether a hub has been heard of, and not been forgotten since. */
  knows(hub: string): boolean {
    return this.#counts.knows(hub)
  }

  /** Whether a hub should tell all it has, for what it has no more to be forgotten. */
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

  /** Whether somebody is subscribed, or still present, as the connection may come back. */
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

  /** Whether nobody is subscribed or present, and everybody knows. */
  get isEmpty(): boolean {
    return this.#counts.isEmpty && this.#roster.isEmpty
  }

  /** Forgets hubs without connections; only while it is empty. */
  reset(): void {
    this.#counts.reset()
  }

  /** What has to be stored since the last call. */
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
