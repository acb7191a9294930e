/**
 * Signs connections in, and tells the clients that watch their users.
 *
 * @module
 */

import type { ClientFrame } from '../protocol/client-frame.ts'
import { CLOSES, ERROR_CODES } from '../protocol/close.ts'
import { errorFrame, signedInFrame, watchlistFrame } from '../protocol/server-frame.ts'
import { isUserAuthorized } from '../protocol/signature.ts'
import { readUser } from '../protocol/user.ts'
import { onlineChannel } from './channel-traits.ts'
import type { HubConnection } from './hub-connection.ts'
import { type HubParts, later } from './hub-subscriptions.ts'
import type { LeaveReason } from './reports.ts'
import type { ReportAnswer } from './stubs.ts'

type SignInFrame = Extract<ClientFrame, { kind: 'signIn' }>

/** How many channels are asked at a time. */
const AT_A_TIME = 25

/** The signed-in users of one hub. */
export class HubUsers {
  readonly #parts: HubParts
  /** Watched users whose channels did not answer, by the connections that are to be told. In memory only. */
  readonly #unanswered = new Map<HubConnection, readonly string[]>()

  constructor(parts: HubParts) {
    this.#parts = parts
  }

  /** Registers the user and the watchlist of a connection again, after the hub has lost its memory. */
  restore(connection: HubConnection): void {
    const { user } = connection
    if (user) this.#enter(connection, user.id, user.watchlist)
  }

  /**
   * Signs a connection in, tells the clients that watch its user, and tells the connection which users of
   * its watchlist are online. A wrong signature closes the connection.
   *
   * @returns Whether the connection stays open.
   */
  async signIn(connection: HubConnection, frame: SignInFrame): Promise<boolean> {
    const { app, store, onChange } = this.#parts
    if (!isUserAuthorized(app, connection.id, frame)) {
      connection.close(CLOSES.unauthorized)
      return false
    }
    const user = readUser(frame.userData, app.limits)
    if ('problem' in user) {
      connection.send(errorFrame(user.problem, ERROR_CODES.signInRefused))
      return true
    }
    const { id, watchlist, isWatchlistCut } = user.ok
    if (connection.user) {
      const isSame = connection.user.id === id
      const other = 'The connection has another user'
      connection.send(
        isSame ? signedInFrame(frame.userData) : errorFrame(other, ERROR_CODES.signInRefused),
      )
      return true
    }
    connection.user = { id, watchlist }
    connection.save(store)
    onChange(connection)
    const isFirst = this.#enter(connection, id, watchlist)
    if (isWatchlistCut) {
      connection.send(errorFrame('The watchlist is too long', ERROR_CODES.watchlistTooLong))
    }
    connection.send(signedInFrame(frame.userData))
    if (isFirst) await this.#tellOnline(id)
    if (watchlist.length > 0) await this.#tellWatched(connection, watchlist)
    return true
  }

  /** Removes the user and the watchlist of a connection. */
  async drop(connection: HubConnection, reason: LeaveReason): Promise<void> {
    const { user } = connection
    if (user === undefined) return
    const { channels, reporter } = this.#parts
    const own = onlineChannel(user.id)
    const isLast = channels.removeUser(own, user.id, connection)
    const unwatched = user.watchlist
      .map(onlineChannel)
      .filter((channel) =>
        channels.remove(connection, { channel, user: undefined, info: undefined }),
      )
    await Promise.all([
      ...(isLast ? [reporter.leave(own, user.id, reason)] : []),
      ...unwatched.map((channel) => reporter.leave(channel, undefined, reason)),
    ])
  }

  /** Tells connections of watched users whose channels could not be reached, and have caught up since. */
  async catchUp(): Promise<void> {
    const waiting = [...this.#unanswered]
    this.#unanswered.clear()
    for (const [connection, ids] of waiting) {
      if (connection.isOpen) await this.#tellWatched(connection, ids)
    }
  }

  /** The connections that are signed in as a user. */
  connectionsOf(userId: string): readonly HubConnection[] {
    return [...(this.#parts.channels.get(onlineChannel(userId))?.users.get(userId) ?? [])]
  }

  #enter(connection: HubConnection, id: string, watchlist: readonly string[]): boolean {
    const { channels } = this.#parts
    const isFirst = this.connectionsOf(id).length === 0
    channels.addUser(onlineChannel(id), id, connection)
    for (const watched of watchlist) {
      channels.add(connection, {
        channel: onlineChannel(watched),
        user: undefined,
        info: undefined,
      })
    }
    return isFirst
  }

  async #tellOnline(id: string): Promise<void> {
    const { reporter } = this.#parts
    // If it fails, the alarm reports again.
    await reporter.ask(onlineChannel(id), [id], {}).catch(() => undefined)
  }

  async #tellWatched(connection: HubConnection, watchlist: readonly string[]): Promise<void> {
    const answers = new Map<string, ReportAnswer | undefined>()
    for (let from = 0; from < watchlist.length; from += AT_A_TIME) {
      const batch = watchlist.slice(from, from + AT_A_TIME)
      await Promise.all(batch.map(async (id) => answers.set(id, await this.#ask(id))))
    }
    const usersWith = (isPresent: boolean): string[] =>
      watchlist.filter((id) => this.#newsIn(id, answers.get(id)) === isPresent)
    const unanswered = watchlist.filter((id) => !answers.get(id))
    if (unanswered.length > 0) this.#unanswered.set(connection, unanswered)
    const events = [
      { name: 'online' as const, userIds: usersWith(true) },
      { name: 'offline' as const, userIds: usersWith(false) },
    ].filter(({ userIds }) => userIds.length > 0)
    if (events.length > 0) connection.send(watchlistFrame(events))
  }

  /** @returns Whether a user is online; `undefined` without an answer, or if news since then was told already. */
  #newsIn(id: string, answer: ReportAnswer | undefined): boolean | undefined {
    if (!answer) return undefined
    const { position } = this.#parts.channels.get(onlineChannel(id)) ?? {}
    return later(position, answer.position) === answer.position
      ? answer.isPresent === true
      : undefined
  }

  /** @returns `undefined` if the channel does not answer. It is asked again once it has caught up. */
  async #ask(id: string): Promise<ReportAnswer | undefined> {
    const { reporter } = this.#parts
    const channel = onlineChannel(id)
    if (reporter.isBehind(channel)) return undefined
    return reporter.ask(channel, [], { user: id }).catch(() => undefined)
  }
}
