/**
 * One channel, as its subscriber sees it.
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
 * `pending`: to be subscribed as soon as there is a connection. `subscribed`: the server has said so.
 * `failed`: it has refused, or nobody signed; subscribing again tries again. `ended`: unsubscribed.
 */
export type ChannelState = 'pending' | 'subscribed' | 'failed' | 'ended'

/** What happens to a channel beside its events. */
export type ChannelChange =
  | { readonly kind: 'state'; readonly state: ChannelState }
  /** Why it failed, in the words of the server or of the error that `authorize` rejected with. */
  | { readonly kind: 'refused'; readonly type: string; readonly error: unknown }
  /** After a reconnect, whether all that was missed follows. If not, fetch the state anew. */
  | { readonly kind: 'resumed'; readonly recovered: boolean; readonly replayed: number }
  /** A cache channel has no last event. */
  | { readonly kind: 'cacheMiss' }
  /** How many connections are subscribed, where the app tells it. */
  | { readonly kind: 'count'; readonly count: number }
  | MemberChange

/** Who else has to do with an event. */
export interface EventMeta {
  /** Who has sent it: of client events in a presence channel. */
  readonly userId: string | undefined
}

/** What a channel asks of the client. */
export interface ChannelOwner {
  send(event: string, data: unknown, channel?: string): boolean
  authorize(channel: string, userInfo?: unknown): Promise<Authorization>
  unsubscribe(name: string): void
}

/** A subscription. Made by `client.subscribe`; it outlives the connections that carry it. */
export class Channel<Events extends EventMap = EventMap> {
  readonly name: string
  readonly #owner: ChannelOwner
  readonly #events = new Map<string, Listeners<[never, EventMeta]>>()
  readonly #all = new Listeners<[string, unknown, EventMeta]>()
  readonly #changes = new Listeners<[ChannelChange]>()
  readonly #members = new Members()
  #state: ChannelState = 'pending'
  #me: string | undefined
  /** Where the channel stands for a resumption. */
  #epoch: string | undefined
  #serial = 0
  /** The last event that was told: what comes again is not told again. */
  #told = -1
  /** Up to where the list of members has it all. */
  #listed = -1
  #replay: { readonly head: number; left: number } | undefined

  constructor(name: string, owner: ChannelOwner) {
    this.name = name
    this.#owner = owner
  }

  /** Where its subscription stands. */
  get state(): ChannelState {
    return this.#state
  }

  /** Users of a presence channel; those that are named, where it is large. */
  get members(): ReadonlyMap<string, Member> {
    return this.#members.all
  }

  /** How many users a presence channel has, named or not. */
  get count(): number {
    return this.#members.count
  }

  /** The id that this client is a member by. */
  get me(): string | undefined {
    return this.#me
  }

  /** Listens to one event. @returns A function that ends it. */
  on<Name extends keyof Events & string>(
    event: Name,
    listener: (data: Events[Name], meta: EventMeta) => void,
  ): () => void {
    const listeners = this.#events.get(event) ?? new Listeners()
    this.#events.set(event, listeners)
    return listeners.add(listener as (data: never, meta: EventMeta) => void)
  }

  /** Listens to every event. @returns A function that ends it. */
  onAny(listener: (event: string, data: unknown, meta: EventMeta) => void): () => void {
    return this.#all.add(listener)
  }

  /** Listens to what happens to the channel itself. @returns A function that ends it. */
  watch(listener: (change: ChannelChange) => void): () => void {
    return this.#changes.add(listener)
  }

  /**
   * Sends an event to the other subscribers of a private or presence channel.
   *
   * @returns Whether it was sent. Nothing is kept for later: without a subscription it is not.
   */
  trigger<Name extends keyof Events & `client-${string}`>(
    event: Name,
    data: Events[Name],
  ): boolean {
    return this.#state === 'subscribed' && this.#owner.send(event, data, this.name)
  }

  /**
   * Changes what others know this user by, as `authorize` has it signed. Needs the extensions.
   *
   * @returns Whether it was sent.
   * @throws Whatever `authorize` rejected with, unchanged.
   */
  async update(userInfo: unknown): Promise<boolean> {
    const { auth, channel_data = '' } = await this.#owner.authorize(this.name, userInfo)
    const data: PresenceUpdateRequest = { channel: this.name, auth, channel_data }
    return this.#state === 'subscribed' && this.#owner.send('nearcache:presence_update', data)
  }

  /** Ends it: its state is `ended`, and no event comes any more. */
  unsubscribe(): void {
    this.#owner.unsubscribe(this.name)
  }

  /** @internal */
  resumption(socketId: string | undefined): Resume | undefined {
    if (this.#epoch === undefined) return undefined
    const resume = { epoch: this.#epoch, serial: this.#serial }
    return socketId === undefined ? resume : { ...resume, socket_id: socketId }
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
        this.#deliver(frame)
    }
  }

  #succeed({ data, serial, epoch }: Frame): void {
    const mayResume = epoch !== undefined && epoch === this.#epoch
    // Another history: what was missed of the one before is lost, even if the next frame never comes.
    const isLost = !mayResume && this.#epoch !== undefined
    if (!mayResume) this.#told = -1
    this.#replay = mayResume ? { head: serial ?? 0, left: -1 } : undefined
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

  /** When the last of what was missed has come, the place is that of the channel. */
  #caughtUp(): void {
    if (this.#replay?.left !== 0) return
    this.#serial = Math.max(this.#serial, this.#replay.head)
    this.#replay = undefined
  }

  #deliver({ event, data, serial, userId }: Frame): void {
    if (event.includes(':')) {
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

  #advance(serial: number): void {
    if (this.#replay !== undefined && serial <= this.#replay.head) this.#replay.left--
    this.#serial = Math.max(this.#serial, serial)
    this.#caughtUp()
  }
}
