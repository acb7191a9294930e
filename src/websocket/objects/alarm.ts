/**
 * The single alarm that a Durable Object has, set for its earliest due work.
 *
 * @module
 */

import { settledWithin, TIMED_OUT } from '../../flight/deadline.ts'
import type { Platform } from '../../platform/platform.ts'
import type { ObjectStorage } from './runtime.ts'

/** How often other due work is done while an alarm handler waits for long work. */
const MEANWHILE_MS = 100

/** Sets the alarm, without a write if it is already set to the same time. */
export class Alarm {
  readonly #storage: Pick<ObjectStorage, 'getAlarm' | 'setAlarm' | 'deleteAlarm'>
  /** `undefined` until it was read from storage, `null` while no alarm is set. */
  #at: number | null | undefined

  constructor(storage: Pick<ObjectStorage, 'getAlarm' | 'setAlarm' | 'deleteAlarm'>) {
    this.#storage = storage
  }

  /** Call this first in the alarm handler: an alarm that has fired is no longer set. */
  rang(): void {
    this.#at = null
  }

  /**
   * Sets the alarm to a time in epoch milliseconds, or deletes it.
   *
   * @param next Called only after the current alarm is known, so that concurrent calls use the newest state.
   */
  async set(next: () => number | undefined): Promise<void> {
    if (this.#at === undefined) {
      const at = await this.#storage.getAlarm()
      this.#at ??= at
    }
    const wanted = next()
    // Overdue work is due at once. The platform rejects 0.
    const at = wanted === undefined ? null : Math.max(1, Math.ceil(wanted))
    if (this.#at === at) return
    this.#at = at
    await (at === null ? this.#storage.deleteAlarm() : this.#storage.setAlarm(at))
  }
}

/**
 * Waits for long work of an alarm handler, and does other due work in the meantime: the platform runs the
 * next alarm only after this handler has ended.
 */
export async function meanwhile(
  platform: Platform,
  work: Promise<void>,
  doDue: () => Promise<void>,
): Promise<void> {
  while ((await settledWithin(platform, MEANWHILE_MS, work)) === TIMED_OUT) await doDue()
}

/** The earliest of the given times, without those that are `undefined`. */
export function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((at) => at !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}
