import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Channel } from '../../../src/websocket/client/channel.ts'
import { type Frame, readFrame } from '../../../src/websocket/client/frame.ts'
import { amount } from '../../support/deep.ts'
import { found } from '../../support/findings.ts'

const NAME = 'presence-room'
const USERS = ['ada', 'bob', 'eve']

/** A channel of the server, with one subscriber whose connection may break at any frame. */
class Server {
  readonly published: number[] = []
  readonly #past: { readonly serial: number; readonly value: number }[] = []
  readonly #users = new Set<string>()
  #epoch = 1
  #serial = 0
  /** Frames under way, while there is a connection. */
  #wire: Frame[] | undefined
  /** How often the subscriber had to be told that something was lost. */
  losses = 0

  get users(): string[] {
    return [...this.#users].sort()
  }

  publish(value: number): void {
    this.published.push(value)
    this.#past.push({ serial: ++this.#serial, value })
    this.#say({ event: 'news', data: value, ...this.#position })
  }

  toggle(user: string): void {
    const isThere = this.#users.delete(user)
    if (!isThere) this.#users.add(user)
    this.#serial++
    const changes = isThere
      ? { joins: [], leaves: [user] }
      : { joins: [{ user_id: user }], leaves: [] }
    const data = { ...changes, count: this.#users.size }
    this.#say({ event: 'nearcache:presence_diff', data, ...this.#position })
  }

  /** Drops the events that could be replayed; with `isAll`, also begins a new epoch. */
  forget(isAll: boolean): void {
    this.#past.length = 0
    if (!isAll) return
    this.#epoch++
    this.#serial = 0
  }

  disconnect(): void {
    this.#wire = undefined
  }

  /** Answers a subscription as the hub does. */
  connect(channel: Channel): void {
    this.#wire = []
    const resume = channel.resumption()
    const hash = Object.fromEntries([...this.#users].map((user) => [user, null]))
    const presence = { count: this.#users.size, hash }
    const head = this.#position
    this.#say({ event: 'pusher_internal:subscription_succeeded', data: { presence }, ...head })
    if (resume === undefined) return
    const missed = this.#past.filter(({ serial }) => serial > resume.serial)
    // What is not kept any more was a change of presence, or is lost.
    const recovered = resume.epoch === `e${this.#epoch}` && resume.serial >= this.#floor
    const replayed = recovered ? missed.length : 0
    if (!recovered) this.losses++
    this.#say({ event: 'nearcache:resumed', data: { recovered, replayed } })
    for (const { serial, value } of recovered ? missed : []) {
      this.#say({ event: 'news', data: value, serial, epoch: head.epoch })
    }
  }

  /** Lets a number of frames arrive. */
  deliver(channel: Channel, most: number): void {
    for (const frame of this.#wire?.splice(0, most) ?? []) channel.take(frame)
  }

  get #floor(): number {
    return this.#past[0] === undefined ? this.#serial : this.#past[0].serial - 1
  }

  get #position() {
    return { serial: this.#serial, epoch: `e${this.#epoch}` }
  }

  #say({ data, ...frame }: { readonly [field: string]: unknown }): void {
    const text = JSON.stringify({ ...frame, channel: NAME, data: JSON.stringify(data) })
    const read = readFrame(text)
    if (read !== undefined) this.#wire?.push(read)
  }
}

const step = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ kind: 'publish' as const, n: 0 }) },
  { weight: 3, arbitrary: fc.nat(2).map((n) => ({ kind: 'toggle' as const, n })) },
  { weight: 5, arbitrary: fc.nat(4).map((n) => ({ kind: 'deliver' as const, n })) },
  { weight: 2, arbitrary: fc.constant({ kind: 'break' as const, n: 0 }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'connect' as const, n: 0 }) },
  { weight: 1, arbitrary: fc.nat(1).map((n) => ({ kind: 'forget' as const, n })) },
)
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never

/** @returns Whether something could have been lost. */
function play(story: readonly Step[]): boolean {
  const server = new Server()
  const channel = new Channel(NAME, {
    ...{ socketId: () => '1.1', send: () => true, unsubscribe: () => undefined },
    authorize: () => Promise.reject(new Error('nobody asks')),
  })
  const heard: number[] = []
  const members = new Set<string>()
  let toldLost = 0
  channel.on('news', (value) => heard.push(value as number))
  channel.watch((change) => {
    if (change.kind === 'resumed' && !change.recovered) toldLost++
    if (change.kind === 'joined') members.add(change.member.id)
    if (change.kind === 'left') members.delete(change.member.id)
  })
  server.connect(channel)
  server.deliver(channel, 1)
  for (const { kind, n } of story) {
    if (kind === 'publish') server.publish(server.published.length)
    else if (kind === 'toggle') server.toggle(USERS[n] ?? '')
    else if (kind === 'deliver') server.deliver(channel, n)
    else if (kind === 'break') server.disconnect()
    else if (kind === 'connect') server.connect(channel)
    else server.forget(n === 1)
  }
  server.connect(channel)
  server.deliver(channel, Number.POSITIVE_INFINITY)

  // Nothing twice, nothing out of order, and the list of members is that of the server.
  expect(heard).toEqual([...new Set(heard)].sort((a, b) => a - b))
  expect([...channel.members.keys()].sort()).toEqual(server.users)
  expect([...members].sort()).toEqual(server.users)
  expect(channel.count).toBe(server.users.length)
  // Nothing is missing, unless it was said.
  if (toldLost === 0) expect(heard).toEqual(server.published)
  expect(toldLost).toBeLessThanOrEqual(server.losses)
  return server.losses > 0
}

test('a channel gets everything once and in order, or is told that it did not', ({ task }) => {
  const runs = amount(3_000, 200_000)
  let lossy = 0
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (story) => {
      if (play(story)) lossy++
    }),
    { numRuns: runs },
  )

  found(task, 'resumptions', { run: runs, 'with losses': lossy, violations: 0 })
  expect(lossy).toBeGreaterThan(runs / 20)
  expect(lossy).toBeLessThan(runs)
}, 300_000)
