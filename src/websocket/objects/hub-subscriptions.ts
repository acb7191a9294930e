/**
 * Subscribing and unsubscribing, for the connections of one hub.
 *
 * @module
 */

import type { App } from '../protocol/app.ts'
import { type Channel as ChannelRules, readChannel, userOfChannel } from '../protocol/channel.ts'
import type { ClientFrame } from '../protocol/client-frame.ts'
import {
  cacheMissFrame,
  type Member,
  resumedFrame,
  type SubscriptionRefusal,
  subscribedFrame,
  subscriptionErrorFrame,
} from '../protocol/server-frame.ts'
import { isChannelAuthorized } from '../protocol/signature.ts'
import { readMember } from '../protocol/user.ts'
import type { HubChannel, HubChannels } from './hub-channels.ts'
import type { HubConnection, Subscription } from './hub-connection.ts'
import { deliverTo, withPosition } from './hub-delivery.ts'
import type { HubReporter } from './hub-reporter.ts'
import type { HubStore } from './hub-store.ts'
import type { LeaveReason } from './reports.ts'
import { snapshotFrame } from './snapshot-text.ts'
import type { ChannelPosition, Question, ReportAnswer } from './stubs.ts'

/** What the parts of a hub share. */
export interface HubParts {
  readonly app: App
  readonly store: HubStore
  readonly channels: HubChannels
  readonly reporter: HubReporter
  /** Called when a connection's user or channels have changed, or what a channel shows of the user. */
  readonly onChange: (connection: HubConnection) => void
}

type SubscribeFrame = Extract<ClientFrame, { kind: 'subscribe' }>

/** The position for connections without the extensions, which never see it. */
const NOWHERE = { epoch: '', serial: 0 }
const UNAVAILABLE: SubscriptionRefusal = {
  type: 'Unavailable',
  error: 'The channel cannot be reached now',
  status: 503,
}
const FULL: SubscriptionRefusal = {
  type: 'LimitReached',
  error: 'The channel has as many users as it may',
  status: 403,
}

/** The subscriptions of one hub's connections. */
export class HubSubscriptions {
  readonly #parts: HubParts

  constructor(parts: HubParts) {
    this.#parts = parts
  }

