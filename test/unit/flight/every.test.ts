import { describe, expect, test } from 'vitest'
import { every, untilDone } from '../../../src/flight/every.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'

describe('every', () => {
  test('runs the task at once and after each pause, until it is aborted', async () => {
    const platform = new ManualPlatform()
    const end = new AbortController()
    let runs = 0
    const running = every(platform, 1_000, end.signal, async () => {
      runs++
    })
    await platform.advance(0)
    expect(runs).toBe(1)

    await platform.advance(2_000)
    expect(runs).toBe(3)
    end.abort()
    await running
    await platform.advance(5_000)

    expect(runs).toBe(3)
    expect(platform.pendingTimers).toBe(0)
  })

  test('counts the pause from the end of a run', async () => {
    const platform = new ManualPlatform()
    const end = new AbortController()
    const held = Promise.withResolvers<void>()
    let runs = 0
    const running = every(platform, 1_000, end.signal, () => {
      runs++
      return held.promise
    })
    await platform.advance(5_000)
    expect(runs).toBe(1)

    held.resolve()
    await platform.advance(1_000)
    expect(runs).toBe(2)
    end.abort()
    await running
  })

  test('rejects with the error of the task', async () => {
    const failure = new Error('It cannot be done')
    const { signal } = new AbortController()

    await expect(
      every(new ManualPlatform(), 1_000, signal, () => Promise.reject(failure)),
    ).rejects.toBe(failure)
  })
})

describe('untilDone', () => {
  test('runs the task after each pause until it succeeds', async () => {
    const platform = new ManualPlatform()
    const times: number[] = []
    const start = platform.now()
    const done = untilDone(platform, [0, 2_000, 4_000, 8_000], async () => {
      times.push(platform.now() - start)
      if (times.length < 3) throw new Error('not yet')
    })
    await platform.advance(20_000)
    await done

    expect(times).toEqual([0, 2_000, 6_000])
    expect(platform.pendingTimers).toBe(0)
  })

  test('gives up without rejecting when every attempt has failed', async () => {
    const platform = new ManualPlatform()
    let runs = 0
    const done = untilDone(platform, [1_000, 2_000], async () => {
      runs++
      throw new Error('never')
    })
    await platform.advance(20_000)

    await expect(done).resolves.toBeUndefined()
    expect(runs).toBe(2)
  })
})
