/**
 * One socket of a hub, and what is known of it. All of it is in the socket's attachment, which outlives
 * the hub's memory; what does not fit goes into the hub's storage.
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
  /** On presence channels. */
  readonly user: string | undefined
  /** JSON of the user's information. */
  info: string | undefined
  /** What came while the answer was awaited; `undefined` once it was sent. In memory alone. */
  held?: Outgoing[] | undefined
  /** What is not newer is in the answer. In memory alone. */
  since?: number
}

/** The user that a socket is signed in as. */
export interface SignedIn {
  readonly id: string
  readonly watchlist: readonly string[]
}

/** What is known of a socket from the beginning. */
export interface Identity {
  /** As clients see it: two numbers and a dot. */
  readonly id: string
  readonly clientId: string | undefined
  readonly isExtended: boolean
  /** Epoch milliseconds. */
  readonly connectedAt: number
}

type StoredSubscription = readonly [channel: string, user?: string | null, info?: string | null]

/** What may be long. */
interface Kept {
  readonly u?: SignedIn | undefined
  readonly s: readonly StoredSubscription[]
}

/** The attachment. Short names: each socket has one, of at most 16,384 bytes. */
interface Attachment extends Omit<Kept, 's'> {
  readonly id: string
  readonly c?: string | undefined
  readonly x?: 1 | undefined
  readonly at: number
  /** When the last frame had come, at the time of writing. */
  readonly h: number
  /** When a ping was sent that has not been answered. */
  readonly p?: number | undefined
  /** Subscriptions, or 1 where they are in the storage, and the user with them. */
  readonly s: Kept['s'] | 1
}

/** Characters of user and subscriptions, of two bytes each, that an attachment takes; more go into the storage. */
const MAX_ATTACHED_CHARS = 6_000
/** Above this, a character may take up to three bytes. */
const OPEN = 1

/** A socket with its state. */
export class HubConnection<Socket extends ObjectSocket = ObjectSocket> {
  readonly socket: Socket
  readonly identity: Identity
  readonly subscriptions: Map<string, Subscription> = new Map()
  user: SignedIn | undefined
  /** When a ping was sent that has not been answered, in epoch milliseconds. */
  pingedAt: number | undefined
  /** When the last frame came, in epoch milliseconds. Written now and then: too early costs a ping. */
  heardAt: number
  /** In memory alone: a hub hibernates only after ten idle seconds, when they are full again. */
  events: Bucket | undefined
  /** As `events`, of all frames. */
  frames: Bucket | undefined
  #isSpilled = false

  constructor(socket: Socket, identity: Identity) {
    this.socket = socket
    this.identity = identity
    this.heardAt = identity.connectedAt
  }

  /** Reads a socket that was there before. @returns `undefined` for one that never was a connection. */
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

  /** Drops what is stored: what is told of the socket from now on is old news. */
  forget(store: HubStore): void {
    if (this.#isSpilled) store.dropSpilled(this.id)
    this.socket.serializeAttachment(null)
  }

  /** Sends a frame; a socket that is going is none to worry about. */
  send(frame: string): void {
    try {
      this.socket.send(frame)
    } catch {
      // It is closing: its close event, or the sweep, takes it away.
    }
  }

  /** Ends the connection. */
  close({ code, reason }: { readonly code: number; readonly reason: string }): void {
    try {
      this.socket.close(code, reason)
    } catch {
      // It is closed already.
    }
  }
}

/** An older version has kept subscriptions there alone, and the user in the attachment. */
function keptIn(text = '[]'): Kept {
  const kept = JSON.parse(text) as Kept | Kept['s']
  return 's' in kept ? kept : { s: kept }
}

function storedOf({ channel, user, info }: Subscription): StoredSubscription {
  if (user === undefined) return [channel]
  return info === undefined ? [channel, user] : [channel, user, info]
}
