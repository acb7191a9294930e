/**
 * Hubs, channels and directories of one app in this process, on SQLite and a clock of the test's own:
 * the classes of the Worker, with a network that can fail and objects that can be evicted or crash.
 *
 * @module
 */

import { DatabaseSync } from 'node:sqlite'
import { serialize } from 'node:v8'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { Channel, type ChannelOptions } from '../../../src/websocket/objects/channel.ts'
import { Directory } from '../../../src/websocket/objects/directory.ts'
import type { MirrorPort } from '../../../src/websocket/objects/mirror-port.ts'
import { networkOf } from '../../../src/websocket/objects/network.ts'
import { directoryOf, partsOfName } from '../../../src/websocket/objects/placement.ts'
import type {
  ObjectSocket,
  ObjectStorage,
  SocketObjectState,
  SqlRow,
} from '../../../src/websocket/objects/runtime.ts'
import { SocketHub } from '../../../src/websocket/objects/socket-hub.ts'
import type { Network } from '../../../src/websocket/objects/stubs.ts'
import { type App, type AppOptions, createApps } from '../../../src/websocket/protocol/app.ts'
import { authorizeChannel } from '../../../src/websocket/protocol/signature.ts'

/** A frame with its data read. */
export interface SentFrame {
  readonly event: string
  readonly channel?: string
  readonly data?: unknown
  readonly serial?: number
  readonly epoch?: string
}

/** The storage of one object, which survives an eviction. */
class MemoryStorage implements ObjectStorage {
  alarm: number | null = null
  alarmWrites = 0
  #database = new DatabaseSync(':memory:')
  readonly sql = {
    exec: (query: string, ...bindings: (string | number | null)[]): SqlRow[] =>
      this.#database.prepare(query).all(...bindings) as SqlRow[],
  }

  transactionSync<T>(change: () => T): T {
    return change()
  }

  async getAlarm(): Promise<number | null> {
    return this.alarm
  }

  async setAlarm(at: number): Promise<void> {
    this.alarmWrites += 1
    this.alarm = at
  }

  async deleteAlarm(): Promise<void> {
    this.alarm = null
  }

  async deleteAll(): Promise<void> {
    this.#database = new DatabaseSync(':memory:')
    this.alarm = null
  }
}

/** A socket as its hub sees it, with the frames that were sent to the client. */
export class MemorySocket implements ObjectSocket {
  readyState = 1
  readonly frames: SentFrame[] = []
  closedWith: number | undefined
  #attachment = 'null'

  send(frame: string): void {
    if (this.readyState !== 1) throw new Error('The socket is closed')
    const { data, ...rest } = JSON.parse(frame) as SentFrame
    this.frames.push({ ...rest, data: typeof data === 'string' ? JSON.parse(data) : data })
  }

  close(code?: number): void {
    this.readyState = 2
    this.closedWith = code
  }

  serializeAttachment(value: unknown): void {
    if (serialize(value).length > 16_384) throw new Error('The attachment is too large')
    this.#attachment = JSON.stringify(value)
  }

  deserializeAttachment(): unknown {
    return JSON.parse(this.#attachment)
  }
}

/** A client with its socket. */
export interface ClusterClient {
  readonly hub: string
  readonly socket: MemorySocket
  readonly id: string
}

/** The name of the shard, if there is only one. */
export const DIRECTORY: string = directoryOf('', 1)

type Kind = 'hub' | 'channel' | 'directory'
type Instance = SocketHub<MemorySocket> | Channel | Directory

/** One app's objects. */
export class Cluster {
  readonly platform: ManualPlatform
  readonly app: App
  /** Bodies of webhooks that were sent. */
  readonly webhooks: string[] = []
  /** The number of events of each webhook that was given up, and the reason. */
  readonly dropped: string[] = []
  /** The answer of the webhook receiver. */
  receive: () => Promise<Response> = async () => new Response(null, { status: 200 })
  /** Whether the next call between objects fails, before or after it arrives. */
  fail: (() => 'before' | 'after' | undefined) | undefined
  /** Of hubs that are made from now on, by their names. */
  mirrorOf: ((hub: string) => MirrorPort) | undefined
  /** Of channels that are made from now on. */
  mirror: MirrorPort | undefined
  constructorRuns = 0
  readonly #storages = new Map<string, MemoryStorage>()
  readonly #instances = new Map<string, Instance>()
  readonly #sockets = new Map<string, MemorySocket[]>()

  constructor(options: Partial<AppOptions> = {}, random = 0.5) {
    // Ids of sockets are random, and must be unique.
    let draws = 0
    this.platform = new ManualPlatform({ random: () => (random + draws++ * 0.000_137) % 1 })
    const { all } = createApps([
      { id: 'app', key: 'app-key', secret: 'the-secret-of-the-app', ...options },
    ])
    const [app] = all
    if (!app) throw new Error('There is an app')
    this.app = app
  }

  /** Connects to a hub, without a subscription. */
  async connect(hub: string, clientId?: string, isExtended = false): Promise<ClusterClient> {
    const socket = new MemorySocket()
    await this.hub(hub).connect(socket, { clientId, isExtended })
    const [established] = socket.frames.splice(0)
    const { socket_id: id = '' } = Object(established?.data) as { socket_id?: string }
    return { hub, socket, id }
  }

  /** Sends a frame of a client. */
  async send({ hub, socket }: ClusterClient, event: string, data: unknown): Promise<void> {
    await this.hub(hub).message(socket, JSON.stringify({ event, data }))
  }

