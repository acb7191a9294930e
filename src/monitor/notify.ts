/**
 * Tells of alerts, for as long as a check can wait.
 *
 * @module
 */

import { settledWithin, TIMED_OUT } from '../flight/deadline.ts'
import type { Platform } from '../platform/platform.ts'
import type { Alert } from './alerts.ts'
import type { CacheMonitorOptions } from './monitor-options.ts'

/** How long whoever is told may take, in milliseconds: a check waits for it. */
const PATIENCE_MS = 30_000

/** Tells of an alert. Never rejects. @returns Whether it has arrived. */
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
