/**
 * The configured webhooks of an app: their addresses, and the events sent to each.
 *
 * @module
 */

import { checkFields } from '../../entry/option-checks.ts'
import { InvalidOptionError } from '../../errors.ts'

/** Every kind of event that webhooks can report. */
export const WEBHOOK_EVENTS = [
  'channel_occupied',
  'channel_vacated',
  'member_added',
  'member_removed',
  'client_event',
  'cache_miss',
  'subscription_count',
] as const

/** One of {@link WEBHOOK_EVENTS}. */
export type WebhookEventName = (typeof WEBHOOK_EVENTS)[number]

/** The options of one webhook. */
export interface Webhook {
  readonly url: string
  /** @default all of them */
  readonly events?: readonly WebhookEventName[]
  /** Only events of channels whose names begin with this are sent. @default '' */
  readonly channelPrefix?: string
  /** Additional headers of the request. @default none */
  readonly headers?: Readonly<Record<string, string>>
}

/** One webhook, checked and complete. */
export interface WebhookTarget {
  readonly url: string
  readonly events: ReadonlySet<WebhookEventName>
  readonly channelPrefix: string
  readonly headers: Readonly<Record<string, string>>
}

const FIELDS: readonly string[] = ['url', 'events', 'channelPrefix', 'headers']

/** @throws {InvalidOptionError} When a webhook has a field that is unknown, missing or out of range. */
export function resolveWebhooks(
  webhooks: readonly Webhook[],
  path: string,
): readonly WebhookTarget[] {
  if (!Array.isArray(webhooks)) throw new InvalidOptionError(path, 'a list of webhooks')
  const targets = webhooks.map((webhook, position) => resolve(webhook, `${path}[${position}]`))
  if (new Set(targets.map(({ url }) => url)).size < targets.length) {
    throw new InvalidOptionError(path, 'a list of webhooks with addresses of their own')
  }
  return Object.freeze(targets)
}

function resolve(webhook: Webhook, path: string): WebhookTarget {
  checkFields(webhook, path, FIELDS)
  const { url, events = WEBHOOK_EVENTS, channelPrefix = '', headers = {} } = webhook
  if (typeof url !== 'string' || !/^https?:/.test(url) || !URL.canParse(url)) {
    throw new InvalidOptionError(`${path}.url`, 'an http:// or https:// address')
  }
  if (!Array.isArray(events) || !events.every((name) => WEBHOOK_EVENTS.includes(name))) {
    throw new InvalidOptionError(`${path}.events`, `a list of ${WEBHOOK_EVENTS.join(', ')}`)
  }
  if (typeof channelPrefix !== 'string') {
    throw new InvalidOptionError(`${path}.channelPrefix`, 'a text')
  }
  return Object.freeze({
    url,
    events: new Set(events),
    channelPrefix,
    headers: headersOf(headers, `${path}.headers`),
  })
}

function headersOf(
  headers: Readonly<Record<string, string>>,
  option: string,
): Readonly<Record<string, string>> {
  try {
    return Object.freeze(Object.fromEntries(new Headers(headers)))
  } catch {
    // TypeError for an invalid name or value; the runtime's message quotes it.
    throw new InvalidOptionError(option, 'an object of header names and values')
  }
}
