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
      await (platform.idle?.(ms, signal) ?? platform.delay(ms, signal))
    } catch {
      return // aborted
    }
  }
}
