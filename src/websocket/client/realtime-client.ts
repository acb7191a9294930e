/**
 * A client of the Pusher protocol.
 *
 * @module
 */

import { ClosedError, InvalidOptionError } from '../../errors.ts'
import { Channel, type EventMap } from './channel.ts'
import { decode, type Frame, fieldsOf, watchlistIn } from './frame.ts'
import { type ClientState, Link, SPREAD_MS } from './link.ts'
import { Listeners } from './listeners.ts'
import {
  type Authorization,
  type ClientOptions,
  type ClientPolicy,
  checkSigned,
  notAccepted,
  resolveClientOptions,
  type UserAuthorization,
} from './options.ts'

/** A user who is signed in. */
export interface SignedIn {
  /** As the app's server has described the user, with `id`. */
  readonly user: Readonly<Record<string, unknown>>
  /** The channel of this user alone. */
  readonly channel: Channel
}

/** Changes of a client itself, apart from the events of its channels. */
export type ClientChange =
  /** `code` is the close code that ended the connection, if there was one. */
  | { readonly kind: 'state'; readonly state: ClientState; readonly code: number | undefined }
  /** An error from the server that leaves the connection open; 4301 for a refused client event, 4303 for a sign-in. */
  | { readonly kind: 'error'; readonly code: number | undefined; readonly message: string }
  | { readonly kind: 'signedIn'; readonly user: SignedIn['user'] }
  /** Users of the watchlist who came online or went offline. */
  | {
      readonly kind: 'watchlist'
      readonly online: readonly string[]
      readonly offline: readonly string[]
    }

const USER_CHANNEL = '#server-to-user-'

/**
 * A client for servers with the Pusher protocol, which resubscribes after lost connections. With nearcache's
 * own server, each channel is also told after a reconnect whether all missed events follow, and presence
 * comes in batches.
 *
 * `private-encrypted-` channels are refused, because this client cannot decrypt them.
 *
 * @example
 * ```ts
 * const client = new RealtimeClient({ url: 'wss://realtime.example.com', key, authorize })
 * const room = client.subscribe<{ message: { text: string } }>('presence-room')
 * room.on('message', ({ text }) => show(text))
 * room.watch((change) => change.kind === 'joined' && greet(change.member))
 * client.connect()
 * ```
 */
export class RealtimeClient {
  readonly #policy: ClientPolicy
  readonly #link: Link
  readonly #channels = new Map<string, Channel>()
  readonly #changes = new Listeners<[ClientChange]>()
  #signIn: PromiseWithResolvers<SignedIn> | undefined
  /** The connection that `#signIn` was resolved on. */
  #signedOn: string | undefined
  /** The last connection that was asked to sign in, unless that failed. */
  #askedOn: string | undefined
  /** The name of the signed-in user's channel; set, every new connection signs in again. */
  #own: string | undefined

