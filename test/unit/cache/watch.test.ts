import { describe, expect, test, vi } from 'vitest'
import type { Sight } from '../../../src/cache/sight.ts'
import { Watches } from '../../../src/cache/watch.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'

const sight = (lease: string): Sight => ({
  lease,
  markers: new Map(),
  found: { kind: 'none', reason: 'absent' },
  provedAt: 0,
  instant: 0,
  prefix: '',
})

const WATCHED = { id: 'id', reading: undefined }

describe('Watches', () => {
  test('looks once for all callers that wait for the same entry', async () => {
    const platform = new ManualPlatform()
    const watches = new Watches(platform)
    const look = vi.fn(async () => sight('a'))
    const waiting = Array.from({ length: 1_000 }, () => watches.next(WATCHED, 0, look))

    await platform.advance(10)

    expect(new Set(await Promise.all(waiting)).size).toBe(1)
    expect(look).toHaveBeenCalledTimes(1)
    expect(platform.pendingTimers).toBe(0)
  })

  test('looks at each entry separately', async () => {
    const platform = new ManualPlatform()
    const watches = new Watches(platform)
    const waiting = ['a', 'b'].map((id) =>
      watches.next({ id, reading: undefined }, 0, async () => sight(id)),
    )

    await platform.advance(10)

    expect((await Promise.all(waiting)).map(({ lease }) => lease)).toEqual(['a', 'b'])
  })

  test('looks separately for callers that decode the same entry in another way', async () => {
    const platform = new ManualPlatform()
    const watches = new Watches(platform)
    const [strict, lax] = [{}, {}]
    const waiting = [strict, lax, strict, lax].map((reading) =>
      watches.next({ id: 'id', reading }, 0, async () => sight(reading === strict ? 's' : 'l')),
    )

    await platform.advance(10)

    expect((await Promise.all(waiting)).map(({ lease }) => lease)).toEqual(['s', 'l', 's', 'l'])
    expect(platform.pendingTimers).toBe(0)
  })

  test('waits longer after each attempt, up to a quarter of a second', async () => {
    const waits: number[] = []
    for (const attempt of [0, 1, 2, 3, 4, 5, 50]) {
      const platform = new ManualPlatform({ random: 0.5 })
      let looked = false
      const waiting = new Watches(platform).next(WATCHED, attempt, async () => {
        looked = true
        return sight('a')
      })
      let ms = 0
      for (; !looked && ms < 300; ms++) await platform.advance(1)
      waits.push(ms)
      await waiting
    }

    expect(waits).toEqual([8, 15, 30, 60, 120, 188, 188])
  })

  test('does not return a look that began before the call', async () => {
    const platform = new ManualPlatform()
    const watches = new Watches(platform)
    const slow = Promise.withResolvers<Sight>()
    const first = watches.next(WATCHED, 0, () => slow.promise)
    await platform.advance(10)

    const second = watches.next(WATCHED, 0, async () => sight('newer'))
    slow.resolve(sight('older'))
    await platform.advance(10)

    expect((await first).lease).toBe('older')
    expect((await second).lease).toBe('newer')
  })

  test('passes the error of a look to all waiters, and looks again for the next caller', async () => {
    const platform = new ManualPlatform()
    const watches = new Watches(platform)
    const outage = new Error('a mistake')
    const failed = expect(watches.next(WATCHED, 0, () => Promise.reject(outage))).rejects.toBe(
      outage,
    )
    await platform.advance(10)
    await failed

    const next = watches.next(WATCHED, 0, async () => sight('a'))
    await platform.advance(10)

    expect((await next).lease).toBe('a')
  })

  test('lets waiters look for themselves if the timer died with its request', async () => {
    const platform = new ManualPlatform()
    const dead = new ManualPlatform()
    let isFirst = true
    // The first delay belongs to a request that has ended: it never fires.
    const watches = new Watches({
      now: () => platform.now(),
      random: () => 0.5,
      defer: (work) => platform.defer(work),
      delay(ms, signal) {
        const host = isFirst ? dead : platform
        isFirst = false
        return host.delay(ms, signal)
      },
    })
    const orphan = watches.next(WATCHED, 0, async () => sight('never'))
    const other = watches.next(WATCHED, 0, async () => sight('own look'))

    await platform.advance(1_000)

    expect((await other).lease).toBe('own look')
    expect((await orphan).lease).toBe('never')

    const later = watches.next(WATCHED, 0, async () => sight('a new round'))
    await platform.advance(10)

    expect((await later).lease).toBe('a new round')
  })
})
