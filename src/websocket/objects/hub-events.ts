/**
 * Handles what a client sends to other clients: client events, and new information of its user.
 *
 * @module
 */

import type { Platform } from '../../platform/platform.ts'
import { type Bucket, clientEventProblem, draw, fullBucket } from '../protocol/client-event.ts'
import type { ClientFrame } from '../protocol/client-frame.ts'
import { ERROR_CODES } from '../protocol/close.ts'
import { errorFrame } from '../protocol/server-frame.ts'
import { isChannelAuthorized } from '../protocol/signature.ts'
import { readMember } from '../protocol/user.ts'
import type { HubConnection } from './hub-connection.ts'
import type { HubParts } from './hub-subscriptions.ts'

type ClientEventFrame = Extract<ClientFrame, { kind: 'clientEvent' }>
type PresenceUpdateFrame = Extract<ClientFrame, { kind: 'presenceUpdate' }>

/** The lowest limit of a connection's frames per second, of any kind. */
const FRAMES_PER_SECOND = 200

/** The client events and presence updates of one hub. */
export class HubEvents {
  readonly #parts: HubParts
  readonly #platform: Platform

  constructor(parts: HubParts, platform: Platform) {
    this.#parts = parts
    this.#platform = platform
  }

  /** Whether a connection sends more frames than its limit allows. If so, its frames are no longer read. */
  isFlooding(connection: HubConnection): boolean {
    const { channelsPerConnection, clientEventsPerSecond } = this.#parts.app.limits
    // A client may subscribe to all its channels at once.
    const perSecond = Math.max(FRAMES_PER_SECOND, channelsPerConnection, 2 * clientEventsPerSecond)
    const { bucket, allowed } = this.#draw(connection.frames, perSecond)
    connection.frames = bucket
    return !allowed
  }

  /** Sends an event to the other subscribers of a channel, or answers with an error. */
  async send(connection: HubConnection, frame: ClientEventFrame): Promise<void> {
    const { channel, event, data } = frame
    const problem = this.#problem(connection, frame)
    if (problem !== undefined) {
      connection.send(errorFrame(problem, ERROR_CODES.clientEventRefused, channel))
      return
    }
    const client = { socketId: connection.id, userId: connection.subscriptions.get(channel)?.user }
    const sent = { event, data, except: connection.id, client }
    try {
      await this.#parts.reporter.call(channel, (stub) => stub.publish(sent, []))
    } catch {
      connection.send(errorFrame('The channel cannot be reached now', undefined, channel))
    }
  }

  /** Replaces the information of a user on a presence channel, or answers with an error. */
  async update(connection: HubConnection, frame: PresenceUpdateFrame): Promise<void> {
    const { channel } = frame
    const subscription = connection.subscriptions.get(channel)
    const member = readMember(frame.channelData, this.#parts.app.limits)
    const problem = this.#updateProblem(
      connection,
      frame,
      'ok' in member ? member.ok.id : undefined,
    )
    if (problem !== undefined || !('ok' in member) || !subscription) {
      connection.send(errorFrame(problem ?? 'The update cannot be read', undefined, channel))
      return
    }
    const { id, info } = member.ok
    const text = info == null ? undefined : JSON.stringify(info)
    for (const other of this.#parts.channels.get(channel)?.users.get(id) ?? []) {
      const own = other.subscriptions.get(channel)
      if (own) own.info = text
      other.save(this.#parts.store)
      this.#parts.onChange(other)
    }
    try {
      await this.#parts.reporter.call(channel, (stub) => stub.update(id, text))
    } catch {
      connection.send(errorFrame('The channel cannot be reached now', undefined, channel))
    }
  }

  #problem(connection: HubConnection, { channel, data }: ClientEventFrame): string | undefined {
    const { app } = this.#parts
    const problem = clientEventProblem(app, channel, data)
    if (problem !== undefined) return problem
    const subscription = connection.subscriptions.get(channel)
    if (subscription === undefined || subscription.held) {
      return 'The connection is not subscribed to the channel'
    }
    const { bucket, allowed } = this.#draw(connection.events, app.limits.clientEventsPerSecond)
    connection.events = bucket
    return allowed ? undefined : 'The connection sends more client events than it may'
  }

  #updateProblem(
    connection: HubConnection,
    { channel, auth, channelData }: PresenceUpdateFrame,
    id: string | undefined,
  ): string | undefined {
    if (!connection.identity.isExtended) return 'The event is none that a client may send'
    const signed = { auth, channelData }
    if (!isChannelAuthorized(this.#parts.app, connection.id, channel, signed)) {
      return 'The signature is not valid'
    }
    const subscription = connection.subscriptions.get(channel)
    return subscription?.user !== undefined && subscription.user === id && !subscription.held
      ? undefined
      : 'The connection is not subscribed to the channel as this user'
  }

  #draw(bucket: Bucket | undefined, perSecond: number): ReturnType<typeof draw> {
    const now = this.#platform.now()
    return draw(bucket ?? fullBucket(perSecond, now), perSecond, now)
  }
}
