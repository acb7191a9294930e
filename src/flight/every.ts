/**
 * Does something again and again, with time between.
 *
 * @module
 */

import type { Platform } from '../platform/platform.ts'

/**
 * Runs a task at once, and again after each pause, until the signal is aborted. The pause is counted from
 * the end of a run, so that no two overlap; a process that has nothing else to do may end in it.
 *
 * @param ms Of a pause, in milliseconds.
 * @throws Whatever the task rejected with.
 */
export async function every(
  platform: Platform,
  ms: number,
  signal: AbortSignal,
  task: () => Promise<unknown>,
): Promise<void> {
  while (!signal.aborted) {
    await task()
    try {
      await pause(platform, ms, signal)
    } catch {
      return // aborted
    }
  }
}

/**
 * Runs a task after each of these pauses, until it has succeeded once. Never rejects: what has failed as often
 * is left.
 *
 * @param pausesMs In milliseconds; before one of 0 nothing is waited for.
 */
export async function untilDone(
  platform: Platform,
  pausesMs: readonly number[],
  task: () => Promise<unknown>,
): Promise<void> {
  for (const ms of pausesMs) {
    if (ms > 0) await pause(platform, ms)
    try {
      await task()
      return
    } catch {
      // After the next pause.
    }
  }
}

function pause(platform: Platform, ms: number, signal?: AbortSignal): Promise<void> {
  return platform.idle?.(ms, signal) ?? platform.delay(ms, signal)
}
