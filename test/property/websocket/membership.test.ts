import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Membership, type MembershipRows } from '../../../src/websocket/objects/membership.ts'
import type { HubReport, LeaveReason } from '../../../src/websocket/objects/reports.ts'
import { amount } from '../../support/deep.ts'
import { found } from '../../support/findings.ts'

const HUBS = ['a', 'b', 'c']
const USERS = ['ann', 'ben', 'cat', 'dan', 'eve']
const GRACE = { unsubscribed: 0, closed: 0, reload: 2_000, lost: 10_000 }
const LEASE_MS = 60_000

/** One event. Numbers choose among the sockets or reports that exist at the time. */
type Step =
  | { readonly kind: 'join'; readonly hub: string; readonly user: string; readonly info: number }
  | { readonly kind: 'leave'; readonly which: number; readonly reason: LeaveReason }
  | { readonly kind: 'crash'; readonly hub: string }
  | { readonly kind: 'complete'; readonly hub: string }
  | { readonly kind: 'deliver' | 'repeat' | 'lose'; readonly which: number }
  | { readonly kind: 'batch' }
  | { readonly kind: 'evict' }
  | { readonly kind: 'wait'; readonly ms: number }

const hub = fc.constantFrom(...HUBS)
const which = fc.nat(20)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('join' as const),
      hub,
      user: fc.constantFrom(...USERS),
      info: fc.nat(2),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('leave' as const),
      which,
      reason: fc.constantFrom<LeaveReason>('unsubscribed', 'closed', 'reload', 'lost'),
    }),
  },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('deliver' as const), which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('repeat' as const), which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose' as const), which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const), hub }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('complete' as const), hub }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'batch' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'evict' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.constantFrom(100, 1_999, 2_000, 9_999, 10_000, 61_000),
    }),
  },
)

interface Socket {
  readonly hub: string
  readonly user: string
  readonly info: string
}

/** A subscriber, with what it knows from its snapshot and later news. */
interface Observer {
  readonly socket: Socket
  readonly known: Set<string>
  count: number
}

