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
 * Lets clients live for a while behind a hub. An idle one pings by itself when it has heard nothing for
 * the activity timeout; a busy one answers pings alone; a dead one does nothing.
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
      // The last ping of its own, which the runtime answered.
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

describe('the sweep for connections that are gone without a word', () => {
  test('closes every dead one in time, and no other, whoever else there is', () => {
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

  test('looks about once in an activity timeout, though a thousand idle clients ping at any time', () => {
    const clients = Array.from({ length: 1_000 }, (_, place): Client => {
      return { kind: 'idle', heardAt: place * 120, pingedAt: undefined }
    })

    const { sweeps, pings } = live(clients, 3_600_000)

    // Thirty activity timeouts; the first sweep is the start.
    expect(sweeps.length).toBeLessThanOrEqual(61)
    // Nobody is asked more often than it takes to bring the clients into step.
    expect(pings).toBeLessThan(3_000)
  })
})
