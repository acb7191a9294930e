import { describe, expect, test } from 'vitest'
import { every } from '../../../src/flight/every.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'

describe('every', () => {
  test('runs at once, after each pause, and no more when it is aborted', async () => {
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

  test('ends with what the task rejects with', async () => {
    const failure = new Error('It cannot be done')
    const { signal } = new AbortController()

    await expect(
      every(new ManualPlatform(), 1_000, signal, () => Promise.reject(failure)),
    ).rejects.toBe(failure)
  })
})
