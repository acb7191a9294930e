/**
 * A server of the Pusher protocol without a network: it sends what the test scripts, and records what it
 * received.
 *
 * @module
 */

import { ManualPlatform } from '../../../../src/testing/manual-platform.ts'
import {
  type ClientChange,
  type ClientOptions,
  RealtimeClient,
  type SocketLike,
} from '../../../../src/websocket/client/index.ts'

type Listener = Parameters<SocketLike['addEventListener']>[1]

/** A frame from the server: `data` is made a text, as in the protocol. */
export interface Said {
  readonly event: string
  readonly channel?: string
  readonly data?: unknown
  readonly [field: string]: unknown
}

/** One connection, seen from the server. */
export class ScriptedSocket implements SocketLike {
  readonly url: string
  readonly texts: string[] = []
  /** The code that the client has closed it with. */
  closedWith: number | undefined
  readonly #listeners = new Map<string, Listener[]>()

  constructor(url: string) {
    this.url = url
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener])
  }

  send(text: string): void {
    this.texts.push(text)
  }

  close(code = 1005): void {
    this.closedWith = code
  }

  /** What the client has sent, decoded; pings and pongs left out. */
  get frames(): { readonly event: string; readonly channel?: string; readonly data: never }[] {
    return this.texts
      .map((text) => JSON.parse(text))
      .filter(({ event }) => !/^pusher:p[io]ng$/.test(event))
  }

  establish(socketId: string, activityTimeout = 120): void {
    const data = { socket_id: socketId, activity_timeout: activityTimeout }
    this.say({ event: 'pusher:connection_established', data })
  }

  say({ data = {}, ...frame }: Said): void {
    this.sayText(JSON.stringify({ ...frame, data: JSON.stringify(data) }))
  }

  sayText(text: unknown): void {
    this.#tell('message', { data: text })
  }

  /** Ends the connection from the server's side, or the network's. */
  end(code: number): void {
    this.#tell('close', { code })
  }

  #tell(type: string, event: { readonly data?: unknown; readonly code?: number }): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event)
  }
}

/** A client with a server that the test controls. */
export interface ClientBench {
  readonly platform: ManualPlatform
  readonly client: RealtimeClient
  readonly changes: ClientChange[]
  readonly sockets: ScriptedSocket[]
  /** The current connection. */
  readonly socket: ScriptedSocket
  /** Connects, and gives the connection an id. */
  connect(socketId?: string): Promise<ScriptedSocket>
  /** Breaks the connection and waits for the next one. */
  reconnect(socketId: string, code?: number): Promise<ScriptedSocket>
}

/** @param random What `random` of the platform returns. @default 0.5 */
export function clientBench(
  options: Partial<ClientOptions> = {},
  random: number | (() => number) = 0.5,
): ClientBench {
  const platform = new ManualPlatform({ random })
  const sockets: ScriptedSocket[] = []
  class Socket extends ScriptedSocket {
    constructor(url: string) {
      super(url)
      sockets.push(this)
    }
  }
  const client = new RealtimeClient({
    ...{ url: 'wss://realtime.test', key: 'app-key', clientId: 'me', platform },
    WebSocket: Socket,
    ...options,
  })
  const changes: ClientChange[] = []
  client.watch((change) => changes.push(change))
  const bench = {
    ...{ platform, client, changes, sockets },
    get socket(): ScriptedSocket {
      const socket = sockets.at(-1)
      if (socket === undefined) throw new Error('nobody has connected yet')
      return socket
    },
    async connect(socketId = '1.1') {
      client.connect()
      await platform.advance(0)
      bench.socket.establish(socketId)
      await platform.advance(0)
      return bench.socket
    },
    async reconnect(socketId: string, code = 1006) {
      const before = sockets.length
      bench.socket.end(code)
      for (let i = 0; sockets.length === before && i < 100; i++) await platform.advance(1_000)
      bench.socket.establish(socketId)
      await platform.advance(0)
      return bench.socket
    },
  }
  return bench
}
