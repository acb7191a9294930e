/**
 * A passive client of the Worker under test: it does not answer pings.
 *
 * @module
 */

import { evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test'
import { env, exports } from 'cloudflare:workers'
import {
  authorizeChannel,
  authorizeUser,
  createApps,
  signedQuery,
} from 'nearcache/websocket/protocol'
import { hubsFor } from '../../../src/websocket/objects/placement.ts'
import { realtimeApps } from '../../support/websocket/apps.ts'

/** A frame, its data read where it is JSON. */
export interface Frame {
  readonly event: string
  readonly channel?: string
  readonly data?: unknown
  readonly serial?: number
  readonly epoch?: string
  readonly user_id?: string
}

const { all } = createApps(realtimeApps)
const [usual, hasty] = all
if (!usual || !hasty) throw new Error('There are two apps')

/** The apps by their names. */
export const APPS = { usual, hasty }
/** One of {@link APPS}. */
export type AppName = keyof typeof APPS

const WAIT_MS = 15_000

/** A connection. */
export class Client {
  readonly frames: Frame[] = []
  readonly socket: WebSocket
  readonly app: AppName
  closedWith: { readonly code: number; readonly reason: string } | undefined
  #read = 0
  #id = ''

  private constructor(socket: WebSocket, app: AppName) {
    this.socket = socket
    this.app = app
    socket.addEventListener('message', ({ data }) => {
      this.frames.push(frameOf(String(data)))
    })
    socket.addEventListener('close', ({ code, reason }) => {
      this.closedWith = { code, reason }
    })
    socket.accept()
  }

  /** Connects, and waits for the first frame. */
  static async connect(app: AppName, parameters = ''): Promise<Client> {
    const client = await Client.open(`/app/${APPS[app].key}?protocol=7${parameters}`, app)
    const { data } = await client.next('pusher:connection_established')
    client.#id = (data as { socket_id: string }).socket_id
    return client
  }

  /** Connects to any address. */
  static async open(path: string, app: AppName = 'usual'): Promise<Client> {
    const request = new Request(`https://rt.example${path}`, { headers: { upgrade: 'websocket' } })
    const { webSocket, status } = await exports.default.fetch(request)
    if (!webSocket) throw new Error(`There is no socket but ${status}`)
    return new Client(webSocket, app)
  }

  get id(): string {
    return this.#id
  }

  send(event: string, data: unknown, more: object = {}): void {
    this.socket.send(JSON.stringify({ event, data, ...more }))
  }

  /** Subscribes, as a user on presence channels, and waits for the answer. */
  async subscribe(channel: string, user?: string, more: object = {}): Promise<Frame> {
    const isPrivate = /^(?:private|presence)-/.test(channel)
    const data = user === undefined ? undefined : JSON.stringify({ user_id: user, ...more })
    const signed = isPrivate ? authorizeChannel(APPS[this.app], this.#id, channel, data) : {}
    this.send('pusher:subscribe', { channel, ...signed, ...(user === undefined && more) })
    return this.next(/subscription_(?:succeeded|error)$/, channel)
  }

  async signIn(user: object): Promise<Frame> {
    this.send('pusher:signin', authorizeUser(APPS[this.app], this.#id, JSON.stringify(user)))
    return this.next('pusher:signin_success')
  }

  /** Waits for the next frame of an event, and takes it. Other frames stay. */
  async next(event: string | RegExp, channel?: string): Promise<Frame> {
    const isIt = (frame: Frame): boolean =>
      (typeof event === 'string' ? frame.event === event : event.test(frame.event)) &&
      (channel === undefined || frame.channel === channel)
    return poll(
      () => {
        const place = this.frames.findIndex((frame, at) => at >= this.#read && isIt(frame))
        return place < 0 ? undefined : this.frames.splice(place, 1)[0]
      },
      `${event} of ${channel ?? 'anything'} among ${JSON.stringify(this.frames)}`,
    )
  }

  /** Everything of a channel that has not been taken. */
  rest(channel: string): string[] {
    return this.frames.filter((frame) => frame.channel === channel).map(({ event }) => event)
  }
}

/** Waits until a value is present. */
export async function poll<T>(
  look: () => T | undefined | Promise<T | undefined>,
  what: string,
): Promise<T> {
  const until = Date.now() + WAIT_MS
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (Date.now() > until) throw new Error(`There is no ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/**
 * Waits for what must not come. Objects in workerd go by a clock that a test cannot set, and that nothing
 * was sent has no event of its own.
 */
export function silence(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Asks the HTTP API as an app's server does. */
export async function ask(
  app: AppName,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
  query: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly body: unknown }> {
  const text = body === undefined ? '' : JSON.stringify(body)
  const full = `/apps/${APPS[app].id}${path}`
  const signed = signedQuery(APPS[app], { method, path: full, query, body: text }, Date.now())
  const response = await exports.default.fetch(
    new Request(`https://rt.example${full}?${signed}`, {
      method,
      ...(body !== undefined && { body: text, headers: { 'content-type': 'application/json' } }),
    }),
  )
  return { status: response.status, body: await response.json() }
}

/** Publishes an event. */
export async function publish(
  app: AppName,
  channel: string,
  name: string,
  data: unknown,
  more: object = {},
): Promise<void> {
  const body = { name, channels: [channel], data: JSON.stringify(data), ...more }
  const { status } = await ask(app, 'POST', '/events', body)
  if (status !== 200) throw new Error(`The event was refused with ${status}`)
}

/** The hub that a client with this id connects to. */
export function hubOf(app: AppName, clientId: string) {
  const [hub] = hubsFor(clientId, 2)
  return env.SOCKET_HUBS.get(env.SOCKET_HUBS.idFromName(`${app}/${hub}`))
}

/** All hubs of an app. */
export function hubsOf(app: AppName) {
  return ['0', '1'].map((hub) => env.SOCKET_HUBS.get(env.SOCKET_HUBS.idFromName(`${app}/${hub}`)))
}

/** A channel's object. */
export function channelOf(app: AppName, channel: string) {
  return env.CHANNELS.get(env.CHANNELS.idFromName(`${app}/${channel}`))
}

/** Evicts all objects of a channel from memory. Their sockets stay open. */
export async function evict(app: AppName, channel: string): Promise<void> {
  for (const stub of [...hubsOf(app), channelOf(app, channel)]) {
    // An object that does not run has no memory.
    await evictDurableObject(stub).catch(() => undefined)
  }
}

/** Runs a channel's alarm now, if it is set. */
export function ring(app: AppName, channel: string): Promise<boolean> {
  return runDurableObjectAlarm(channelOf(app, channel))
}

function frameOf(text: string): Frame {
  const { data, ...frame } = JSON.parse(text) as Frame
  if (typeof data !== 'string') return { ...frame, data }
  try {
    return { ...frame, data: JSON.parse(data) }
  } catch {
    return { ...frame, data }
  }
}
