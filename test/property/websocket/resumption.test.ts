import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Channel } from '../../../src/websocket/client/channel.ts'
import { type Frame, readFrame } from '../../../src/websocket/client/frame.ts'
import { amount } from '../../support/deep.ts'
import { found } from '../../support/findings.ts'

const NAME = 'presence-room'
const USERS = ['ada', 'bob', 'eve']

/** A channel of the server, with one subscriber whose connection may break, and whose hub may miss something. */
class Server {
  readonly published: number[] = []
  readonly #past: { readonly serial: number; readonly value: number }[] = []
  readonly #users = new Set<string>()
  #epoch = 1
  #serial = 0
  /** Frames under way, while there is a connection. */
  #wire: Frame[] | undefined
  #isAsked = false
  /** How often the subscriber had to be told that something was lost. */
  losses = 0
  /** How often it has noticed that something was missed. */
  asked = 0

  get users(): string[] {
    return [...this.#users].sort()
  }

  /** @param isMissed Whether the subscriber's hub does not get it. */
  publish(value: number, isMissed: boolean): void {
    this.published.push(value)
    this.#past.push({ serial: ++this.#serial, value })
    if (!isMissed) this.#say({ event: 'news', data: value, ...this.#position })
  }

  /** An event that the subscriber is excluded from. */
  publishOwn(): void {
    this.#serial++
    this.#say({ event: 'nearcache:omitted', data: {}, ...this.#position })
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
    this.#isAsked = false
  }

  get isConnected(): boolean {
    return this.#wire !== undefined
  }

  connect(channel: Channel): void {
    this.#wire = []
    this.#subscribe(channel)
  }

  /** The subscriber subscribes again on its connection. */
  ask(): void {
    this.asked++
    this.#isAsked = true
  }

  /** Answers what was asked, if there was anything. */
  answer(channel: Channel): void {
    if (this.#isAsked) this.#subscribe(channel)
  }

  /** Answers a subscription as the hub does. */
  #subscribe(channel: Channel): void {
    this.#isAsked = false
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
  { weight: 3, arbitrary: fc.constant({ kind: 'miss' as const, n: 0 }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'own' as const, n: 0 }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'answer' as const, n: 0 }) },
  { weight: 3, arbitrary: fc.nat(2).map((n) => ({ kind: 'toggle' as const, n })) },
  { weight: 8, arbitrary: fc.nat(4).map((n) => ({ kind: 'deliver' as const, n })) },
  { weight: 2, arbitrary: fc.constant({ kind: 'break' as const, n: 0 }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'connect' as const, n: 0 }) },
  { weight: 1, arbitrary: fc.nat(1).map((n) => ({ kind: 'forget' as const, n })) },
)
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never

/** @param reconnects Whether the story ends with a new connection, or with an event on that which there is. */
function play(story: readonly Step[], reconnects: boolean): Server {
  const server = new Server()
  const channel = new Channel(NAME, {
    ...{ socketId: () => '1.1', send: () => true, unsubscribe: () => undefined },
    authorize: () => Promise.reject(new Error('nobody asks')),
    resume: () => server.ask(),
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
  const acts = {
    publish: () => server.publish(server.published.length, false),
    miss: () => server.publish(server.published.length, true),
    own: () => server.publishOwn(),
    toggle: (n) => server.toggle(USERS[n] ?? ''),
    deliver: (n) => server.deliver(channel, n),
    break: () => server.disconnect(),
    connect: () => server.connect(channel),
    answer: () => server.answer(channel),
    forget: (n) => server.forget(n === 1),
  } as const satisfies Record<Step['kind'], (n: number) => void>
  for (const { kind, n } of story) acts[kind](n)
  if (reconnects || !server.isConnected) server.connect(channel)
  else server.publish(server.published.length, false)
  server.deliver(channel, Number.POSITIVE_INFINITY)
  server.answer(channel)
  server.deliver(channel, Number.POSITIVE_INFINITY)

  // Nothing twice, nothing out of order, and the list of members is that of the server.
  expect(heard).toEqual([...new Set(heard)].sort((a, b) => a - b))
  expect([...channel.members.keys()].sort()).toEqual(server.users)
  expect([...members].sort()).toEqual(server.users)
  expect(channel.count).toBe(server.users.length)
  // Nothing is missing, unless it was said.
  if (toldLost === 0) expect(heard).toEqual(server.published)
  expect(toldLost).toBeLessThanOrEqual(server.losses)
  return server
}

test('a channel gets everything once and in order, or is told that it did not', ({ task }) => {
  const runs = amount(3_000, 200_000)
  let [lossy, noticing] = [0, 0]
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), (story, reconnects) => {
      const { losses, asked } = play(story, reconnects)
      if (losses > 0) lossy++
      if (asked > 0) noticing++
    }),
    { numRuns: runs },
  )

  const counts = { run: runs, 'with losses': lossy, 'that noticed a gap': noticing, violations: 0 }
  found(task, 'resumptions', counts)
  expect(lossy).toBeGreaterThan(runs / 20)
  expect(noticing).toBeGreaterThan(runs / 20)
  expect(lossy).toBeLessThan(runs)
}, 300_000)
