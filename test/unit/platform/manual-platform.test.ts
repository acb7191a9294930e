import { describe, expect, test } from 'vitest'
import { ManualPlatform } from '../../../src/testing/index.ts'

describe('ManualPlatform', () => {
  test('keeps its time until it is advanced', async () => {
    const platform = new ManualPlatform({ startAt: 1_000 })
    expect(platform.now()).toBe(1_000)

    await platform.advance(250)

    expect(platform.now()).toBe(1_250)
  })

  test('returns as random number one half, a given constant, or the result of a given function', () => {
    let draws = 0

    expect(new ManualPlatform().random()).toBe(0.5)
    expect(new ManualPlatform({ random: 0.25 }).random()).toBe(0.25)
    const platform = new ManualPlatform({ random: () => draws++ / 10 })
    expect([platform.random(), platform.random()]).toEqual([0, 0.1])
  })

  test('ends delays in the order in which they are due, each at its own instant', async () => {
    const platform = new ManualPlatform({ startAt: 0 })
    const ended: [name: string, at: number][] = []
    for (const [name, ms] of [
      ['late', 30],
      ['early', 10],
      ['next', 10],
    ] as const) {
      void platform.delay(ms).then(() => ended.push([name, platform.now()]))
    }

    await platform.advance(30)

    expect(ended).toEqual([
      ['early', 10],
      ['next', 10],
      ['late', 30],
    ])
  })

  test('ends delays that begin while it advances', async () => {
    const platform = new ManualPlatform({ startAt: 0 })
    const twice = platform.delay(10).then(() => platform.delay(10))

    await platform.advance(19)
    expect(platform.pendingTimers).toBe(1)
    await platform.advance(1)

    await expect(twice).resolves.toBeUndefined()
    expect(platform.pendingTimers).toBe(0)
  })

  test('calls an alarm at its instant, unless it was cancelled', async () => {
    const platform = new ManualPlatform({ startAt: 0 })
    const rung: [name: string, at: number][] = []
    platform.alarm(10, () => rung.push(['one', platform.now()]))
    const cancel = platform.alarm(20, () => rung.push(['other', platform.now()]))

    await platform.advance(15)
    cancel()
    await platform.advance(15)

    expect(rung).toEqual([['one', 10]])
    expect(platform.pendingTimers).toBe(0)
  })

  test('rejects a delay with the reason of its signal', async () => {
    const platform = new ManualPlatform()
    const controller = new AbortController()
    const waiting = platform.delay(10, controller.signal)
    controller.abort('enough')

    await expect(waiting).rejects.toBe('enough')
    await expect(platform.delay(10, AbortSignal.abort('before'))).rejects.toBe('before')
    expect(platform.pendingTimers).toBe(0)
  })

  test('settles when deferred work is done, and the work that it deferred in turn', async () => {
    const platform = new ManualPlatform()
    const done: string[] = []
    platform.defer(
      Promise.resolve().then(() => {
        done.push('first')
        platform.defer(Promise.resolve().then(() => done.push('second')))
      }),
    )
    platform.defer(Promise.reject(new Error('reported elsewhere')))

    await platform.settle()

    expect(done).toEqual(['first', 'second'])
  })

  test('does not go back to the end of an advance when a longer one ran within it', async () => {
    const platform = new ManualPlatform({ startAt: 0 })
    const slowLoad = async (): Promise<number> => {
      await platform.delay(1)
      await platform.advance(500)
      return platform.now()
    }

    const loaded = slowLoad()
    for (const ms of [2, 3, 4]) void platform.delay(ms)
    await platform.advance(10)

    await expect(loaded).resolves.toBe(501)
    expect(platform.now()).toBe(501)
  })

  test('sets the clock back by a negative time', async () => {
    const platform = new ManualPlatform({ startAt: 1_000 })
    platform.jump(-300)
    await platform.advance(-200)

    expect(platform.now()).toBe(500)
  })
})
