/**
 * A hub: holds hibernating sockets, and exchanges frames with their clients.
 *
 * @module
 */

import type { Platform } from '../../platform/platform.ts'
import { LEFT_PAGE } from '../extensions.ts'
import type { App } from '../protocol/app.ts'
import { readClientFrame } from '../protocol/client-frame.ts'
import { CLOSES, type Close } from '../protocol/close.ts'
import { errorFrame, establishedFrame, PONG_FRAME } from '../protocol/server-frame.ts'
import { Alarm, earliest } from './alarm.ts'
import { HubChannels } from './hub-channels.ts'
import { HubConnection } from './hub-connection.ts'
import { deliver } from './hub-delivery.ts'
import { HubDrain } from './hub-drain.ts'
import { HubEvents } from './hub-events.ts'
import { HubMirror } from './hub-mirror.ts'
import { HubReporter } from './hub-reporter.ts'
import { HubStore } from './hub-store.ts'
import { HubSubscriptions } from './hub-subscriptions.ts'
import { HubSweep } from './hub-sweep.ts'
import { HubUsers } from './hub-users.ts'
import type { MirrorPort } from './mirror-port.ts'
import type { HubReport, LeaveReason } from './reports.ts'
import type { ObjectSocket, SocketObjectState } from './runtime.ts'
import type { Delivery, HubStatus, HubStub, Network } from './stubs.ts'

/** Options for {@link SocketHub}. */
export interface SocketHubOptions<Socket extends ObjectSocket> {
  /** The hub's name within its app. */
  readonly name: string
  /** The app whose connections it holds. */
  readonly app: App
  /** The sockets and the storage of its object. */
  readonly state: SocketObjectState<Socket>
  /** Gives access to the channels of the app. */
  readonly network: Network
  /** Clock and random numbers. */
  readonly platform: Platform
  /** Gets copies of connections and their channels. @default none */
  readonly mirror?: MirrorPort | undefined
  /** How many connections it accepts. Each wake-up reads all of them. @default 4_000 */
  readonly capacity?: number
}

/** What a client sent about itself when it connected. */
export interface Arrival {
  readonly isExtended: boolean
  readonly clientId: string | undefined
}

/**
 * The hub behind one Durable Object. Its memory is rebuilt from the attachments of the sockets, and no method
 * leaves work running in the background.
 */
export class SocketHub<Socket extends ObjectSocket = ObjectSocket> implements HubStub {
  readonly #options: SocketHubOptions<Socket>
  readonly #store: HubStore
  readonly #connections = new Map<ObjectSocket, HubConnection<Socket>>()
  readonly #clients = new Map<string, HubConnection<Socket>>()
  readonly #channels = new HubChannels()
  readonly #reporter: HubReporter
  readonly #subscriptions: HubSubscriptions
  readonly #users: HubUsers
  readonly #events: HubEvents
  readonly #drain: HubDrain
  readonly #mirror: HubMirror
  readonly #sweep: HubSweep<Socket>
  readonly #alarm: Alarm
  /** Whether state may be stored of sockets that ended with a restart. The first alarm drops it. */
  #hasLeftovers: boolean

