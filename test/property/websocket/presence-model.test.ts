import fc from 'fast-check'
import { expect, test } from 'vitest'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { WebSocketCache } from '../../../src/websocket/index.ts'
import { amount } from '../../support/deep.ts'
import { found } from '../../support/findings.ts'

const CONNECTIONS = ['1.1', '1.2', '2.1', '3.1', '3.2']
const USERS = ['ada', 'bob']
const ROOMS = ['hall', 'attic']
/** Two processes with leases of different lengths. */
const LEASES_MS = [60_000, 150_000] as const
const MOST_OF_USER = 3

interface Known {
  user: string | undefined
  readonly rooms: Set<string>
  node: 0 | 1
  until: number
}

/** Who is present where, by the rules of the guide. */
class Model {
  readonly connections = new Map<string, Known>()
  /** The data given for a user in a room. */
  readonly infos = new Map<string, number>()
  now = 0

  alive(id: string): Known | undefined {
    const known = this.connections.get(id)
    return known && known.until > this.now ? known : undefined
  }

  live(): [string, Known][] {
    return [...this.connections].filter(([, { until }]) => until > this.now)
  }

  of(user: string): [string, Known][] {
    return this.live().filter(([, known]) => known.user === user)
  }

  users(room: string): string[] {
    const here = this.live().filter(([, { rooms }]) => rooms.has(room))
    return [
      ...new Set(here.map(([, { user }]) => user).filter((user) => user !== undefined)),
    ].sort()
  }

  /** Drops the data of users who are not present. */
  tidy(): void {
    for (const key of this.infos.keys()) {
      const [user = '', room = ''] = key.split('@')
      if (!this.users(room).includes(user)) this.infos.delete(key)
    }
  }

  say(user: string | undefined, room: string, info: number | undefined): void {
    if (user === undefined || info === undefined || this.infos.has(`${user}@${room}`)) return
    this.infos.set(`${user}@${room}`, info)
  }
}

interface World {
  readonly model: Model
  readonly platform: ManualPlatform
  readonly caches: readonly [WebSocketCache, WebSocketCache]
}

interface Step {
  readonly kind: 'open' | 'close' | 'active' | 'join' | 'leave' | 'wait' | 'drain'
  readonly id: string
  readonly user: string | undefined
  readonly room: string
  readonly node: 0 | 1
  readonly n: number
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(
    ...(['open', 'open', 'open', 'close', 'active', 'active', 'join', 'join', 'join'] as const),
    ...(['leave', 'wait', 'wait', 'drain'] as const),
  ),
  id: fc.constantFrom(...CONNECTIONS),
  user: fc.constantFrom(...USERS, undefined),
  room: fc.constantFrom(...ROOMS),
  node: fc.constantFrom(0, 1),
  n: fc.nat(9),
})

async function open({ model, caches }: World, { id, user, room, node, n }: Step): Promise<void> {
  const isIn = n % 2 === 0
  const info = user === undefined ? {} : { info: n }
  const call = caches[node].cacheConnection(id, {
    ...(user !== undefined && { userId: user }),
    rooms: isIn ? [{ room, ...info }] : [],
  })
  if (
    user !== undefined &&
    model.of(user).filter(([other]) => other !== id).length >= MOST_OF_USER
  ) {
    await expect(call).rejects.toMatchObject({ reason: 'connections' })
    return
  }
  expect(await call).toBe(true)
  model.connections.delete(id)
  model.tidy()
  const until = model.now + LEASES_MS[node]
  model.connections.set(id, { user, rooms: new Set(isIn ? [room] : []), node, until })
  if (isIn) model.say(user, room, info.info)
}

