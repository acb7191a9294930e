import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { amount } from '../../support/deep.ts'
import { found } from '../../support/findings.ts'
import { Cluster, type ClusterClient } from '../../support/websocket/cluster.ts'

const ROOM = 'presence-room'
const HUBS = ['0', '1', '2']
const USERS = ['ann', 'ben', 'cat']

const hub = fc.constantFrom(...HUBS)
const failure = fc.constantFrom('before' as const, 'after' as const, undefined, undefined)
const step = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(fc.constant('join' as const), hub, fc.constantFrom(...USERS)) },
  {
    weight: 4,
    arbitrary: fc.tuple(
      fc.constant('close' as const),
      fc.nat(9),
      fc.constantFrom(1000, 1001, 1005, 1006),
    ),
  },
  { weight: 2, arbitrary: fc.tuple(fc.constant('leave' as const), fc.nat(9)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('evict' as const), fc.constantFrom(...HUBS, ROOM)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('crash' as const), hub) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('failures' as const), fc.array(failure)) },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.constant('wait' as const), fc.constantFrom(60, 3_000, 11_000)),
  },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** Plays a story, and returns who is present at its end and who should be. */
async function play(steps: readonly Step[]) {
  const cluster = new Cluster({ limits: { activityTimeout: '20s', pongTimeout: '5s' } })
  let clients: { readonly client: ClusterClient; readonly user: string }[] = []

  async function wait(ms: number): Promise<void> {
    await cluster.advance(ms)
    for (const { client } of clients) await cluster.send(client, 'pusher:pong', {})
  }

  for (const [kind, ...args] of steps) {
    const [first, second] = args
    const chosen = clients[Number(first) % Math.max(1, clients.length)]
    if (kind === 'join') {
      const client = await cluster.connect(String(first))
      await cluster.join(client, ROOM, String(second))
      const isIn = client.socket.frames.some(({ event }) => /succeeded$/.test(event))
      // Whoever is refused, since the channel was not reached, does not come back here.
      if (isIn) clients.push({ client, user: String(second) })
    } else if (kind === 'close' && chosen) {
      clients = clients.filter((other) => other !== chosen)
      await cluster.close(chosen.client, Number(second))
    } else if (kind === 'leave' && chosen) {
      clients = clients.filter((other) => other !== chosen)
      await cluster.send(chosen.client, 'pusher:unsubscribe', { channel: ROOM })
    } else if (kind === 'evict') {
      cluster.evict(first === ROOM ? 'channel' : 'hub', String(first))
    } else if (kind === 'crash') {
      clients = clients.filter(({ client }) => client.hub !== first)
      cluster.crash(String(first))
    } else if (kind === 'failures') {
      const failures = [...(first as readonly ('before' | 'after' | undefined)[])]
      cluster.fail = () => failures.shift()
    } else if (kind === 'wait') {
      await wait(Number(first))
    }
  }
  cluster.fail = undefined
  for (let i = 0; i < 20; i++) await wait(3_000)

  const present = [...(await cluster.channel(ROOM).users())].sort()
  const expected = [...new Set(clients.map(({ user }) => user))].sort()
  const { occupied } = await cluster.channel(ROOM).info([])
  return { present, expected, occupied, isOccupied: clients.length > 0 }
}

describe('hubs and a channel that lose calls, memory and sockets', () => {
  test('finally agree on who is present', async ({ task }) => {
    const stories = amount(150, 3_000)

    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
        const { present, expected, occupied, isOccupied } = await play(steps)
        expect(present).toEqual(expected)
        expect(occupied).toBe(isOccupied)
      }),
      { numRuns: stories },
    )

    found(task, 'clusters', { run: stories, violations: 0 })
  }, 600_000)
})
