/**
 * Delivers alerts, and bounds how long a check waits for that.
 *
 * @module
 */

import { RemoteTimeoutError } from '../errors.ts'
import { settledWithin, TIMED_OUT } from '../flight/deadline.ts'
import type { Platform } from '../platform/platform.ts'
import type { Alert } from './alerts.ts'
import type { CacheMonitorOptions } from './monitor-options.ts'

/** How long `notify` may take, in milliseconds: the check waits for it. */
const PATIENCE_MS = 30_000

/** Calls `notify`. Never rejects. @returns Why the alert was not delivered; `undefined` if it was. */
export async function failureToNotify(
  alert: Alert,
  { notify }: Pick<CacheMonitorOptions, 'notify'>,
  platform: Platform,
): Promise<{ readonly error: unknown } | undefined> {
  const telling = (async () => notify?.(alert))()
  try {
    if ((await settledWithin(platform, PATIENCE_MS, telling)) !== TIMED_OUT) return undefined
    return { error: new RemoteTimeoutError('notify', PATIENCE_MS) }
  } catch (error) {
    return { error }
  }
}
