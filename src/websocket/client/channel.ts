/**
 * One channel, from its subscriber's point of view.
 *
 * @module
 */

import type { PresenceUpdateRequest, Resume } from '../extensions.ts'
import { decode, type Frame, fieldsOf } from './frame.ts'
import { Listeners } from './listeners.ts'
import { type Member, type MemberChange, Members } from './members.ts'
import type { Authorization } from './options.ts'

/** Events of a channel with the types of their data. */
export type EventMap = Record<string, unknown>

/**
 * `pending`: waits for a connection to subscribe on. `subscribed`: the server has confirmed. `failed`: the
 * server has refused, or the subscription was not signed; call `subscribe` again to retry. `ended`:
 * unsubscribed.
 */
export type ChannelState = 'pending' | 'subscribed' | 'failed' | 'ended'

/** Changes of a channel itself, apart from its events. */
export type ChannelChange =
  | { readonly kind: 'state'; readonly state: ChannelState }
  /** Why the channel failed, as reported by the server, or the error that `authorize` rejected with. */
  | { readonly kind: 'refused'; readonly type: string; readonly error: unknown }
  /** Events were missed, as after a reconnect: whether all of them follow. If not, fetch the state again. */
  | { readonly kind: 'resumed'; readonly recovered: boolean; readonly replayed: number }
  /** A cache channel has no last event. */
  | { readonly kind: 'cacheMiss' }
  /** How many connections are subscribed, if the app publishes that. */
  | { readonly kind: 'count'; readonly count: number }
  | MemberChange

/** Further information about an event. */
export interface EventMeta {
  /** The sender of a client event; on presence channels only. */
  readonly userId: string | undefined
}

/** What a channel needs from its client. */
export interface ChannelOwner {
  /** The id of the current connection. */
  socketId(): string | undefined
  send(event: string, data: unknown, channel?: string): boolean
  authorize(channel: string, userInfo?: unknown): Promise<Authorization>
  /** Subscribes again on the same connection, from where this channel was. */
  resume(): void
  unsubscribe(name: string): void
}

/** The names that an app cannot give its events. */
const OF_PROTOCOL = /^(pusher|pusher_internal|nearcache):/

/** A subscription, made by `client.subscribe`. It stays valid over reconnects. */
export class Channel<Events extends object = EventMap> {
  readonly name: string
  readonly #owner: ChannelOwner
  readonly #events = new Map<string, Listeners<[never, EventMeta]>>()
  readonly #all = new Listeners<[string, unknown, EventMeta]>()
  readonly #changes = new Listeners<[ChannelChange]>()
  readonly #members = new Members()
  #state: ChannelState = 'pending'
  #me: string | undefined
  /** The connection of the last subscription: its own client events are not sent back to it. */
  #socketId: string | undefined
  /** The position to resume from. */
  #epoch: string | undefined
  #serial = 0
  /** Whether something was missed, and the server was asked for it: all that arrives before will arrive again. */
  #isBehind = false
  /** The serial of the last event that listeners got; an event that arrives again is ignored. */
  #told = -1
  /** The list of members includes all changes up to this serial. */
  #listed = -1
  #replay: { readonly head: number; left: number } | undefined

  constructor(name: string, owner: ChannelOwner) {
    this.name = name
    this.#owner = owner
  }

  /** The state of the subscription. */
  get state(): ChannelState {
    return this.#state
  }

  /** The users of a presence channel; a large channel lists only some of them. */
  get members(): ReadonlyMap<string, Member> {
    return this.#members.all
  }

  /** The number of users in a presence channel, listed or not. */
  get count(): number {
    return this.#members.count
  }

  /** The user id of this client on a presence channel. */
  get me(): string | undefined {
    return this.#me
  }

  /** Listens to one event. @returns A function that removes the listener. */
  on<Name extends keyof Events & string>(
    event: Name,
    listener: (data: Events[Name], meta: EventMeta) => void,
  ): () => void {
    const listeners = this.#events.get(event) ?? new Listeners()
    this.#events.set(event, listeners)
    return listeners.add(listener as (data: never, meta: EventMeta) => void)
  }

  /** Listens to every event. @returns A function that removes the listener. */
  onAny(listener: (event: string, data: unknown, meta: EventMeta) => void): () => void {
    return this.#all.add(listener)
  }

  /** Listens to changes of the channel itself. @returns A function that removes the listener. */
  watch(listener: (change: ChannelChange) => void): () => void {
    return this.#changes.add(listener)
  }

  /**
   * Sends an event to the other subscribers of a private or presence channel.
   *
   * @returns Whether the event was sent. Without a subscription it is dropped, not queued.
   */
  trigger<Name extends keyof Events & `client-${string}`>(
    event: Name,
    data: Events[Name],
  ): boolean {
    return this.#state === 'subscribed' && this.#owner.send(event, data, this.name)
  }

