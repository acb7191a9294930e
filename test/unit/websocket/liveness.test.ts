import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dueAtOf, type Signs, sweep } from '../../../src/websocket/objects/liveness.ts'

const RULES = { activityTimeoutMs: 120_000, pongTimeoutMs: 30_000 }
const BOUND_MS = RULES.activityTimeoutMs + RULES.pongTimeoutMs

interface Client {
  readonly kind: 'idle' | 'busy' | 'dead'
  heardAt: number
  pingedAt: number | undefined
}

/**
 * Simulates clients of a hub. An idle client pings by itself when it has received nothing for the activity
 * timeout; a busy one only answers pings; a dead one does nothing.
 */
function live(clients: Client[], untilMs: number) {
  const closedAt = new Map<Client, number>()
  const sweeps: number[] = []
  let open = clients
  let now = 0
  let pings = 0
  let nextAt: number | undefined = 0
  while (nextAt !== undefined && nextAt <= untilMs) {
    now = nextAt
    for (const client of open) {
      // The client's own last ping, which the runtime answered.
      const ownPings = Math.floor((now - client.heardAt) / RULES.activityTimeoutMs)
      if (client.kind === 'idle' && ownPings > 0) {
        client.heardAt += ownPings * RULES.activityTimeoutMs
        client.pingedAt = undefined
      }
    }
    const signsOf = (client: Client): Signs => client
    const result = sweep(open, signsOf, RULES, now)
    sweeps.push(now)
    for (const client of result.closes) closedAt.set(client, now)
    open = open.filter((client) => !closedAt.has(client))
    for (const client of result.pings) {
      pings += 1
      client.pingedAt = now
      if (client.kind !== 'dead') Object.assign(client, { heardAt: now + 50, pingedAt: undefined })
    }
    const dueAt = open.map((client) => dueAtOf(client, RULES))
    nextAt = open.length === 0 ? undefined : Math.min(...dueAt)
  }
  return { closedAt, sweeps, pings }
}

describe('the sweep for dead connections', () => {
  test('closes every dead connection in time, and no other', () => {
    const client = fc.record({
      kind: fc.constantFrom<Client['kind']>('idle', 'busy', 'dead'),
      heardAt: fc.nat(RULES.activityTimeoutMs),
    })

    fc.assert(
      fc.property(fc.array(client, { minLength: 1, maxLength: 30 }), (drawn) => {
        const clients = drawn.map((one): Client => ({ ...one, pingedAt: undefined }))
        const diedAt = new Map(clients.map((one) => [one, one.heardAt]))

        const { closedAt } = live(clients, 3_600_000)

        for (const one of clients) {
          const at = closedAt.get(one)
          if (one.kind === 'dead')
            expect((at ?? 0) - (diedAt.get(one) ?? 0)).toBeLessThanOrEqual(BOUND_MS)
          expect(at !== undefined).toBe(one.kind === 'dead')
        }
      }),
    )
  })

  test('runs about once per activity timeout, although a thousand idle clients ping at any time', () => {
    const clients = Array.from({ length: 1_000 }, (_, place): Client => {
      return { kind: 'idle', heardAt: place * 120, pingedAt: undefined }
    })

    const { sweeps, pings } = live(clients, 3_600_000)

    // Thirty activity timeouts; the first sweep is the start.
    expect(sweeps.length).toBeLessThanOrEqual(61)
    // No client is pinged more often than needed to align the clients' timers.
    expect(pings).toBeLessThan(3_000)
  })
})
