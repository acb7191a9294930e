/**
 * Delivers alerts, and bounds how long a check waits for that.
 *
 * @module
 */

import { settledWithin, TIMED_OUT } from '../flight/deadline.ts'
import type { Platform } from '../platform/platform.ts'
import type { Alert } from './alerts.ts'
import type { CacheMonitorOptions } from './monitor-options.ts'

/** How long `notify` may take, in milliseconds: the check waits for it. */
const PATIENCE_MS = 30_000

/** Calls `notify`. Never rejects. @returns Whether the alert was delivered. */
export async function hasArrived(
  alert: Alert,
  { notify }: Pick<CacheMonitorOptions, 'notify'>,
  platform: Platform,
): Promise<boolean> {
  const telling = (async () => notify?.(alert))()
  try {
    return (await settledWithin(platform, PATIENCE_MS, telling)) !== TIMED_OUT
  } catch {
    return false
  }
}