/** The true state of the hubs, the reports under way, and the subscribers. */
class Story {
  readonly violations: string[] = []
  #now = 0
  #membership: Membership
  #sockets: Socket[] = []
  #reports: { readonly report: HubReport; readonly joined: Socket | undefined }[] = []
  #observers: Observer[] = []
  readonly #outdated = new Set<string>()
  readonly #epochs = new Map(HUBS.map((name) => [name, 1]))
  readonly #seqs = new Map(HUBS.map((name) => [name, 0]))
  readonly #rules: { grace: typeof GRACE; namedLimit: number; leaseMs: number }
  readonly #stored = {
    hubs: new Map<string, MembershipRows['hubs'][number]>(),
    counts: new Map<string, MembershipRows['counts'][number]>(),
    users: new Map<string, MembershipRows['users'][number]>(),
    toldCount: 0,
  }

  constructor(namedLimit: number) {
    this.#rules = { grace: GRACE, namedLimit, leaseMs: LEASE_MS }
    this.#membership = new Membership(this.#rules)
  }

  play(step: Step): void {
    switch (step.kind) {
      case 'join':
        this.#join({ hub: step.hub, user: step.user, info: `{"v":${step.info}}` })
        break
      case 'leave':
        this.#leave(this.#sockets[step.which % this.#sockets.length], step.reason)
        break
      case 'crash':
        this.#crash(step.hub)
        break
      case 'complete':
        this.#complete(step.hub)
        break
      case 'deliver':
        this.#deliver(step.which, true)
        break
      case 'repeat':
        this.#deliver(step.which, false)
        break
      case 'lose':
        this.#lose(step.which)
        break
      case 'batch':
        this.batch()
        break
      case 'evict':
        this.#evict()
        break
      case 'wait':
        this.#wait(step.ms)
    }
  }

  /**
   * Hubs that lost a report or their connections report in full. Then all reports under way arrive, newest first, and
   * every grace ends. The single reports of a hub that lost nothing must be enough.
   */
  end(): void {
    for (const name of this.#outdated) this.#complete(name)
    while (this.#reports.length > 0) this.#deliver(this.#reports.length - 1, true)
    this.#now += GRACE.lost
    this.batch()
    this.#check()
  }

  batch(): void {
    const news = this.#membership.takeNews(this.#now)
    if (news === undefined) return
    for (const observer of this.#observers) {
      const { socket, known } = observer
      for (const id of news.leaves.filter((leaver) => leaver !== socket.user)) {
        if (!known.delete(id)) this.violations.push(`${id} left without having come`)
      }
      for (const { id } of news.joins.filter(({ id }) => id !== socket.user)) {
        if (known.has(id)) this.violations.push(`${id} came twice`)
        known.add(id)
      }
      observer.count = news.count
    }
  }

  #join(socket: Socket): void {
    this.#sockets.push(socket)
    this.#report(socket.hub, socket.user, { info: socket.info, joined: socket })
  }

  #leave(socket: Socket | undefined, reason: LeaveReason): void {
    if (socket === undefined) return
    this.#sockets = this.#sockets.filter((other) => other !== socket)
    this.#observers = this.#observers.filter((observer) => observer.socket !== socket)
    this.#report(socket.hub, socket.user, { reason })
  }

  #crash(name: string): void {
    this.#sockets = this.#sockets.filter((socket) => socket.hub !== name)
    this.#observers = this.#observers.filter(({ socket }) => socket.hub !== name)
    this.#epochs.set(name, (this.#epochs.get(name) ?? 0) + 1)
    this.#seqs.set(name, 0)
    this.#outdated.add(name)
  }

  #report(
    name: string,
    id: string,
    { info, reason, joined }: { info?: string; reason?: LeaveReason; joined?: Socket },
  ): void {
    const own = this.#sockets.filter((socket) => socket.hub === name)
    const sockets = own.filter(({ user }) => user === id).length
    const users = [
      { id, sockets, info: sockets > 0 ? (info ?? this.#infoOf(name, id)) : undefined, reason },
    ]
    const head = { hub: name, ...this.#next(name), sockets: own.length }
    this.#reports.push({ report: { ...head, users, isComplete: false }, joined })
  }

  #lose(position: number): void {
    const index = position % Math.max(1, this.#reports.length)
    for (const { report } of this.#reports.splice(index, 1)) this.#outdated.add(report.hub)
  }

  #complete(name: string): void {
    this.#outdated.delete(name)
    const own = this.#sockets.filter((socket) => socket.hub === name)
    const ids = [...new Set(own.map(({ user }) => user))]
    const users = ids.map((id) => ({
      id,
      sockets: own.filter(({ user }) => user === id).length,
      info: this.#infoOf(name, id),
    }))
    const head = { hub: name, ...this.#next(name), sockets: own.length }
    this.#reports.push({ report: { ...head, users, isComplete: true }, joined: undefined })
  }

  #next(name: string): { epoch: number; seq: number } {
    const seq = (this.#seqs.get(name) ?? 0) + 1
    this.#seqs.set(name, seq)
    return { epoch: this.#epochs.get(name) ?? 0, seq }
  }

  #infoOf(name: string, id: string): string | undefined {
    return this.#sockets.find((socket) => socket.hub === name && socket.user === id)?.info
  }

  #deliver(position: number, isLast: boolean): void {
    const index = position % Math.max(1, this.#reports.length)
    const sent = this.#reports[index]
    if (sent === undefined) return
    if (isLast) this.#reports.splice(index, 1)
    this.#membership.apply(sent.report, this.#now)
    const { joined } = sent
    if (isLast && joined && this.#sockets.includes(joined)) this.#observe(joined)
  }

  #observe(socket: Socket): void {
    // A report that was overtaken may find its user gone; then the hub asks again, as for a repetition.
    if (!this.#membership.isPresent(socket.user)) return
    if (this.#membership.isMistold(socket.user)) this.batch()
    const { count, told, own } = this.#membership.snapshotFor(socket.user)
    const users = own ? [...told, own] : told
    const known = new Set(users.map(({ id }) => id))
    if (known.size < users.length) this.violations.push('a snapshot names a user twice')
    if (!known.has(socket.user)) this.violations.push('a snapshot leaves its own user out')
    this.#observers.push({ socket, known, count })
  }

  #wait(ms: number): void {
    this.#now += ms
    for (const name of this.#membership.overdue(this.#now)) {
      this.#membership.lose(name, this.#now)
      this.#outdated.add(name)
      this.#observers = this.#observers.filter(({ socket }) => socket.hub !== name)
    }
  }

  /** The object loses its memory, and restarts with what it has stored. */
  #evict(): void {
    const { hubs, counts, users, toldCount } = this.#membership.takeChanges()
    for (const row of hubs) this.#stored.hubs.set(row[0], row)
    for (const row of counts) this.#stored.counts.set(`${row[0]} ${row[1]}`, row)
    for (const row of users) this.#stored.users.set(row[0], row)
    this.#stored.toldCount = toldCount
    this.#membership = new Membership(this.#rules)
    this.#membership.restore({
      hubs: [...this.#stored.hubs.values()],
      counts: [...this.#stored.counts.values()],
      users: [...this.#stored.users.values()],
      toldCount: this.#stored.toldCount,
    })
  }

  #check(): void {
    const truth = [...new Set(this.#sockets.map(({ user }) => user))].sort()
    if (this.#membership.users().sort().join() !== truth.join()) {
      this.violations.push(`present: ${this.#membership.users()} instead of ${truth}`)
    }
    if (this.#membership.sockets !== this.#sockets.length) {
      this.violations.push(`${this.#membership.sockets} sockets instead of ${this.#sockets.length}`)
    }
    const isNamed = truth.length <= this.#rules.namedLimit
    for (const { known, count } of isNamed ? this.#observers : []) {
      if (count !== truth.length) this.violations.push(`counts ${count} instead of ${truth.length}`)
      if ([...known].sort().join() !== truth.join()) {
        this.violations.push(`a subscriber knows ${[...known]} instead of ${truth}`)
      }
    }
    if (this.#membership.hasNews(this.#now)) this.violations.push('news after the last batch')
  }
}

describe('the membership of a channel', () => {
  test('finally matches the sockets, and each change is reported exactly once, in any order', ({
    task,
  }) => {
    const stories = amount(2_000, 10_000)
    const violations: string[] = []

    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 60 }),
        fc.constantFrom(2, 5, 100),
        (steps: readonly Step[], namedLimit) => {
          const story = new Story(namedLimit)
          for (const each of steps) story.play(each)
          story.end()
          violations.push(...story.violations)
          expect(story.violations).toEqual([])
        },
      ),
      { numRuns: stories },
    )

    found(task, 'memberships', { run: stories, violations: violations.length })
  })
})
