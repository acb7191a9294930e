/**
 * The Durable Objects of realtime: hubs with the sockets, channels, and the list of channels.
 *
 * @module
 */

import { DurableObject } from 'cloudflare:workers'
import { workersPlatform } from 'nearcache/platform/workers'
import {
  admit,
  Channel,
  type ChannelEvent,
  type ChannelOptions,
  type Delivery,
  Directory,
  HUB_HEADER,
  type HubReport,
  type HubStatus,
  PING_FRAME,
  PONG_FRAME,
  type Question,
  type ReportAnswer,
  SocketHub,
} from 'nearcache/websocket/objects'
import { placeOf, type RealtimeEnvironment, realtimeOf } from '../realtime.ts'
import { mirrorOf } from '../realtime-mirror.ts'

type ChannelInfo = Awaited<ReturnType<Channel['info']>>
type ChannelAttributes = Parameters<Channel['info']>[0]

/** Owns sockets: see `SocketHub`. */
export class SocketHubObject extends DurableObject<RealtimeEnvironment> {
  readonly #hub: SocketHub<WebSocket>

  constructor(ctx: DurableObjectState, env: RealtimeEnvironment) {
    super(ctx, env)
    const { app, part, network } = placeOf(ctx, env)
    const platform = workersPlatform()
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING_FRAME, PONG_FRAME))
    const mirror = mirrorOf(env, app, `hub-${part}`)
    this.#hub = new SocketHub({ name: part, app, state: ctx, network, platform, mirror })
  }

  /** Accepts a connection that the Worker has admitted, or answers that it has to use another hub. */
  override async fetch(request: Request): Promise<Response> {
    const { apps } = realtimeOf(this.env)
    const admitted = admit(new URL(request.url), apps)
    if (admitted.kind === 'refused') return new Response(null, { status: 403 })
    if (this.#hub.verdict !== 'open') {
      return new Response(null, { status: 503, headers: { [HUB_HEADER]: this.#hub.verdict } })
    }
    const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket]
    await this.#hub.connect(server, admitted)
    return new Response(null, { status: 101, webSocket: client })
  }

  override async webSocketMessage(socket: WebSocket, frame: string | ArrayBuffer): Promise<void> {
    await this.#hub.message(socket, frame)
  }

  override async webSocketClose(
    socket: WebSocket,
    code: number,
    _reason: string,
    wasClean: boolean,
  ): Promise<void> {
    answerClose(socket, code)
    await this.#hub.closed(socket, { code, wasClean })
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    await this.#hub.closed(socket, { code: 1006, wasClean: false })
  }

  override async alarm(): Promise<void> {
    await this.#hub.alarm()
  }

  deliver(channel: string, deliveries: Delivery[]): Promise<HubReport | undefined> {
    return this.#hub.deliver(channel, deliveries)
  }

  inspect(channel: string): Promise<HubReport> {
    return this.#hub.inspect(channel)
  }

  terminateUser(userId: string): Promise<number> {
    return this.#hub.terminateUser(userId)
  }

  status(): Promise<HubStatus> {
    return this.#hub.status()
  }

  drain(withinMs: number): Promise<HubStatus> {
    return this.#hub.drain(withinMs)
  }
}

/** One channel: see `Channel`. */
export class ChannelObject extends DurableObject<RealtimeEnvironment> {
  readonly #channel: Channel

  constructor(ctx: DurableObjectState, env: RealtimeEnvironment) {
    super(ctx, env)
    const { app, part, network } = placeOf(ctx, env)
    const platform = workersPlatform()
    const mirror = mirrorOf(env, app, 'channel')
    const { storage } = ctx
    // This log is the only report. It does not name channels, whose names may contain user ids.
    const onDropped: ChannelOptions['onDropped'] = (events, reason) => {
      const title = 'A webhook was given up'
      const names = events.map((event) => event.name)
      console.error(JSON.stringify({ title, app: app.id, events: names, reason }))
    }
    this.#channel = new Channel({ name: part, app, storage, network, platform, mirror, onDropped })
  }

  report(report: HubReport, question: Question): Promise<ReportAnswer> {
    return this.#channel.report(report, question)
  }

  publish(event: ChannelEvent, info: ChannelAttributes): Promise<ChannelInfo> {
    return this.#channel.publish(event, info)
  }

  update(userId: string, info: string | undefined): Promise<boolean> {
    return this.#channel.update(userId, info)
  }

  info(attributes: ChannelAttributes): Promise<ChannelInfo> {
    return this.#channel.info(attributes)
  }

  users(): Promise<string[]> {
    return this.#channel.users()
  }

  lastEvent(): ReturnType<Channel['lastEvent']> {
    return this.#channel.lastEvent()
  }

  override async alarm(): Promise<void> {
    await this.#channel.alarm()
  }
}

/** One shard of the list of channels: see `Directory`. */
export class DirectoryObject extends DurableObject<RealtimeEnvironment> {
  readonly #directory: Directory

  constructor(ctx: DurableObjectState, env: RealtimeEnvironment) {
    super(ctx, env)
    this.#directory = new Directory(ctx.storage)
  }

  note(channel: string, isOccupied: boolean, version: number): Promise<void> {
    return this.#directory.note(channel, isOccupied, version)
  }

  list(prefix: string): Promise<string[]> {
    return this.#directory.list(prefix)
  }
}

/**
 * Answers a close frame. For a socket that can hibernate, the runtime does not: its client would wait for ten
 * seconds, and get code 1006.
 */
function answerClose(socket: WebSocket, code: number): void {
  try {
    // Other codes must not be sent by a server; 1005 and 1006 must not be sent at all.
    socket.close(code >= 3000 && code < 5000 ? code : 1000)
  } catch {
    // InvalidStateError: the socket is closed already.
  }
}