  /** Rebuilds the index from the sockets. */
  constructor(options: SocketHubOptions<Socket>) {
    const { name, app, state, network, platform, mirror } = options
    this.#options = options
    this.#store = new HubStore(state.storage)
    const connections = state
      .getWebSockets()
      .map((socket) => HubConnection.restore(socket, this.#store))
      .filter((connection) => connection !== undefined)
    for (const connection of connections) this.#enter(connection)
    const isRestarted = connections.length === 0 && this.#store.attached().length > 0
    this.#hasLeftovers = isRestarted
    const parts = { hub: name, app, store: this.#store, channels: this.#channels, network }
    this.#reporter = new HubReporter({ ...parts, isRestarted })
    const onChange = (connection: HubConnection): void =>
      this.#mirror.changed(connection, this.#now())
    const shared = { ...parts, reporter: this.#reporter, onChange }
    this.#subscriptions = new HubSubscriptions(shared)
    this.#users = new HubUsers(shared)
    this.#events = new HubEvents(shared, platform)
    this.#drain = new HubDrain(this.#store, platform.now())
    this.#mirror = new HubMirror(mirror, connections.length === 0, platform.now())
    this.#alarm = new Alarm(state.storage)
    for (const connection of connections) this.#users.restore(connection)
    this.#sweep = new HubSweep({
      app,
      store: this.#store,
      state,
      connections: this.#connections,
      end: this.#end.bind(this),
    })
  }

  /** Whether another connection is accepted. */
  get verdict(): 'open' | 'full' | 'draining' {
    if (this.#drain.isOn) return 'draining'
    return this.#connections.size < (this.#options.capacity ?? 4_000) ? 'open' : 'full'
  }

  /** Accepts a connection, and closes a half-open one of the same client. */
  async connect(socket: Socket, { isExtended, clientId }: Arrival): Promise<void> {
    const { state, app } = this.#options
    const now = this.#now()
    state.acceptWebSocket(socket)
    const identity = { id: this.#newId(), isExtended, clientId, connectedAt: now }
    const connection = new HubConnection(socket, identity)
    const twin = clientId === undefined ? undefined : this.#clients.get(clientId)
    this.#enter(connection)
    connection.save(this.#store)
    this.#mirror.changed(connection, now)
    connection.send(establishedFrame(identity.id, app.limits.activityTimeoutMs))
    this.#sweep.entered(connection)
    if (twin) await this.#end(twin, CLOSES.replaced, 'lost')
    await this.#settle()
  }

  /** Handles a frame. */
  async message(socket: ObjectSocket, text: string | ArrayBuffer): Promise<void> {
    const connection = this.#connections.get(socket)
    if (connection === undefined) return
    this.#sweep.heard(connection, this.#now())
    if (this.#events.isFlooding(connection)) {
      await this.#end(connection, CLOSES.overCapacity, 'lost')
    } else {
      await this.#read(connection, text)
    }
    await this.#settle()
  }

  /** Handles the close of a socket. The platform may never report it. */
  async closed(
    socket: ObjectSocket,
    { code, wasClean }: { readonly code: number; readonly wasClean: boolean },
  ): Promise<void> {
    const connection = this.#connections.get(socket) ?? this.#recall(socket as Socket)
    if (connection === undefined) return
    await this.#drop(connection, reasonOf(code, wasClean))
    await this.#settle()
  }

  /** Does the work that is due. */
  async alarm(): Promise<void> {
    this.#alarm.rang()
    const now = this.#now()
    if (this.#hasLeftovers) this.#store.keepSpilled(this.#connections.values())
    this.#hasLeftovers = false
    const swept = await this.#sweep.run(now)
    if (swept) await this.#mirror.active([...this.#connections.values()], now)
    await this.#mirror.flush(now)
    await this.#drainSome(now)
    await this.#reporter.catchUp(now)
    await this.#users.catchUp()
    await this.#settle()
  }

  async deliver(name: string, deliveries: readonly Delivery[]): Promise<HubReport | undefined> {
    const channel = this.#channels.get(name)
    if (channel === undefined || channel.connections.size === 0) return this.#reporter.inspect(name)
    deliver(channel, deliveries)
    return undefined
  }

  async inspect(channel: string): Promise<HubReport> {
    return this.#reporter.inspect(channel)
  }

  /** @returns How many connections were closed. */
  async terminateUser(userId: string): Promise<number> {
    const connections = this.#users.connectionsOf(userId) as readonly HubConnection<Socket>[]
    await Promise.all(
      connections.map((connection) => this.#end(connection, CLOSES.terminated, 'closed')),
    )
    await this.#settle()
    return connections.length
  }

  async status(): Promise<HubStatus> {
    const { capacity = 4_000 } = this.#options
    const state = this.#drain.isOn ? 'draining' : 'open'
    return { sockets: this.#connections.size, capacity, channels: this.#channels.size, state }
  }

  /** @param withinMs Milliseconds within which all connections are closed; 0 opens the hub again. */
  async drain(withinMs: number): Promise<HubStatus> {
    this.#drain.begin(withinMs, this.#now())
    await this.#settle()
    return this.status()
  }

  async #read(connection: HubConnection<Socket>, text: string | ArrayBuffer): Promise<void> {
    const frame = readClientFrame(text, this.#options.app.limits)
    switch (frame.kind) {
      case 'refused':
        return connection.send(errorFrame(frame.message, frame.code))
      case 'ping':
        return connection.send(PONG_FRAME)
      case 'pong':
        return undefined
      case 'subscribe':
        return this.#subscriptions.subscribe(connection, frame)
      case 'unsubscribe':
        return this.#subscriptions.unsubscribe(connection, frame.channel)
      case 'clientEvent':
        return this.#events.send(connection, frame)
      case 'presenceUpdate':
        return this.#events.update(connection, frame)
      case 'signIn':
        if (!(await this.#users.signIn(connection, frame))) await this.#drop(connection, 'closed')
    }
  }

  async #drainSome(now: number): Promise<void> {
    const connections = [...this.#connections.values()]
    const count = this.#drain.step(connections.length, now)
    await Promise.all(
      connections.slice(0, count).map((each) => this.#end(each, CLOSES.reconnect, 'lost')),
    )
  }

  /** Closes a connection without waiting for its close event. */
  async #end(connection: HubConnection<Socket>, close: Close, reason: LeaveReason): Promise<void> {
    connection.close(close)
    await this.#drop(connection, reason)
  }

  async #drop(connection: HubConnection<Socket>, reason: LeaveReason): Promise<void> {
    const { clientId } = connection.identity
    this.#connections.delete(connection.socket)
    if (clientId !== undefined && this.#clients.get(clientId) === connection) {
      this.#clients.delete(clientId)
    }
    connection.forget(this.#store)
    this.#mirror.gone(connection, this.#now())
    await Promise.all([
      this.#subscriptions.drop(connection, reason),
      this.#users.drop(connection, reason),
    ])
  }

  /** Restores a connection whose close woke the hub: the platform no longer lists its socket. */
  #recall(socket: Socket): HubConnection<Socket> | undefined {
    const connection = HubConnection.restore(socket, this.#store)
    if (connection === undefined) return undefined
    this.#enter(connection)
    this.#users.restore(connection)
    return connection
  }

  #enter(connection: HubConnection<Socket>): void {
    const { clientId } = connection.identity
    this.#connections.set(connection.socket, connection)
    if (clientId !== undefined) this.#clients.set(clientId, connection)
    for (const subscription of connection.subscriptions.values()) {
      this.#channels.add(connection, subscription)
    }
  }

  async #settle(): Promise<void> {
    await this.#alarm.set(() =>
      earliest([
        this.#sweep.nextAt(),
        this.#reporter.nextAt(),
        this.#drain.nextAt(),
        this.#mirror.nextAt(),
      ]),
    )
  }

  /** Two numbers joined by a dot, which server SDKs require. */
  #newId(): string {
    const { platform } = this.#options
    const draw = (): number => 1 + Math.floor(platform.random() * 4_294_967_295)
    return `${draw()}.${draw()}`
  }

  #now(): number {
    return this.#options.platform.now()
  }
}

/** The reason that a close code stands for. */
function reasonOf(code: number, wasClean: boolean): LeaveReason {
  if (!wasClean || code === 1006) return 'lost'
  return code === 1001 || code === LEFT_PAGE ? 'reload' : 'closed'
}
