/**
 * One socket of a hub with its state. The state is in the socket's attachment, which outlives the hub's
 * memory; what does not fit there is in the hub's storage.
 *
 * @module
 */

import type { Bucket } from '../protocol/client-event.ts'
import type { HubStore } from './hub-store.ts'
import type { Outgoing } from './outgoing.ts'
import type { ObjectSocket } from './runtime.ts'

/** One subscription of one socket. */
export interface Subscription {
  readonly channel: string
  /** Set on presence channels. */
  readonly user: string | undefined
  /** JSON of the user's information. */
  info: string | undefined
  /** Deliveries that arrived before the subscription was answered; `undefined` afterwards. In memory only. */
  held?: Outgoing[] | undefined
  /** The answer already covers deliveries up to this serial. In memory only. */
  since?: number
}

/** The user that a socket is signed in as. */
export interface SignedIn {
  readonly id: string
  readonly watchlist: readonly string[]
}

/** What is fixed when a socket connects. */
export interface Identity {
  /** The socket id of the protocol: two numbers joined by a dot. */
  readonly id: string
  readonly clientId: string | undefined
  readonly isExtended: boolean
  /** Epoch milliseconds. */
  readonly connectedAt: number
}

type StoredSubscription = readonly [channel: string, user?: string | null, info?: string | null]

/** The parts that may be long: user and subscriptions. */
interface Kept {
  readonly u?: SignedIn | undefined
  readonly s: readonly StoredSubscription[]
}

/** The attachment of a socket, of at most 16,384 bytes, hence the short names. */
interface Attachment extends Omit<Kept, 's'> {
  readonly id: string
  readonly c?: string | undefined
  readonly x?: 1 | undefined
  readonly at: number
  /** When the last frame arrived before the attachment was written. */
  readonly h: number
  /** When a ping was sent that has not been answered. */
  readonly p?: number | undefined
  /** The subscriptions, or 1 if they and the user are in the storage. */
  readonly s: Kept['s'] | 1
}

/**
 * Longest JSON of user and subscriptions in an attachment, in characters of two bytes. Longer JSON goes into
 * the storage.
 */
const MAX_ATTACHED_CHARS = 6_000
/** The `readyState` of an open socket. */
const OPEN = 1

/** A socket with its state. */
export class HubConnection<Socket extends ObjectSocket = ObjectSocket> {
  readonly socket: Socket
  readonly identity: Identity
  readonly subscriptions: Map<string, Subscription> = new Map()
  user: SignedIn | undefined
  /** When a ping was sent that has not been answered, in epoch milliseconds. */
  pingedAt: number | undefined
  /** When the last frame arrived, in epoch milliseconds. Not saved for every frame: an old value costs a ping. */
  heardAt: number
  /**
   * Limits client events. In memory only: a hub hibernates after ten idle seconds at the earliest, when the
   * bucket is full again.
   */
  events: Bucket | undefined
  /** Like `events`, for all frames. */
  frames: Bucket | undefined
  #isSpilled = false

  constructor(socket: Socket, identity: Identity) {
    this.socket = socket
    this.identity = identity
    this.heardAt = identity.connectedAt
  }

  /**
   * Restores a connection from its socket's attachment.
   *
   * @returns `undefined` if the socket has none: it never was a connection, or was dropped.
   */
  static restore<Socket extends ObjectSocket>(
    socket: Socket,
    store: HubStore,
  ): HubConnection<Socket> | undefined {
    const attachment = socket.deserializeAttachment() as Attachment | null
    if (attachment === null) return undefined
    const { id, c, x, at, h, u, p, s } = attachment
    const identity = { id, clientId: c, isExtended: x === 1, connectedAt: at }
    const connection = new HubConnection(socket, identity)
    connection.heardAt = h
    connection.pingedAt = p
    connection.#isSpilled = s === 1
    const kept = { u, ...(s === 1 ? keptIn(store.spilled(id)) : { s }) }
    connection.user = kept.u
    for (const [channel, user, info] of kept.s) {
      const member = { user: user ?? undefined, info: info ?? undefined }
      connection.subscriptions.set(channel, { channel, ...member })
    }
    return connection
  }

  get id(): string {
    return this.identity.id
  }

  get isOpen(): boolean {
    return this.socket.readyState === OPEN
  }

  /** Writes the attachment. */
  save(store: HubStore): void {
    const { id, clientId, isExtended, connectedAt } = this.identity
    const kept: Kept = { u: this.user, s: [...this.subscriptions.values()].map(storedOf) }
    const text = JSON.stringify(kept)
    const isSpilled = text.length > MAX_ATTACHED_CHARS
    if (isSpilled) store.spill(id, text)
    else if (this.#isSpilled) store.dropSpilled(id)
    this.#isSpilled = isSpilled
    this.socket.serializeAttachment({
      id,
      ...(clientId !== undefined && { c: clientId }),
      ...(isExtended && { x: 1 }),
      at: connectedAt,
      h: this.heardAt,
      ...(this.pingedAt !== undefined && { p: this.pingedAt }),
      ...(isSpilled ? { s: 1 } : kept),
    } satisfies Attachment)
  }

  /** Drops the stored state, so that later events of the socket are ignored. */
  forget(store: HubStore): void {
    if (this.#isSpilled) store.dropSpilled(this.id)
    this.socket.serializeAttachment(null)
  }

  /** Sends a frame. A closing socket causes no error. */
  send(frame: string): void {
    try {
      this.socket.send(frame)
    } catch {
      // The socket is closing: its close event, or the sweep, removes the connection.
    }
  }

  /** Ends the connection. */
  close({ code, reason }: { readonly code: number; readonly reason: string }): void {
    try {
      this.socket.close(code, reason)
    } catch {
      // The socket is already closed.
    }
  }
}

/** Reads stored state. An older version stored only the subscriptions there, and the user in the attachment. */
function keptIn(text = '[]'): Kept {
  const kept = JSON.parse(text) as Kept | Kept['s']
  return 's' in kept ? kept : { s: kept }
}

function storedOf({ channel, user, info }: Subscription): StoredSubscription {
  if (user === undefined) return [channel]
  return info === undefined ? [channel, user] : [channel, user, info]
}