async function join({ model, caches }: World, { id, user, room, node, n }: Step): Promise<void> {
  const options = user === undefined ? {} : { userId: user, info: n }
  const call = caches[node].addConnectionToRoom(id, room, options)
  const known = model.alive(id)
  if (known === undefined) {
    expect(await call).toBe(false)
    return
  }
  if (user !== undefined && known.user !== undefined && known.user !== user) {
    await expect(call).rejects.toMatchObject({ reason: 'user' })
    return
  }
  if (user !== undefined && known.user === undefined && model.of(user).length >= MOST_OF_USER) {
    await expect(call).rejects.toMatchObject({ reason: 'connections' })
    return
  }
  expect(await call).toBe(true)
  known.user ??= user
  known.rooms.add(room)
  if (user !== undefined) model.say(user, room, n)
}

async function play(world: World, one: Step): Promise<void> {
  const { model, platform, caches } = world
  const cache = caches[one.node]
  const known = model.alive(one.id)
  switch (one.kind) {
    case 'open':
      return open(world, one)
    case 'join':
      return join(world, one)
    case 'close':
      expect(await cache.removeConnection(one.id)).toBe(known !== undefined)
      model.connections.delete(one.id)
      return
    case 'active':
      expect(await cache.updateConnectionActivity(one.id)).toBe(known !== undefined)
      if (known) known.until = Math.max(known.until, model.now + LEASES_MS[one.node])
      return
    case 'leave':
      expect(await cache.removeConnectionFromRoom(one.id, one.room)).toBe(
        known?.rooms.delete(one.room) ?? false,
      )
      return
    case 'drain': {
      const mine = model.live().filter(([, { node }]) => node === one.node)
      expect(await cache.removeNode()).toBe(mine.length)
      for (const [id] of mine) model.connections.delete(id)
      return
    }
    default:
      await platform.advance(10_000 * (one.n + 1))
      model.now += 10_000 * (one.n + 1)
  }
}

/** The answers to all queries, from the model and from the cache. */
async function expectAgreement({ model, caches: [cache] }: World): Promise<void> {
  for (const room of ROOMS) {
    const presence = await cache.getRoomPresence(room)
    const members = presence.members.map(({ userId, info }) => [userId, info]).sort()
    const users = model.users(room)
    expect(members).toEqual(users.map((user) => [user, model.infos.get(`${user}@${room}`)]))
    const here = model.live().filter(([, { rooms }]) => rooms.has(room))
    expect([presence.count, presence.connections]).toEqual([users.length, here.length])
    const connections = await cache.getRoomConnections(room)
    expect(connections.map(({ connectionId }) => connectionId).sort()).toEqual(
      here.map(([id]) => id).sort(),
    )
  }
  for (const [i, user] of USERS.entries()) {
    const { connections, isOnline } = (await cache.getUsersPresence(USERS))[i] ?? {}
    const live = model.of(user)
    expect([connections, isOnline]).toEqual([live.length, live.length > 0])
    const found = await cache.getUserConnections(user)
    expect(found.map(({ connectionId, rooms }) => [connectionId, rooms.toSorted()]).sort()).toEqual(
      live.map(([id, { rooms }]) => [id, [...rooms].sort()]).sort(),
    )
  }
  const nodes = [0, 1].map((node) => model.live().filter(([, known]) => known.node === node).length)
  const counts = await cache.countConnections()
  expect([counts.get('n0') ?? 0, counts.get('n1') ?? 0]).toEqual(nodes)
}

test('presence agrees with a model of a few lines, whatever happens in which order', async ({
  task,
}) => {
  let steps = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (story) => {
      const platform = new ManualPlatform()
      const redis = embeddedTransport({ platform })
      const make = (node: 0 | 1): WebSocketCache =>
        new WebSocketCache({
          ...{ redis, platform, node: `n${node}`, lease: LEASES_MS[node] },
          maxConnectionsPerUser: MOST_OF_USER,
        })
      const world: World = { model: new Model(), platform, caches: [make(0), make(1)] }
      for (const one of story) {
        await play(world, one)
        world.model.tidy()
        await expectAgreement(world)
        steps++
      }
    }),
    { numRuns: amount(100, 5_000) },
  )
  found(task, 'presence beside its model', { steps, differences: 0 })
}, 300_000)
