import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { webPlatform } from '../../../src/platform/web.ts'

describe('webPlatform', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_000 })
  })

  afterEach(() => {
    vi.useRealTimers()
  })

  test('returns the time of the host', () => {
    vi.setSystemTime(5_000)

    expect(webPlatform().now()).toBe(5_000)
  })

  test('returns random numbers in [0, 1)', () => {
    const { random } = webPlatform()
    const draws = Array.from({ length: 1_000 }, random)

    expect(draws.every((draw) => draw >= 0 && draw < 1)).toBe(true)
    expect(new Set(draws).size).toBeGreaterThan(900)
  })

  // In the sandbox that `next start` uses for routes and pages on Edge, functions of `process` throw.
  test('is made on a host that refuses to look up modules', () => {
    const getBuiltinModule = (): never => {
      throw new Error('A Node.js API is used')
    }
    vi.stubGlobal('process', { getBuiltinModule })
    onTestFinished(() => {
      vi.unstubAllGlobals()
    })

    expect(webPlatform().now()).toBe(1_000)
  })

  test('waits for the given time', async () => {
    const done = vi.fn<() => void>()
    const waiting = webPlatform().delay(250).then(done)

    await vi.advanceTimersByTimeAsync(249)
    expect(done).not.toHaveBeenCalled()

    await vi.advanceTimersByTimeAsync(1)
    await waiting
    expect(done).toHaveBeenCalledOnce()
  })

  // A timer of 2^31 ms or more would fire at once.
  test.each([2 ** 31, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY])(
    'waits for the longest time of a timer when asked for %d ms',
    async (ms) => {
      const controller = new AbortController()
      const done = vi.fn<() => void>()
      const waiting = webPlatform().delay(ms, controller.signal).then(done)

      await vi.advanceTimersByTimeAsync(2 ** 31 - 2)

      expect(done).not.toHaveBeenCalled()
      controller.abort('over')
      await expect(waiting).rejects.toBe('over')
    },
  )

  test('stops waiting with the reason of the signal, and leaves no timer', async () => {
    const controller = new AbortController()
    const waiting = webPlatform().delay(60_000, controller.signal)
    const reason = new Error('enough')

    controller.abort(reason)

    await expect(waiting).rejects.toBe(reason)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('does not start to wait if the signal is already aborted', async () => {
    const waiting = webPlatform().delay(60_000, AbortSignal.abort('before'))

    await expect(waiting).rejects.toBe('before')
    expect(vi.getTimerCount()).toBe(0)
  })

  test('removes its listener when the wait is over', async () => {
    const { signal } = new AbortController()
    const removed = vi.spyOn(signal, 'removeEventListener')
    const waiting = webPlatform().delay(10, signal)

    await vi.advanceTimersByTimeAsync(10)
    await waiting

    expect(removed).toHaveBeenCalledWith('abort', expect.any(Function))
  })

  test('calls an alarm once, after the given time', async () => {
    const ring = vi.fn<() => void>()
    webPlatform().alarm?.(250, ring)

    await vi.advanceTimersByTimeAsync(249)
    expect(ring).not.toHaveBeenCalled()

    await vi.advanceTimersByTimeAsync(1_000)
    expect(ring).toHaveBeenCalledOnce()
  })

  test('does not call an alarm at once when its time is longer than a timer can wait', async () => {
    const ring = vi.fn<() => void>()
    const cancel = webPlatform().alarm?.(Number.POSITIVE_INFINITY, ring)

    await vi.advanceTimersByTimeAsync(2 ** 31 - 2)

    expect(ring).not.toHaveBeenCalled()
    cancel?.()
  })

  test('does not call a cancelled alarm, and leaves no timer', async () => {
    const ring = vi.fn<() => void>()
    const cancel = webPlatform().alarm?.(250, ring)

    cancel?.()
    expect(vi.getTimerCount()).toBe(0)

    await vi.advanceTimersByTimeAsync(1_000)
    expect(ring).not.toHaveBeenCalled()
  })

  test('after the process was blocked, lets pending replies be read before it calls an alarm', async () => {
    vi.useRealTimers()
    const turn = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve))
    const order: string[] = []
    await turn() // after this, the event loop checks its timers first
    const read = turn().then(() => order.push('read'))
    const rung = new Promise<void>((resolve) => webPlatform().alarm?.(20, resolve))

    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60)

    await Promise.all([read, rung.then(() => order.push('rung'))])
    expect(order).toEqual(['read', 'rung'])
  })

  // I11
  test('handles the rejection of deferred work', async () => {
    const unhandled = vi.fn<(reason: unknown) => void>()
    process.on('unhandledRejection', unhandled)

    webPlatform().defer(Promise.reject(new Error('nobody waits for this')))
    vi.useRealTimers()
    await new Promise((resolve) => setImmediate(resolve)) // unhandled rejections are reported between turns

    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })

  test('`idle` does not keep its process alive', { timeout: 20_000 }, async () => {
    const file = join(import.meta.dirname, '../../../src/platform/web.ts')
    const program = `import { webPlatform } from ${JSON.stringify(file)}; webPlatform().idle(600_000)`
    const run = promisify(execFile)

    const { stderr } = await run(process.execPath, ['--input-type=module', '-e', program], {
      timeout: 15_000,
    })

    expect(stderr).toBe('')
  })
})