  /**
   * Changes the user information that other members see. `authorize` gets it signed. Needs the extensions.
   *
   * @returns Whether it was sent: not without a connection, or if that which it was signed for has ended since.
   * @throws Whatever `authorize` rejected with, unchanged.
   * @throws {InvalidOptionError} When it has returned no signature.
   */
  async update(userInfo: unknown): Promise<boolean> {
    const socketId = this.#owner.socketId()
    if (socketId === undefined) return false
    const { auth, channel_data = '' } = await this.#owner.authorize(this.name, userInfo)
    const data: PresenceUpdateRequest = { channel: this.name, auth, channel_data }
    const isCurrent = this.#state === 'subscribed' && this.#owner.socketId() === socketId
    return isCurrent && this.#owner.send('nearcache:presence_update', data)
  }

  /** Ends the subscription: its state is `ended`, and its listeners get no more events. */
  unsubscribe(): void {
    this.#owner.unsubscribe(this.name)
  }

  /** @internal */
  resumption(): Resume | undefined {
    const [epoch, serial, socket_id] = [this.#epoch, this.#serial, this.#socketId]
    return epoch === undefined || socket_id === undefined ? undefined : { epoch, serial, socket_id }
  }

  /** @internal */
  identify({ channel_data }: Authorization): void {
    const { user_id } = fieldsOf(decode(channel_data ?? ''))
    this.#me = user_id === undefined ? undefined : String(user_id)
  }

  /** @internal */
  become(state: ChannelState): void {
    if (state === 'ended') this.#members.clear()
    if (state === this.#state) return
    this.#state = state
    this.#changes.tell({ kind: 'state', state })
  }

  /** @internal */
  fail(type: string, error: unknown): void {
    this.become('failed')
    this.#changes.tell({ kind: 'refused', type, error })
  }

  /** @internal */
  take(frame: Frame): void {
    const { event, data } = frame
    const fields = fieldsOf(data)
    switch (event) {
      case 'pusher_internal:subscription_succeeded':
        this.#succeed(frame)
        break
      case 'pusher:subscription_error':
        this.fail(String(fields['type']), fields['error'])
        break
      case 'nearcache:resumed':
        this.#resume(fields['recovered'] === true, Number(fields['replayed']) || 0)
        break
      case 'pusher:cache_miss':
        this.#changes.tell({ kind: 'cacheMiss' })
        break
      case 'pusher_internal:subscription_count':
        this.#changes.tell({ kind: 'count', count: Number(fields['subscription_count']) })
        break
      default:
        if (!this.#isEarly(frame)) this.#deliver(frame)
    }
  }

  #succeed({ data, serial, epoch }: Frame): void {
    const mayResume = epoch !== undefined && epoch === this.#epoch
    // A new history: what was missed of the old one is lost, even if no `nearcache:resumed` frame arrives.
    const isLost = !mayResume && this.#epoch !== undefined
    if (!mayResume) this.#told = -1
    this.#replay = mayResume ? { head: serial ?? 0, left: -1 } : undefined
    this.#socketId = this.#owner.socketId()
    this.#isBehind = false
    this.#epoch = epoch
    this.#listed = serial ?? -1
    if (!mayResume) this.#serial = serial ?? 0
    const changes = this.#members.replace(data)
    this.become('subscribed')
    if (isLost) this.#changes.tell({ kind: 'resumed', recovered: false, replayed: 0 })
    for (const change of changes) this.#changes.tell(change)
  }

  #resume(recovered: boolean, replayed: number): void {
    if (this.#replay === undefined) return
    this.#replay.left = recovered ? replayed : 0
    this.#caughtUp()
    this.#changes.tell({ kind: 'resumed', recovered, replayed })
  }

  /** Once the last missed event has arrived, moves the position to that of the channel. */
  #caughtUp(): void {
    if (this.#replay?.left !== 0) return
    this.#serial = Math.max(this.#serial, this.#replay.head)
    this.#replay = undefined
  }

  #deliver({ event, data, serial, userId }: Frame): void {
    if (OF_PROTOCOL.test(event)) {
      const isListed = serial !== undefined && serial <= this.#listed
      const changes = isListed ? [] : this.#members.take(event, data)
      for (const change of changes ?? []) this.#changes.tell(change)
    } else if (serial === undefined || serial > this.#told) {
      this.#told = serial ?? this.#told
      this.#events.get(event)?.tell(data as never, { userId })
      this.#all.tell(event, data, { userId })
    }
    if (serial !== undefined) this.#advance(serial)
  }

  /** Whether something is missing before a frame. Then the server is asked for all that follows the position. */
  #isEarly({ serial, epoch }: Frame): boolean {
    // What is replayed has gaps, where members came and went.
    if (serial === undefined || this.#replay !== undefined) return false
    if (this.#isBehind) return true
    this.#isBehind = epoch !== this.#epoch || serial > this.#serial + 1
    if (this.#isBehind) this.#owner.resume()
    return this.#isBehind
  }

  #advance(serial: number): void {
    if (this.#replay !== undefined && serial <= this.#replay.head) this.#replay.left--
    this.#serial = Math.max(this.#serial, serial)
    this.#caughtUp()
  }
}
