/**
 * Publishes events by the signed HTTP API of a server of the Pusher protocol, within a time limit.
 *
 * @module
 */

import { type Duration, toMilliseconds } from '../entry/duration.ts'
import { checkFields, nonEmptyText } from '../entry/option-checks.ts'
import { InvalidOptionError, InvalidValueError, PublishError } from '../errors.ts'
import { withDeadline } from '../flight/deadline.ts'
import type { Platform } from '../platform/platform.ts'
import { discard } from '../redis/body.ts'
import { readChannel } from './protocol/channel.ts'
import { signedQuery } from './protocol/request-signature.ts'

/** The API that events are published to, and its credentials. */
export interface RealtimeApi {
  /** The address of the server, such as `https://realtime.example.com`; the API paths are appended. */
  readonly url: string
  readonly appId: string
  readonly key: string
  readonly secret: string
  /** How long to wait for the response; 1 ms to 1 min. @default '5s' */
  readonly timeout?: Duration
  /** @default the global `fetch` */
  readonly fetch?: typeof fetch
}

/** Options for publishing an event. */
export interface PublishOptions {
  /** The connection that does not get the event, usually its sender. @default all connections get it */
  readonly socketId?: string
  /** Which counts of each channel to return, as of that time. @default none */
  readonly info?: readonly ('user_count' | 'subscription_count')[]
}

/** The counts requested of a channel; `undefined` where the server does not return one. */
export interface PublishedTo {
  readonly userCount: number | undefined
  readonly subscriptionCount: number | undefined
}

const MOST_CHANNELS = 100
const MOST_NAME_CHARACTERS = 200
const FIELDS = ['url', 'appId', 'key', 'secret', 'timeout', 'fetch']
const SOCKET_ID = /^\d+\.\d+$/

/** Publishes events of one app. */
export class Publisher {
  readonly #platform: Platform
  readonly #api: RealtimeApi
  readonly #url: URL
  readonly #timeoutMs: number

  /** @throws {InvalidOptionError} When a part of the API is missing or out of its range. */
  constructor(platform: Platform, api: RealtimeApi) {
    checkFields(api, 'api', FIELDS)
    for (const field of ['appId', 'key', 'secret'] as const) {
      nonEmptyText(api[field], `api.${field}`)
    }
    this.#platform = platform
    this.#api = api
    this.#url = urlOf(api.url, api.appId)
    const range = { min: 1, max: 60_000 }
    this.#timeoutMs = toMilliseconds(api.timeout ?? '5s', 'api.timeout', range)
  }

  /**
   * @param data Sent as JSON.
   * @returns The requested counts by channel name.
   * @throws {PublishError} When the server did not confirm the event.
   */
  async publish(
    channels: readonly string[],
    event: string,
    data: unknown,
    options: PublishOptions,
  ): Promise<ReadonlyMap<string, PublishedTo>> {
    const body = bodyOf(channels, event, data, options)
    const timedOut = (): PublishError => new PublishError('timeout', undefined, 'unknown')
    const answer = await withDeadline(this.#platform, this.#timeoutMs, timedOut, (signal) =>
      this.#send(body, signal),
    )
    return channelsIn(answer)
  }

  async #send(body: string, signal: AbortSignal): Promise<unknown> {
    const { key, secret, fetch: send = fetch } = this.#api
    const path = decodeURIComponent(this.#url.pathname)
    const request = { method: 'POST', path, query: {}, body }
    const url = new URL(this.#url)
    url.search = String(signedQuery({ key, secret }, request, this.#platform.now()))
    const headers = { 'Content-Type': 'application/json' }
    const response = await send(url, { method: 'POST', headers, body, signal }).catch(() => {
      // TypeError: its message may contain the address.
      throw new PublishError('network', undefined, 'unknown')
    })
    if (!response.ok) {
      await discard(response.body)
      const applied = response.status < 500 ? 'no' : 'unknown'
      throw new PublishError(`HTTP ${response.status}`, response.status, applied)
    }
    return response.json().catch(() => {
      throw new PublishError('malformed answer', response.status, 'unknown')
    })
  }
}

function urlOf(text: string, appId: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new InvalidOptionError('api.url', 'the http or https address of a server')
  }
  url.pathname = `${url.pathname.replace(/\/$/, '')}/apps/${encodeURIComponent(appId)}/events`
  url.hash = ''
  return url
}

function bodyOf(
  channels: readonly string[],
  event: string,
  data: unknown,
  { socketId, info = [] }: PublishOptions,
): string {
  if (!Array.isArray(channels) || channels.length === 0 || channels.length > MOST_CHANNELS) {
    throw new InvalidOptionError('channels', `1 to ${MOST_CHANNELS} names of channels`)
  }
  if (channels.some((channel) => readChannel(channel) === undefined)) {
    throw new InvalidOptionError('channels', 'names of channels: 1 to 200 of A-Za-z0-9_-=@,.;')
  }
  if (typeof event !== 'string' || event === '' || event.length > MOST_NAME_CHARACTERS) {
    throw new InvalidOptionError('event', `a name of 1 to ${MOST_NAME_CHARACTERS} characters`)
  }
  if (socketId !== undefined && !SOCKET_ID.test(socketId)) {
    throw new InvalidOptionError('socketId', 'the id of a socket: two numbers and a point')
  }
  if (!Array.isArray(info))
    throw new InvalidOptionError('info', 'a list of counts such as user_count')
  const text = jsonOf(data)
  const asked = info.length > 0 ? { info: info.join(',') } : {}
  const except = socketId === undefined ? {} : { socket_id: socketId }
  return JSON.stringify({ name: event, channels, data: text, ...except, ...asked })
}

function jsonOf(data: unknown): string {
  try {
    const text: unknown = JSON.stringify(data)
    if (typeof text === 'string') return text
  } catch {
    // TypeError for a cycle or a bigint: its message may contain property names.
  }
  throw new InvalidValueError('it is no JSON')
}

function channelsIn(answer: unknown): ReadonlyMap<string, PublishedTo> {
  const { channels } = Object(answer) as { readonly channels?: unknown }
  return new Map(
    Object.entries(Object(channels) as Record<string, unknown>).map(([name, info]) => {
      const { user_count, subscription_count } = Object(info) as Record<string, unknown>
      const told = {
        userCount: numberIn(user_count),
        subscriptionCount: numberIn(subscription_count),
      }
      return [name, told]
    }),
  )
}

function numberIn(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}
