/**
 * Keeps a client connected to one server: opens a connection, checks that it is alive, and reconnects as its
 * close code demands.
 *
 * @module
 */

import type { Platform } from '../../platform/platform.ts'
import { type Frame, fieldsOf, PING, readFrame } from './frame.ts'
import type { ClientPolicy, SocketLike } from './options.ts'
import { closeWithPage, whenOnline } from './page.ts'

/**
 * `idle`: not started, or stopped. `connecting`: a socket is being opened. `connected`: the server has given
 * the connection an id. `waiting`: for the next attempt. `refused`: by the server, permanently.
 */
export type ClientState = 'idle' | 'connecting' | 'connected' | 'waiting' | 'refused'

/** Why a connection ended, and how long it was open. */
interface Ended {
  readonly code: number
  readonly lastedMs: number
}

/** Receives the changes and frames of a link. */
export interface LinkOwner {
  state(state: ClientState, code: number | undefined): void
  opened(socketId: string): void
  frame(frame: Frame): void
}

/** A connection that lasted this long was stable: the next backoff starts from the beginning. */
const STABLE_MS = 10_000
/** What all clients of a server have to do at once, each does at random within this time. */
export const SPREAD_MS = 1_000
const ABNORMAL = 1006
const NO_PONG = 4201

/** Opens one connection after another. */
export class Link {
  readonly #policy: ClientPolicy
  readonly #owner: LinkOwner
  #stop: AbortController | undefined
  #hurry: AbortController | undefined
  #socket: SocketLike | undefined
  #state: ClientState = 'idle'
  #socketId: string | undefined

  constructor(policy: ClientPolicy, owner: LinkOwner) {
    this.#policy = policy
    this.#owner = owner
  }

  get state(): ClientState {
    return this.#state
  }

  /** The id that the server has given this connection; each connection has a new one. */
  get socketId(): string | undefined {
    return this.#socketId
  }

  /** Connects. While waiting for the next attempt, tries at once. */
  start(): void {
    this.#hurry?.abort()
    if (this.#stop !== undefined) return
    const stop = new AbortController()
    this.#stop = stop
    this.#policy.platform.defer(this.#run(stop.signal))
  }

  stop(): void {
    const stop = this.#stop
    this.#stop = undefined
    stop?.abort()
    this.#become('idle', undefined)
  }

  /** @returns Whether there was a connection to send on. */
  send(event: string, data: unknown, channel?: string): boolean {
    return this.#socketId !== undefined && this.#write(JSON.stringify({ event, channel, data }))
  }

  async #run(stop: AbortSignal): Promise<void> {
    for (let tries = 0; !stop.aborted; tries++) {
      const { code, lastedMs } = await this.#connect(stop)
      if (stop.aborted) return
      if (isFinal(code)) {
        this.#stop = undefined
        this.#become('refused', code)
        return
      }
      if (lastedMs >= STABLE_MS) tries = 0
      this.#become('waiting', code)
      await this.#wait(waitMs(this.#policy, code, tries), stop)
    }
  }

  /** One connection, from its opening to its end. */
  #connect(stop: AbortSignal): Promise<Ended> {
    const { platform } = this.#policy
    return new Promise((resolve) => {
      const over = new AbortController()
      let socket: SocketLike | undefined
      const end = (code: number): void => {
        if (over.signal.aborted) return
        over.abort()
        stop.removeEventListener('abort', quit)
        this.#socketId = undefined
        this.#socket = undefined
        resolve({ code, lastedMs: life.lastedMs })
      }
      const cut = (code: number): void => {
        socket?.close(code)
        end(code)
      }
      const quit = (): void => cut(1000)
      const life = new Life(platform, over.signal, cut)
      stop.addEventListener('abort', quit)
      closeWithPage(over.signal, cut)
      this.#become('connecting', undefined)
      if (over.signal.aborted) return // A listener has disconnected.
      socket = this.#open(end)
      if (socket === undefined) {
        end(ABNORMAL)
        return
      }
      socket.addEventListener('message', ({ data }) => {
        if (!over.signal.aborted) this.#take(readFrame(data), life)
      })
      platform.defer(this.#awaitOpening(life))
    })
  }