  /** @throws {InvalidOptionError} When an option is missing, unknown or out of its range. */
  constructor(options: ClientOptions) {
    this.#policy = resolveClientOptions(options)
    this.#link = new Link(this.#policy, {
      state: (state, code) => this.#become(state, code),
      opened: (socketId) => this.#opened(socketId),
      frame: (frame) => this.#take(frame),
    })
  }

  /** The state of the connection. */
  get state(): ClientState {
    return this.#link.state
  }

  /** Pass it to a publisher, so that this client does not get its own event. */
  get socketId(): string | undefined {
    return this.#link.socketId
  }

  /** The channels that are subscribed or pending. */
  get channels(): ReadonlyMap<string, Channel> {
    return this.#channels
  }

  /** Connects, and reconnects until {@link disconnect}. While it waits to reconnect: connects at once. */
  connect(): void {
    this.#link.start()
  }

  /** Ends the connection. Channels are kept, and {@link connect} subscribes to them again. */
  disconnect(): void {
    this.#link.stop()
  }

  /** Listens to changes of the client itself. @returns A function that removes the listener. */
  watch(listener: (change: ClientChange) => void): () => void {
    return this.#changes.add(listener)
  }

  /**
   * Subscribes to a channel as soon as there is a connection; a failed channel is tried again.
   *
   * @throws {InvalidOptionError} For a channel whose events are encrypted.
   */
  subscribe<Events extends object = EventMap>(name: string): Channel<Events> {
    if (name.startsWith('private-encrypted-')) {
      throw new InvalidOptionError('name', 'that of a channel that is not encrypted')
    }
    const known = this.#channels.get(name)
    const channel = known ?? this.#add(name)
    if (known === undefined || known.state === 'failed') {
      channel.become('pending')
      this.#request(channel)
    }
    return channel as unknown as Channel<Events>
  }

  /** Ends a subscription. */
  unsubscribe(name: string): void {
    const channel = this.#channels.get(name)
    if (channel === undefined) return
    this.#channels.delete(name)
    channel.become('ended')
    this.#link.send('pusher:unsubscribe', { channel: name })
  }

  /**
   * Signs a user in, now and after every reconnect. If a later sign-in is not signed, the user's channel
   * fails; the next connection, or another call, tries again. A connection has one user: to change the user,
   * disconnect first.
   *
   * @throws The error of `authorizeUser`, unchanged.
   * @throws {ClosedError} When the server has refused the connection, as it does with a bad signature.
   * @throws {InvalidOptionError} Without `authorizeUser`, or when it has returned no signature or a refused user.
   */
  signIn(): Promise<SignedIn> {
    if (this.#policy.authorizeUser === undefined) {
      return Promise.reject(new InvalidOptionError('authorizeUser', 'given to sign in'))
    }
    const isOfEarlier = this.#signedOn !== undefined && this.#signedOn !== this.socketId
    if (this.#signIn === undefined || isOfEarlier) {
      this.#signedOn = undefined
      this.#signIn = Promise.withResolvers<SignedIn>()
      // A caller that does not await the promise sees the outcome by `watch`.
      this.#policy.platform.defer(this.#signIn.promise)
      if (this.socketId !== undefined) this.#sendSignIn(this.socketId)
    }
    return this.#signIn.promise
  }

  #add(name: string): Channel {
    const channel: Channel = new Channel(name, {
      socketId: () => this.socketId,
      send: (event, data, to) => this.#link.send(event, data, to),
      authorize: (to, userInfo) => this.#authorize(to, userInfo),
      resume: () => this.#resume(channel),
      unsubscribe: (one) => this.unsubscribe(one),
    })
    this.#channels.set(name, channel)
    return channel
  }

  #become(state: ClientState, code: number | undefined): void {
    if (state !== 'connected') {
      for (const channel of this.#channels.values()) {
        if (channel.state === 'subscribed') channel.become('pending')
      }
    }
    if (state === 'refused') {
      this.#signIn?.reject(new ClosedError('realtime client'))
      this.#signIn = undefined
    }
    this.#changes.tell({ kind: 'state', state, code })
  }

  #opened(socketId: string): void {
    if (this.#signIn !== undefined || this.#own !== undefined) this.#sendSignIn(socketId)
    for (const channel of [...this.#channels.values()]) {
      channel.become('pending')
      if (!channel.name.startsWith(USER_CHANNEL)) this.#request(channel)
    }
  }

  /** Subscribes again. A hub misses an event for all its clients, so they do not all ask at once. */
  #resume(channel: Channel): void {
    const { platform } = this.#policy
    const socketId = this.socketId
    const work = platform.delay(SPREAD_MS * platform.random()).then(() => {
      const isStill = this.socketId === socketId && channel.state === 'subscribed'
      if (isStill) this.#request(channel)
    })
    platform.defer(work)
  }

  /** Subscribes on the current connection. Without one, the next connection does it. */
  #request(channel: Channel): void {
    const socketId = this.socketId
    if (socketId === undefined) return
    const { name } = channel
    const resume = channel.resumption()
    const isStill = (): boolean =>
      this.socketId === socketId && this.#channels.get(name) === channel
    const ask = (authorization?: Authorization): void => {
      this.#link.send('pusher:subscribe', { channel: name, ...authorization, resume })
    }
    if (!/^(private|presence)-/.test(name)) {
      ask()
      return
    }
    const work = this.#authorize(name)
      .then((authorization) => {
        channel.identify(authorization)
        if (isStill()) ask(authorization)
      })
      .catch((error) => isStill() && channel.fail('AuthError', error))
    this.#policy.platform.defer(work)
  }

  async #authorize(channel: string, userInfo?: unknown): Promise<Authorization> {
    const { authorize } = this.#policy
    const socketId = this.socketId ?? ''
    if (authorize === undefined) throw new InvalidOptionError('authorize', 'given to subscribe')
    const asked = { socketId, channel, ...(userInfo !== undefined && { userInfo }) }
    return checkSigned(await authorize(asked), 'authorize')
  }

  async #authorizeUser(socketId: string): Promise<UserAuthorization | undefined> {
    const { authorizeUser } = this.#policy
    return authorizeUser && checkSigned(await authorizeUser({ socketId }), 'authorizeUser')
  }

  #sendSignIn(socketId: string): void {
    if (this.#askedOn === socketId) return
    this.#askedOn = socketId
    const work = this.#authorizeUser(socketId).then(
      (authorization) => {
        if (this.socketId === socketId) this.#link.send('pusher:signin', authorization)
      },
      (error) => this.#failSignIn(error, socketId),
    )
    this.#policy.platform.defer(work)
  }

  #failSignIn(error: unknown, socketId = this.socketId): void {
    if (this.socketId !== socketId) return // The next connection asks for its own.
    this.#channels.get(this.#own ?? '')?.fail('AuthError', error)
    this.#signIn?.reject(error)
    this.#signIn = undefined
    this.#askedOn = undefined
  }

  #take(frame: Frame): void {
    const { event, channel, data } = frame
    // The server names the channel of a refused client event, but its error is one of the client.
    if (channel !== undefined && event !== 'pusher:error') {
      this.#channels.get(channel)?.take(frame)
      return
    }
    const fields = fieldsOf(data)
    if (event === 'pusher:error') {
      const { code, message } = fields
      const told = typeof code === 'number' ? code : undefined
      if (told === 4303) this.#failSignIn(notAccepted())
      this.#changes.tell({ kind: 'error', code: told, message: String(message) })
    } else if (event === 'pusher:signin_success') {
      this.#signedIn(fields['user_data'])
    } else if (event === 'pusher_internal:watchlist_events') {
      this.#changes.tell({ kind: 'watchlist', ...watchlistIn(fields['events']) })
    }
  }

  #signedIn(text: unknown): void {
    const user = fieldsOf(typeof text === 'string' ? decode(text) : text)
    const name = `${USER_CHANNEL}${String(user['id'])}`
    const known = this.#channels.get(name)
    const channel = known ?? this.#add(name)
    if (this.#own !== undefined && this.#own !== name) this.unsubscribe(this.#own)
    this.#own = name
    this.#request(channel)
    if (this.#signedOn !== undefined) this.#signIn = Promise.withResolvers<SignedIn>()
    this.#signIn?.resolve({ user, channel })
    this.#signedOn = this.socketId
    this.#changes.tell({ kind: 'signedIn', user })
  }
}