  /** Subscribes a user to a presence channel. */
  async join(client: ClusterClient, channel: string, user: string): Promise<void> {
    const data = JSON.stringify({ user_id: user })
    const signed = authorizeChannel(this.app, client.id, channel, data)
    await this.send(client, 'pusher:subscribe', { channel, ...signed })
  }

  /** The platform reports a close. */
  async close(
    { hub, socket }: ClusterClient,
    code: number,
    wasClean = code !== 1006,
  ): Promise<void> {
    socket.readyState = 2
    this.#forgetSocket(hub, socket)
    await this.hub(hub).closed(socket, { code, wasClean })
  }

  /** An object is evicted from memory; its sockets stay open. */
  evict(kind: Kind, part: string): void {
    this.#instances.delete(nameOf(kind, part))
  }

  /** A hub loses its memory and all its sockets, without any close event. */
  crash(hub: string): void {
    this.evict('hub', hub)
    for (const socket of this.#sockets.get(hub) ?? []) socket.readyState = 3
    this.#sockets.delete(hub)
  }

  /** How often an object has set its alarm. */
  alarmWrites(kind: Kind, part: string): number {
    return this.#storages.get(nameOf(kind, part))?.alarmWrites ?? 0
  }

  /** How many rows an object has stored in a table. */
  rowsIn(kind: Kind, part: string, table: string): number {
    const [row] =
      this.#storages.get(nameOf(kind, part))?.sql.exec(`SELECT count(*) AS n FROM ${table}`) ?? []
    return Number(row?.['n'] ?? 0)
  }

  /** Replaces an object, for example by one of another version. */
  replace(kind: Kind, part: string, methods: object): void {
    this.#instances.set(nameOf(kind, part), methods as Instance)
  }

  hub(name: string): SocketHub<MemorySocket> {
    return this.#get('hub', name) as SocketHub<MemorySocket>
  }

  channel(name: string): Channel {
    return this.#get('channel', name) as Channel
  }

  /** The one shard of the list of occupied channels. */
  get directory(): Directory {
    return this.#get('directory', DIRECTORY) as Directory
  }

  /** Lets time pass, and fires alarms at their times. */
  async advance(ms: number): Promise<void> {
    const until = this.platform.now() + ms
    for (;;) {
      const [next] = [...this.#storages]
        .filter(([, { alarm }]) => alarm !== null && alarm <= until)
        .sort(([, one], [, other]) => (one.alarm ?? 0) - (other.alarm ?? 0))
      if (next === undefined) break
      const [name, storage] = next
      this.platform.jump(Math.max(0, (storage.alarm ?? 0) - this.platform.now()))
      storage.alarm = null
      const [kind = '', part = ''] = name.split(/ (.*)/)
      await (this.#get(kind as Kind, part) as Channel).alarm()
    }
    this.platform.jump(until - this.platform.now())
  }

  #get(kind: Kind, part: string): Instance {
    const name = nameOf(kind, part)
    const storage = this.#storages.get(name) ?? new MemoryStorage()
    this.#storages.set(name, storage)
    const instance = this.#instances.get(name) ?? this.#make(kind, part, storage)
    this.#instances.set(name, instance)
    return instance
  }

  #make(kind: Kind, part: string, storage: MemoryStorage): Instance {
    const { app, platform } = this
    const network = this.#network()
    this.constructorRuns += 1
    if (kind === 'directory') return new Directory(storage)
    if (kind === 'channel') {
      const fetch = async (_: unknown, init?: { body?: unknown }): Promise<Response> => {
        this.webhooks.push(String(init?.body))
        return this.receive()
      }
      const onDropped: ChannelOptions['onDropped'] = ({ length }, reason) => {
        this.dropped.push(`${length}: ${reason}`)
      }
      const { mirror } = this
      return new Channel({ name: part, app, storage, network, platform, mirror, fetch, onDropped })
    }
    return new SocketHub({
      name: part,
      app,
      state: this.#stateOf(part, storage),
      network,
      platform,
      mirror: this.mirrorOf?.(part),
    })
  }

  #stateOf(hub: string, storage: MemoryStorage): SocketObjectState<MemorySocket> {
    return {
      storage,
      acceptWebSocket: (socket) => {
        this.#sockets.set(hub, [...(this.#sockets.get(hub) ?? []), socket])
      },
      getWebSockets: () => this.#sockets.get(hub) ?? [],
      getWebSocketAutoResponseTimestamp: () => null,
    }
  }

  #forgetSocket(hub: string, socket: MemorySocket): void {
    const others = (this.#sockets.get(hub) ?? []).filter((other) => other !== socket)
    this.#sockets.set(hub, others)
  }

  #network(): Network {
    const namespace = (kind: Kind) => ({
      idFromName: (name: string) => partsOfName(name).part,
      get: (part: unknown) => this.#stub(kind, String(part)),
    })
    const bindings = {
      hubs: namespace('hub'),
      channels: namespace('channel'),
      directories: namespace('directory'),
    }
    return networkOf(bindings as never, this.app.id, 1)
  }

  /** Arguments are copied, and calls arrive in a later turn of the event loop. */
  #stub(kind: Kind, part: string): unknown {
    return new Proxy(
      {},
      {
        get:
          (_, method: string) =>
          async (...args: unknown[]): Promise<unknown> => {
            const failure = this.fail?.()
            await Promise.resolve()
            if (failure === 'before') throw new Error('The call did not arrive')
            const target = this.#get(kind, part) as unknown as Record<
              string,
              (...a: unknown[]) => unknown
            >
            const answer = await target[method]?.(...structuredClone(args))
            if (failure === 'after') throw new Error('The answer did not arrive')
            return structuredClone(answer)
          },
      },
    )
  }
}

function nameOf(kind: Kind, part: string): string {
  return `${kind} ${part}`
}
