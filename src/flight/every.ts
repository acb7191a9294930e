/**
 * Repeats a task, with pauses.
 *
 * @module
 */

import type { Platform } from '../platform/platform.ts'

/**
 * Runs a task at once, and again after each pause, until the signal is aborted. A pause starts when a run has
 * ended, so runs never overlap. A pause does not keep the process alive.
 *
 * @param ms Length of a pause, in milliseconds.
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
 * Runs a task after each of these pauses, until it has succeeded once. Never rejects: gives up when the last
 * attempt has failed.
 *
 * @param pausesMs In milliseconds, one per attempt; 0 for an attempt without a pause.
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
      // Retried after the next pause.
    }
  }
}

function pause(platform: Platform, ms: number, signal?: AbortSignal): Promise<void> {
  return platform.idle?.(ms, signal) ?? platform.delay(ms, signal)
}