  #open(end: (code: number) => void): SocketLike | undefined {
    try {
      const socket = new this.#policy.WebSocket(this.#policy.address)
      socket.addEventListener('close', ({ code = ABNORMAL }) => end(code))
      socket.addEventListener('error', () => end(ABNORMAL))
      this.#socket = socket
      return socket
    } catch {
      return undefined // SyntaxError of an address, or SecurityError of a page.
    }
  }

  #take(frame: Frame | undefined, life: Life): void {
    life.heard()
    if (frame === undefined) return
    if (frame.event === 'pusher:ping') {
      this.#write('{"event":"pusher:pong","data":{}}')
    } else if (frame.event === 'pusher:connection_established') {
      const { socket_id, activity_timeout } = fieldsOf(frame.data)
      life.open(Number(activity_timeout) * 1_000)
      this.#policy.platform.defer(this.#watch(life))
      const socketId = String(socket_id)
      this.#socketId = socketId
      this.#become('connected', undefined)
      // Unless a listener has disconnected.
      if (this.#socketId === socketId) this.#owner.opened(socketId)
    } else {
      this.#owner.frame(frame)
    }
  }

  async #awaitOpening(life: Life): Promise<void> {
    if ((await life.passes(this.#policy.connectTimeoutMs)) && !life.isOpen) life.cut(NO_PONG)
  }

  /** Pings after silence, and closes a connection that does not answer. */
  async #watch(life: Life): Promise<void> {
    const { activityTimeoutMs, pongTimeoutMs } = this.#policy
    for (;;) {
      const quietMs = Math.min(activityTimeoutMs, life.activityMs) - life.silentMs
      if (quietMs > 0) {
        if (!(await life.passes(quietMs))) return
        continue
      }
      const before = life.frames
      this.#write(PING)
      if (!(await life.passes(pongTimeoutMs))) return
      if (life.frames === before) life.cut(NO_PONG)
    }
  }

  async #wait(ms: number, stop: AbortSignal): Promise<void> {
    const hurry = new AbortController()
    const signal = AbortSignal.any([stop, hurry.signal])
    this.#hurry = hurry
    whenOnline(signal, () => hurry.abort())
    await this.#policy.platform.delay(ms, signal).catch(() => undefined)
    hurry.abort()
    this.#hurry = undefined
  }

  #write(text: string): boolean {
    try {
      this.#socket?.send(text)
      return this.#socket !== undefined
    } catch {
      return false // InvalidStateError of a socket that closes.
    }
  }

  #become(state: ClientState, code: number | undefined): void {
    if (state === this.#state) return
    this.#state = state
    this.#owner.state(state, code)
  }
}

/** The state of one connection. */
class Life {
  activityMs = Infinity
  frames = 0
  /** Closes the connection from this side. */
  readonly cut: (code: number) => void
  readonly #platform: Platform
  readonly #over: AbortSignal
  #openedAt: number | undefined
  #heardAt: number

  constructor(platform: Platform, over: AbortSignal, cut: (code: number) => void) {
    this.cut = cut
    this.#platform = platform
    this.#over = over
    this.#heardAt = platform.now()
  }

  get isOpen(): boolean {
    return this.#openedAt !== undefined
  }

  get lastedMs(): number {
    return this.#openedAt === undefined ? 0 : this.#platform.now() - this.#openedAt
  }

  get silentMs(): number {
    return this.#platform.now() - this.#heardAt
  }

  /** @returns Whether the connection is still there after this time. */
  async passes(ms: number): Promise<boolean> {
    await this.#platform.delay(ms, this.#over).catch(() => undefined)
    return !this.#over.aborted
  }

  heard(): void {
    this.frames++
    this.#heardAt = this.#platform.now()
  }

  open(activityMs: number): void {
    this.#openedAt = this.#platform.now()
    if (activityMs > 0) this.activityMs = activityMs
  }
}

/** Close codes after which the server would refuse the same connection again. */
function isFinal(code: number): boolean {
  return (code >= 4000 && code < 4100) || code >= 4300
}

/**
 * Full jitter (Brooker, "Exponential Backoff and Jitter", AWS 2015). After 4100 to 4199 the wait is at least
 * a second. After 4200 to 4299 the client reconnects within a second, at random, unless attempts keep
 * failing.
 */
function waitMs({ platform, reconnect }: ClientPolicy, code: number, tries: number): number {
  const draw = platform.random()
  if (code >= 4200 && code < 4300 && tries === 0) return SPREAD_MS * draw
  const ceiling = Math.min(reconnect.capMs, reconnect.baseMs * 2 ** tries)
  return (code >= 4100 && code < 4200 ? 1_000 : 0) + ceiling * draw
}
