/**
 * Sends what a channel tells to the subscribers on one hub. It does not wait for anything, so what
 * arrives in order is sent in order.
 *
 * @module
 */

import type { PresenceDiff } from '../extensions.ts'
import {
  memberAddedFrame,
  memberRemovedFrame,
  presenceDiffFrame,
  presenceUpdateFrame,
  subscriptionCountFrame,
  watchlistFrame,
} from '../protocol/server-frame.ts'
import { userOfOnlineChannel } from './channel-traits.ts'
import type { HubChannel } from './hub-channels.ts'
import type { HubConnection, Subscription } from './hub-connection.ts'
import type { ChannelPosition, Delivery } from './stubs.ts'

/** A delivery as frames: of the protocol, and with the extensions. */
interface Frames {
  readonly stock: readonly string[]
  readonly extended: readonly string[]
}

/** Sends deliveries to everybody who is subscribed. */
export function deliver(channel: HubChannel, deliveries: readonly Delivery[]): void {
  for (const delivery of deliveries) {
    channel.position = delivery.position
    if (userOfOnlineChannel(channel.name) !== undefined) tellWatchers(channel, delivery)
    else deliverOne(channel, delivery)
  }
}

/** Sends to one subscriber what was held for it. */
export function deliverTo(
  connection: HubConnection,
  channel: string,
  subscription: Subscription,
  deliveries: readonly Delivery[],
): void {
  for (const delivery of deliveries) {
    if (!isFor(connection, subscription, delivery)) continue
    send(connection, framesFor(channel, delivery, subscription.user))
  }
}

/** A frame with its place in the history, for connections with the extensions. */
export function withPosition(frame: string, { serial, epoch }: ChannelPosition): string {
  return `${frame.slice(0, -1)},"serial":${serial},"epoch":${JSON.stringify(epoch)}}`
}

function deliverOne({ name, connections }: HubChannel, delivery: Delivery): void {
  const frames = framesFor(name, delivery, undefined)
  const concerned = usersIn(delivery)
  for (const connection of connections) {
    const subscription = connection.subscriptions.get(name)
    if (subscription === undefined) continue
    if (subscription.held) {
      subscription.held.push(delivery)
    } else if (isFor(connection, subscription, delivery)) {
      const { user } = subscription
      const isConcerned = user !== undefined && concerned.has(user)
      send(connection, isConcerned ? framesFor(name, delivery, user) : frames)
    }
  }
}

/** A count is not in the history, so it is for everybody. */
function isFor(
  connection: HubConnection,
  { since = 0 }: Subscription,
  delivery: Delivery,
): boolean {
  if (delivery.kind === 'subscriptions') return true
  if (delivery.position.serial <= since) return false
  return delivery.kind !== 'event' || delivery.except !== connection.id
}

function send(connection: HubConnection, { stock, extended }: Frames): void {
  for (const frame of connection.identity.isExtended ? extended : stock) connection.send(frame)
}

/** @param own A user who is not told of itself. */
function framesFor(channel: string, delivery: Delivery, own: string | undefined): Frames {
  const { position } = delivery
  switch (delivery.kind) {
    case 'event':
      return { stock: [delivery.frame], extended: [withPosition(delivery.frame, position)] }
    case 'subscriptions': {
      const frame = subscriptionCountFrame(channel, delivery.count)
      return { stock: [frame], extended: [frame] }
    }
    case 'presence': {
      const diff = own === undefined ? delivery.diff : withoutUser(delivery.diff, own)
      const added = diff.joins.map(({ user_id: id, user_info: info }) =>
        memberAddedFrame(channel, { id, info }),
      )
      const updates = delivery.updates.map((user) => presenceUpdateFrame(channel, user, position))
      return {
        stock: [...diff.leaves.map((id) => memberRemovedFrame(channel, id)), ...added],
        extended: [presenceDiffFrame(channel, diff, position), ...updates],
      }
    }
  }
}

function withoutUser({ joins, leaves, count }: PresenceDiff, own: string): PresenceDiff {
  return {
    joins: joins.filter(({ user_id }) => user_id !== own),
    leaves: leaves.filter((id) => id !== own),
    count,
  }
}

const NOBODY: ReadonlySet<string> = new Set()

function usersIn(delivery: Delivery): ReadonlySet<string> {
  if (delivery.kind !== 'presence') return NOBODY
  const { joins, leaves } = delivery.diff
  return new Set([...joins.map(({ user_id }) => user_id), ...leaves])
}

function tellWatchers({ connections }: HubChannel, delivery: Delivery): void {
  if (delivery.kind !== 'presence') return
  const { joins, leaves } = delivery.diff
  const events = [
    { name: 'offline' as const, userIds: leaves },
    { name: 'online' as const, userIds: joins.map(({ user_id }) => user_id) },
  ].filter(({ userIds }) => userIds.length > 0)
  if (events.length === 0) return
  const frame = watchlistFrame(events)
  for (const connection of connections) connection.send(frame)
}
