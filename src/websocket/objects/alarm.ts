/**
 * The one alarm of an object, set for the earliest of what is to be done.
 *
 * @module
 */

import { settledWithin, TIMED_OUT } from '../../flight/deadline.ts'
import type { Platform } from '../../platform/platform.ts'
import type { ObjectStorage } from './runtime.ts'

/** How late what is due may be done while an alarm waits. */
const MEANWHILE_MS = 100

/** Sets the alarm, and spares the write when it is set already. */
export class Alarm {
  readonly #storage: Pick<ObjectStorage, 'getAlarm' | 'setAlarm' | 'deleteAlarm'>
  /** `undefined` until it was looked at, `null` while none is set. */
  #at: number | null | undefined

  constructor(storage: Pick<ObjectStorage, 'getAlarm' | 'setAlarm' | 'deleteAlarm'>) {
    this.#storage = storage
  }

  /** To be called when it has gone off: it is not set any more. */
  rang(): void {
    this.#at = null
  }

  /**
   * Sets it for an instant, in epoch milliseconds, or for none.
   *
   * @param next Asked once it is known what is set, so that of two events the later one counts.
   */
  async set(next: () => number | undefined): Promise<void> {
    if (this.#at === undefined) {
      const at = await this.#storage.getAlarm()
      this.#at ??= at
    }
    const wanted = next()
    // What is overdue is due at once; the platform takes no 0.
    const at = wanted === undefined ? null : Math.max(1, Math.ceil(wanted))
    if (this.#at === at) return
    this.#at = at
    await (at === null ? this.#storage.deleteAlarm() : this.#storage.setAlarm(at))
  }
}

/**
 * Waits for the work of an alarm that may take long, and has done meanwhile what else is due: an object's
 * next alarm goes off after this one has ended.
 */
export async function meanwhile(
  platform: Platform,
  work: Promise<void>,
  doDue: () => Promise<void>,
): Promise<void> {
  while ((await settledWithin(platform, MEANWHILE_MS, work)) === TIMED_OUT) await doDue()
}

/** The earliest of instants, of which some may be missing. */
export function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((at) => at !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}
