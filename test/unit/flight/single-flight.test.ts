import { describe, expect, test } from 'vitest'
import { Flight, Flights, type Sighting } from '../../../src/flight/single-flight.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'

const TOKEN = 'nonce-1767225600000000'
const stamps = new Map([
  ['*', 'h1.s1'],
  ['t', 'h2.s2'],
])
const same: Sighting = { lease: TOKEN, markers: new Map(stamps) }

function seen(change: Partial<Sighting>): Sighting {
  return { ...same, ...change }
}

describe('Flight', () => {
  describe('admits', () => {
    test('every reader while its loader has not been called', () => {
      const flight = new Flight()

      expect(flight.isAsking).toBe(true)
      expect(flight.admits(seen({ lease: null, markers: new Map() }))).toBe(true)
      expect(flight.admits(seen({ lease: 'of somebody else' }))).toBe(true)
    })

    test('after that, a reader that saw its lease and exactly the markers it stamps', () => {
      const flight = new Flight()
      flight.depart({ token: TOKEN, stamps })

      expect(flight.isAsking).toBe(false)
      expect(flight.admits(same)).toBe(true)
    })

    test.each<readonly [string, Sighting]>([
      ['no lease: a delete came between', seen({ lease: null })],
      ['the lease of another load', seen({ lease: 'other-1767225600000000' })],
      [
        'a missing marker: a hard invalidation came between',
        seen({ markers: new Map([...stamps, ['t', null]]) }),
      ],
      ['another hard id', seen({ markers: new Map([...stamps, ['t', 'h3.s2']]) })],
      ['another soft id', seen({ markers: new Map([...stamps, ['t', 'h2.s3']]) })],
      ['fewer markers than it stamps', seen({ markers: new Map([['*', 'h1.s1']]) })],
      ['more markers than it stamps', seen({ markers: new Map([...stamps, ['u', 'h9.s9']]) })],
      [
        'as many markers, one of another tag',
        seen({
          markers: new Map([
            ['*', 'h1.s1'],
            ['u', 'h2.s2'],
          ]),
        }),
      ],
      [
        'as many markers, one of another tag and missing',
        seen({
          markers: new Map([
            ['*', 'h1.s1'],
            ['u', null],
          ]),
        }),
      ],
    ])('but not a reader that saw %s', (_what, sighting) => {
      const flight = new Flight()
      flight.depart({ token: TOKEN, stamps })

      expect(flight.admits(sighting)).toBe(false)
    })

    test('no reader if it has no lease, not even one that saw no lease', () => {
      const flight = new Flight()
      flight.depart({ token: undefined, stamps: new Map() })

      expect(flight.admits({ lease: null, markers: new Map() })).toBe(false)
    })
  })

  describe('join', () => {
    test.each([
      [{ kind: 'loaded', value: 'v' }],
      [{ kind: 'failed', error: new Error('database is down') }],
      [{ kind: 'refused' }],
    ] as const)('resolves every joiner with its result: %o', async (ending) => {
      const platform = new ManualPlatform()
      const flight = new Flight()
      const joiners = [flight.join(platform, 1_000), flight.join(platform, 1_000)]
      flight.land(ending)

      expect(await Promise.all(joiners)).toEqual([ending, ending])
      expect(await flight.join(platform, 1_000)).toEqual(ending)
      expect(platform.pendingTimers).toBe(0)
    })

    test('a joiner stops waiting after its own deadline', async () => {
      const platform = new ManualPlatform()
      const flight = new Flight()
      const joined = flight.join(platform, 1_000)

      await platform.advance(1_000)

      expect(await joined).toEqual({ kind: 'overdue' })
    })

    test('a flight that fails without joiners causes no unhandled rejection', async () => {
      const flight = new Flight()
      flight.land({ kind: 'failed', error: new Error('nobody waits') })

      expect(await flight.join(new ManualPlatform(), 1)).toMatchObject({ kind: 'failed' })
    })
  })
})

describe('Flights', () => {
  test('returns the latest flight of a name', () => {
    const flights = new Flights()
    const first = flights.begin('a')
    const second = flights.begin('a')

    expect(flights.get('a')).toBe(second)
    expect(first).not.toBe(second)
    expect(flights.get('b')).toBeUndefined()
    expect(flights.size).toBe(1)
  })

  test('an older flight that ends does not remove the newer one', () => {
    const flights = new Flights()
    const first = flights.begin('a')
    const second = flights.begin('a')

    flights.end('a', first)
    expect(flights.get('a')).toBe(second)
    flights.end('a', second)

    expect(flights.size).toBe(0)
  })
})
