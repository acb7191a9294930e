/**
 * Bounds how long a caller waits (I10).
 *
 * @module
 */

import type { Platform } from '../platform/platform.ts'
import { untilDone } from './every.ts'

/**
 * Waits for `task` for at most `ms` milliseconds.
 *
 * When the time is over, the task is abandoned: its later result is ignored, and a later rejection is never unhandled.
 * Its signal is aborted then, or after a grace.
 *
 * @param reason Creates the timeout error, which is also the reason of the signal.
 * @param graceMs Called when the time is over: how much longer the task may go on, in milliseconds. @default none
 * @throws The error of `reason` on a timeout; otherwise whatever `task` rejected with.
 */
export function withDeadline<T>(
  platform: Platform,
  ms: number,
  reason: () => unknown,
  task: (signal: AbortSignal) => Promise<T>,
  graceMs = () => 0,
): Promise<T> {
  const expiry = new AbortController()
  return new Promise<T>((resolve, reject) => {
    const cancel = alarm(platform, ms, () => {
      const error = reason()
      reject(error)
      void untilDone(platform, [graceMs()], async () => expiry.abort(error))
    })
    settleAs(task(expiry.signal), cancel, resolve, reject)
  })
}

/** What {@link settledWithin} resolves to on a timeout. */
export const TIMED_OUT: unique symbol = Symbol('timed out')

/** Waits for `work` for at most `ms` milliseconds; does not stop `work`. Rejects as `work` does. */
export function settledWithin<T>(
  platform: Platform,
  ms: number,
  work: Promise<T>,
): Promise<T | typeof TIMED_OUT> {
  return new Promise<T | typeof TIMED_OUT>((resolve, reject) => {
    const cancel = alarm(platform, ms, () => resolve(TIMED_OUT))
    settleAs(work, cancel, resolve, reject)
  })
}

/** Waits for `work`, but rejects with the signal's reason if the signal is aborted first. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work
  return new Promise<T>((resolve, reject) => {
    if (signal.aborted) {
      work.then(undefined, () => undefined)
      reject(signal.reason)
      return
    }
    const onAbort = (): void => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    settleAs(work, () => signal.removeEventListener('abort', onAbort), resolve, reject)
  })
}

/** Calls `end` when `work` has settled, then passes on its result or error. */
function settleAs<T>(
  work: Promise<T>,
  end: () => void,
  resolve: (value: T) => void,
  reject: (error: unknown) => void,
): void {
  work.then(
    (value) => {
      end()
      resolve(value)
    },
    (error) => {
      end()
      reject(error)
    },
  )
}

/** {@link Platform.alarm}, or its equivalent with `delay` on a platform without it. */
function alarm(platform: Platform, ms: number, ring: () => void): () => void {
  if (platform.alarm) return platform.alarm(ms, ring)
  const unwanted = new AbortController()
  platform.delay(ms, unwanted.signal).then(ring, () => undefined) // cancelled
  // A reason is given because `abort()` without one creates an error with a stack, which is slow.
  return () => unwanted.abort('cancelled')
}

/**
 * Runs `task` for a caller that may give up. If the signal is aborted, rejects with its reason, and the task
 * continues in the background (I11). If the signal is already aborted, the task is not started.
 */
export function whileWanted<T>(
  platform: Platform,
  signal: AbortSignal | undefined,
  task: () => Promise<T>,
): Promise<T> {
  if (!signal) return task()
  if (signal.aborted) return Promise.reject(signal.reason)
  const work = task()
  const goOnBehind = (): void => platform.defer(work)
  signal.addEventListener('abort', goOnBehind, { once: true })
  return unlessAborted(work, signal).finally(() => {
    signal.removeEventListener('abort', goOnBehind)
  })
}
