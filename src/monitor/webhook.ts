/**
 * Sends alerts over HTTP.
 *
 * @module
 */

import { type Duration, toMilliseconds } from '../entry/duration.ts'
import { checkFields } from '../entry/option-checks.ts'
import { RemoteError, RemoteTimeoutError } from '../errors.ts'
import { withDeadline } from '../flight/deadline.ts'
import type { Platform } from '../platform/platform.ts'
import { webPlatform } from '../platform/web.ts'
import type { Alert } from './alerts.ts'
import { requirePostAddress } from './post-address.ts'

/** Options for {@link webhook}. */
export interface WebhookOptions {
  /** An `http:` or `https:` URL, without user name and password. */
  readonly url: string
  /** Additional headers, such as a signature. @default none */
  readonly headers?: Readonly<Record<string, string>>
  /** Makes the body, which is sent as JSON. @default the alert itself */
  readonly body?: (alert: Alert) => unknown
  /** @default the runtime's fetch */
  readonly fetch?: typeof globalThis.fetch
  /** How long one attempt may take; there are two. @default '5s' */
  readonly deadline?: Duration
  /** @default webPlatform() */
  readonly platform?: Platform
}

const FIELDS = ['url', 'headers', 'body', 'fetch', 'deadline', 'platform']

/**
 * Makes the option `notify` of a `CacheMonitor`: posts each alert, once more if the first attempt fails. The
 * receiver recognises a repetition by `id`, `timestamp` and `resolved`.
 *
 * @throws {InvalidOptionError} When `url` is no http or https URL, or holds a user name or password; for an unknown option.
 */
export function webhook(options: WebhookOptions): (alert: Alert) => Promise<void> {
  checkFields(options, 'options', FIELDS)
  const { url, headers = {}, body = (alert) => alert, platform = webPlatform() } = options
  const deadlineMs = toMilliseconds(options.deadline ?? '5s', 'deadline', { min: 1 })
  requirePostAddress(url)

  const post = (alert: Alert): Promise<void> => {
    const late = (): RemoteTimeoutError => new RemoteTimeoutError('webhook', deadlineMs)
    return withDeadline(platform, deadlineMs, late, async (signal) => {
      const send = options.fetch ?? globalThis.fetch
      const response = await send(url, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify(body(alert)),
        signal,
      })
      await response.body?.cancel()
      if (response.ok) return
      throw new RemoteError({
        operation: 'webhook',
        reason: `HTTP ${response.status}`,
        applied: 'no',
      })
    })
  }

  return async (alert) => {
    try {
      await post(alert)
    } catch {
      await post(alert)
    }
  }
}
