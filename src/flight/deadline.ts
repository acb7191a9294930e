/**
 * Puts an end to waiting (I10).
 *
 * @module
 */

import type { Platform } from '../platform/platform.ts'

/**
 * Runs `task` for at most `ms` milliseconds.
 *
 * The task is told by its signal when the time is over, and is abandoned then: what it settles to
 * later is ignored, and never an unhandled rejection.
 *
 * @param reason Makes the error of a timeout; it is also the signal's reason.
 * @throws What `reason` made, when the time is over first; else whatever `task` rejected with.
 */
export function withDeadline<T>(
  platform: Platform,
  ms: number,
  reason: () => unknown,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const expiry = new AbortController()
  return new Promise<T>((resolve, reject) => {
    const cancel = alarm(platform, ms, () => {
      const error = reason()
      reject(error)
      expiry.abort(error)
    })
    settleAs(task(expiry.signal), cancel, resolve, reject)
  })
}

/** What {@link settledWithin} resolves to when the time was over first. */
export const TIMED_OUT: unique symbol = Symbol('timed out')

/** Waits for `work` for at most `ms` milliseconds, without ending it. Rejects as `work` does. */
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

/** Waits for `work`, but rejects with the signal's reason when the caller gives up first. */
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

/** Passes on how `work` ends, and calls `end` before. */
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

/** As {@link Platform.alarm}, on every platform. */
function alarm(platform: Platform, ms: number, ring: () => void): () => void {
  if (platform.alarm) return platform.alarm(ms, ring)
  const unwanted = new AbortController()
  platform.delay(ms, unwanted.signal).then(ring, () => undefined) // cancelled
  // Without a reason an abort makes an error, with a stack.
  return () => unwanted.abort('cancelled')
}

/**
 * Runs `task` for a caller who may give up: rejects with the signal's reason then, while what was
 * begun goes on behind (I11). With a signal that is aborted already nothing is begun.
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