  /** Subscribes, or answers with an error. A repeated request is answered again and changes nothing. */
  async subscribe(connection: HubConnection, frame: SubscribeFrame): Promise<void> {
    const { channel: name } = frame
    const checked = this.#check(connection, frame)
    if ('refusal' in checked) {
      connection.send(subscriptionErrorFrame(name, checked.refusal))
      return
    }
    const before = connection.subscriptions.get(name)
    // The answer to the first request is on its way, and answers this one too.
    if (before?.held) return
    const { rules, member } = checked
    const subscription = before ?? { channel: name, user: member?.id, info: infoOf(member) }
    subscription.held = []
    const channel = this.#parts.channels.add(connection, subscription)
    connection.subscriptions.set(name, subscription)
    if (!before) connection.save(this.#parts.store)

    const question = questionOf(connection, rules, subscription, frame)
    const answer = await this.#attach(channel, subscription, question)
    // The client has unsubscribed or disconnected in the meantime.
    if (connection.subscriptions.get(name) !== subscription) return
    if ('refusal' in answer) {
      this.#remove(connection, subscription)
      connection.save(this.#parts.store)
      connection.send(subscriptionErrorFrame(name, answer.refusal))
      // It may have been reported meanwhile.
      this.#parts.onChange(connection)
      return
    }
    answerSubscriber(connection, subscription, question, answer.ok)
    if (!before) this.#parts.onChange(connection)
  }

  /** Unsubscribes. Does nothing if the connection is not subscribed. */
  async unsubscribe(connection: HubConnection, name: string): Promise<void> {
    const subscription = connection.subscriptions.get(name)
    if (subscription === undefined) return
    const isNews = this.#remove(connection, subscription)
    connection.save(this.#parts.store)
    this.#parts.onChange(connection)
    if (isNews) await this.#parts.reporter.leave(name, subscription.user, 'unsubscribed')
  }

  /** Removes a connection from all its channels. */
  async drop(connection: HubConnection, reason: LeaveReason): Promise<void> {
    const subscriptions = [...connection.subscriptions.values()]
    const news = subscriptions.filter((subscription) => this.#remove(connection, subscription))
    await Promise.all(
      news.map(({ channel, user }) => this.#parts.reporter.leave(channel, user, reason)),
    )
  }

  /** @returns Whether to report it to the channel. */
  #remove(connection: HubConnection, subscription: Subscription): boolean {
    const { channels, app } = this.#parts
    connection.subscriptions.delete(subscription.channel)
    return channels.remove(connection, subscription) || app.subscriptionCounts === 'on'
  }

  /** Reports to the channel and asks it, or answers locally if the hub knows enough. */
  async #attach(
    channel: HubChannel,
    { user }: Subscription,
    question: Question,
  ): Promise<{ readonly ok: ReportAnswer } | { readonly refusal: SubscriptionRefusal }> {
    const isPlain = !question.isCached && !question.resume && user === undefined
    const isSilent = isPlain && this.#parts.app.subscriptionCounts === 'off'
    try {
      if (isSilent) await channel.attaching
      const position = isSilent ? positionIn(channel, question) : undefined
      if (position) return { ok: { position, isKnown: true } }
      const users = user === undefined ? [] : [user]
      const asked = this.#parts.reporter.ask(channel.name, users, question)
      if (isSilent) channel.attaching = asked
      const answer = await asked
      channel.position = later(channel.position, answer.position)
      if (question.isExtended) channel.isRecorded = true
      const refusal = refusalIn(answer, user)
      return refusal ? { refusal } : { ok: answer }
    } catch {
      // The channel's object failed, or cannot be reached: the client may try again.
      return { refusal: UNAVAILABLE }
    } finally {
      channel.attaching = undefined
    }
  }

  #check(
    connection: HubConnection,
    frame: SubscribeFrame,
  ):
    | { readonly rules: ChannelRules; readonly member: Member | undefined }
    | { readonly refusal: SubscriptionRefusal } {
    const { app } = this.#parts
    const { channelNameChars, channelsPerConnection } = app.limits
    const rules = readChannel(frame.channel, channelNameChars)
    if (rules === undefined) {
      return refused('InvalidChannel', 'No channel may have this name', 400)
    }
    const { subscriptions } = connection
    const before = subscriptions.get(rules.name)
    if (!before && subscriptions.size >= channelsPerConnection) {
      return refused('LimitReached', 'The connection has as many channels as it may', 403)
    }
    const problem = this.#authProblem(connection, rules, frame)
    if (problem !== undefined) return refused('AuthError', problem, 401)
    if (rules.kind !== 'presence') return { rules, member: undefined }

    const member = readMember(frame.channelData, app.limits)
    if ('problem' in member) return refused('AuthError', member.problem, 401)
    if (before && before.user !== member.ok.id) {
      return refused('AuthError', 'The connection is subscribed as another user', 401)
    }
    return { rules, member: member.ok }
  }

  #authProblem(
    connection: HubConnection,
    { kind, name }: ChannelRules,
    frame: SubscribeFrame,
  ): string | undefined {
    switch (kind) {
      case 'public':
        return undefined
      case 'user':
        return userOfChannel(name) === connection.user?.id
          ? undefined
          : 'The connection is not signed in as this user'
      default:
        return isChannelAuthorized(this.#parts.app, connection.id, name, frame)
          ? undefined
          : 'The signature is not valid'
    }
  }
}

/**
 * The position, if the hub can answer by itself. It cannot before the channel keeps the history that
 * connections with the extensions need.
 */
function positionIn(
  { isAttached, isRecorded, position }: HubChannel,
  { isExtended }: Question,
): ChannelPosition | undefined {
  if (!isAttached) return undefined
  if (isExtended) return isRecorded ? position : undefined
  return position ?? NOWHERE
}

function questionOf(
  { identity }: HubConnection,
  { isCached }: ChannelRules,
  { user }: Subscription,
  { resume }: SubscribeFrame,
): Question {
  const { isExtended } = identity
  return { user, isCached, isExtended, resume: isExtended ? resume : undefined }
}

/** Sends the answer, then the missed events or the last one, then what has arrived in the meantime. */
function answerSubscriber(
  connection: HubConnection,
  subscription: Subscription,
  question: Question,
  answer: ReportAnswer,
): void {
  const { channel, held = [] } = subscription
  const { snapshot, position, missed, last } = answer
  const send = (frame: string, at = position): void =>
    connection.send(question.isExtended ? withPosition(frame, at) : frame)

  send(snapshot === undefined ? subscribedFrame(channel) : snapshotFrame(channel, snapshot))
  if (question.resume) {
    const resumed = { recovered: missed != null, replayed: missed?.length ?? 0 }
    connection.send(resumedFrame(channel, resumed, position))
    for (const { frame, serial } of missed ?? []) send(frame, { ...position, serial })
  }
  // A client that was sent all missed events has the last event.
  if (last && !missed) send(last.frame, { ...position, serial: last.serial })
  if (last === null) connection.send(cacheMissFrame(channel))
  subscription.held = undefined
  subscription.since = position.serial
  deliverTo(connection, subscription, held)
}

function refusalIn(
  { isFull, snapshot }: ReportAnswer,
  user: string | undefined,
): SubscriptionRefusal | undefined {
  if (isFull) return FULL
  // A channel of another Worker version may answer in another form.
  return user === undefined || typeof snapshot === 'string' ? undefined : UNAVAILABLE
}

/** Clients treat `null` as no information, too. */
function infoOf(member: Member | undefined): string | undefined {
  return member?.info == null ? undefined : JSON.stringify(member.info)
}

/** The later of two positions; the second one if they cannot be compared, or are equal. */
export function later<Position extends { readonly epoch: string; readonly serial: number }>(
  one: Position | undefined,
  other: Position,
): Position {
  return one && one.epoch === other.epoch && one.serial > other.serial ? one : other
}

function refused(
  type: SubscriptionRefusal['type'],
  error: string,
  status: number,
): { readonly refusal: SubscriptionRefusal } {
  return { refusal: { type, error, status } }
}
