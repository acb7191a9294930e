import { describe, expect, test, vi } from 'vitest'
import {
  settledWithin,
  TIMED_OUT,
  unlessAborted,
  whileWanted,
  withDeadline,
} from '../../../src/flight/deadline.ts'
import type { Platform } from '../../../src/platform/platform.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'

const outage = new Error('remote is down')
const late = new Error('too late')
const gone = new Error('the caller has gone')

/** The same clock with all optional methods of a platform, and with the required ones only. */
const PLATFORMS = [
  { name: 'with alarms', of: (manual: ManualPlatform): Platform => manual },
  {
    name: 'with delays alone',
    of: (manual: ManualPlatform): Platform => ({
      now: () => manual.now(),
      random: () => manual.random(),
      delay: (ms, signal) => manual.delay(ms, signal),
      defer: (work) => manual.defer(work),
    }),
  },
]

describe.each(PLATFORMS)('withDeadline, on a platform $name', ({ of }) => {
  test('passes the result and the error of the task through unchanged, and leaves no timer', async () => {
    const platform = new ManualPlatform()

    expect(
      await withDeadline(
        of(platform),
        100,
        () => late,
        async () => 'v',
      ),
    ).toBe('v')
    await expect(
      withDeadline(
        of(platform),
        100,
        () => late,
        () => Promise.reject(outage),
      ),
    ).rejects.toBe(outage)

    expect(platform.pendingTimers).toBe(0)
  })

  test('rejects at the deadline with its reason, and aborts the signal with the same reason', async () => {
    const platform = new ManualPlatform()
    let told: AbortSignal | undefined
    const work = withDeadline(
      of(platform),
      100,
      () => late,
      (signal) => {
        told = signal
        return new Promise(() => undefined)
      },
    )
    const rejected = expect(work).rejects.toBe(late)

    await platform.advance(99)
    expect(told?.aborted).toBe(false)
    await platform.advance(1)

    await rejected
    expect(told?.reason).toBe(late)
  })

  test('creates its reason only at the deadline', async () => {
    const platform = new ManualPlatform()
    const reason = vi.fn(() => late)
    await withDeadline(of(platform), 100, reason, async () => 'v')
    await platform.advance(1_000)

    expect(reason).not.toHaveBeenCalled()
  })

  test('ignores how the task settles after the deadline', async () => {
    const platform = new ManualPlatform()
    const task = Promise.withResolvers<string>()
    const work = withDeadline(
      of(platform),
      100,
      () => late,
      () => task.promise,
    )
    const rejected = expect(work).rejects.toBe(late)
    await platform.advance(100)

    task.reject(outage)

    await rejected
  })

  test('rejects with its reason even if the task rejects with another error when aborted', async () => {
    const platform = new ManualPlatform()
    const work = withDeadline(
      of(platform),
      100,
      () => late,
      (signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(outage))
        }),
    )
    const rejected = expect(work).rejects.toBe(late)

    await platform.advance(100)

    await rejected
  })
})

describe.each(PLATFORMS)('settledWithin, on a platform $name', ({ of }) => {
  test('resolves or rejects as the work does, and leaves no timer', async () => {
    const platform = new ManualPlatform()

    expect(await settledWithin(of(platform), 100, Promise.resolve('v'))).toBe('v')
    await expect(settledWithin(of(platform), 100, Promise.reject(outage))).rejects.toBe(outage)
    await platform.advance(0)

    expect(platform.pendingTimers).toBe(0)
  })

  test('resolves to TIMED_OUT, and a later failure causes no unhandled rejection', async () => {
    const platform = new ManualPlatform()
    const work = Promise.withResolvers<string>()
    const settled = settledWithin(of(platform), 100, work.promise)

    await platform.advance(100)
    expect(await settled).toBe(TIMED_OUT)
    work.reject(outage)
    await platform.advance(0)
  })
})

describe('unlessAborted', () => {
  test('returns the work itself if there is no signal', () => {
    const work = Promise.resolve('v')

    expect(unlessAborted(work, undefined)).toBe(work)
  })

  test("rejects with the signal's reason, and ignores a later failure of the work", async () => {
    const work = Promise.withResolvers<string>()
    const caller = new AbortController()
    const waiting = unlessAborted(work.promise, caller.signal)

    caller.abort(gone)
    await expect(waiting).rejects.toBe(gone)
    work.reject(outage)

    await expect(unlessAborted(Promise.reject(outage), caller.signal)).rejects.toBe(gone)
  })

  test('removes its listener from the signal when the work has settled', async () => {
    const caller = new AbortController()
    const removed = vi.spyOn(caller.signal, 'removeEventListener')

    expect(await unlessAborted(Promise.resolve('v'), caller.signal)).toBe('v')
    await expect(unlessAborted(Promise.reject(outage), caller.signal)).rejects.toBe(outage)

    await expect.poll(() => removed.mock.calls.length).toBe(2)
  })
})

describe('whileWanted', () => {
  test('passes the result and the error of the task through unchanged', async () => {
    const platform = new ManualPlatform()
    const { signal } = new AbortController()

    for (const wanted of [undefined, signal]) {
      expect(await whileWanted(platform, wanted, async () => 'v')).toBe('v')
      await expect(whileWanted(platform, wanted, () => Promise.reject(outage))).rejects.toBe(outage)
    }
  })

  test('does not start the task if the signal is already aborted', async () => {
    const task = vi.fn(async () => 'v')

    const read = whileWanted(new ManualPlatform(), AbortSignal.abort(gone), task)

    await expect(read).rejects.toBe(gone)
    expect(task).not.toHaveBeenCalled()
  })

  test('defers the running task to the platform when the caller aborts', async () => {
    const platform = new ManualPlatform()
    const deferred = vi.spyOn(platform, 'defer')
    const caller = new AbortController()
    const task = Promise.withResolvers<string>()
    const read = whileWanted(platform, caller.signal, () => task.promise)

    caller.abort(gone)

    await expect(read).rejects.toBe(gone)
    expect(deferred).toHaveBeenCalledExactlyOnceWith(task.promise)
    task.reject(outage)
    await platform.settle()
  })

  test('an abort after the task has settled has no effect', async () => {
    const platform = new ManualPlatform()
    const deferred = vi.spyOn(platform, 'defer')
    const caller = new AbortController()
    await whileWanted(platform, caller.signal, async () => 'v')

    caller.abort(gone)

    expect(deferred).not.toHaveBeenCalled()
  })
})
