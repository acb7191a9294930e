/**
 * Sends a channel's deliveries to its subscribers on one hub. It never waits, so the order of arrival is the
 * order of sending.
 *
 * @module
 */

import { omittedFrame, subscriptionCountFrame, watchlistFrame } from '../protocol/server-frame.ts'
import { userOfOnlineChannel } from './channel-traits.ts'
import type { HubChannel } from './hub-channels.ts'
import type { HubConnection, Subscription } from './hub-connection.ts'
import type { Outgoing } from './outgoing.ts'
import { PresenceFrames } from './presence-frames.ts'
import type { RosterDiff } from './roster-types.ts'
import type { ChannelPosition, Delivery } from './stubs.ts'

/** Sends deliveries to all subscribers. */
export function deliver(channel: HubChannel, deliveries: readonly Delivery[]): void {
  for (const delivery of deliveries) {
    channel.position = delivery.position
    if (userOfOnlineChannel(channel.name) !== undefined) tellWatchers(channel, delivery)
    else deliverOne(channel, delivery)
  }
}

/** Sends one subscriber the deliveries that were held for it. */
export function deliverTo(
  connection: HubConnection,
  subscription: Subscription,
  held: readonly Outgoing[],
): void {
  for (const outgoing of held) {
    if (isAfter(subscription, outgoing.delivery)) send(connection, subscription, outgoing)
  }
}

/** Adds the position in the history to a frame, for connections with the extensions. */
export function withPosition(frame: string, { serial, epoch }: ChannelPosition): string {
  return `${frame.slice(0, -1)},"serial":${serial},"epoch":${JSON.stringify(epoch)}}`
}

function deliverOne({ name, connections }: HubChannel, delivery: Delivery): void {
  const outgoing = outgoingOf(name, delivery)
  if (outgoing === undefined) return
  for (const connection of connections) {
    const subscription = connection.subscriptions.get(name)
    if (subscription === undefined) continue
    if (subscription.held) subscription.held.push(outgoing)
    else if (isAfter(subscription, delivery)) send(connection, subscription, outgoing)
  }
}

/** Whether the answer to the subscription did not cover a delivery. A count is not in the history. */
function isAfter({ since = 0 }: Subscription, { kind, position }: Delivery): boolean {
  return kind === 'subscriptions' || position.serial > since
}

function send(connection: HubConnection, { user }: Subscription, outgoing: Outgoing): void {
  const { id, identity } = connection
  for (const frame of outgoing.framesFor(identity.isExtended, user, id)) connection.send(frame)
}

/** @returns `undefined` for a delivery of another Worker version that this version cannot read. */
function outgoingOf(channel: string, delivery: Delivery): Outgoing | undefined {
  switch (delivery.kind) {
    case 'event': {
      const stock = [delivery.frame]
      const { position, except } = delivery
      const extended = [withPosition(delivery.frame, position)]
      const framesFor: Outgoing['framesFor'] = (isExtended, _user, id) => {
        if (id === except) return isExtended ? [omittedFrame(channel, position)] : []
        return isExtended ? extended : stock
      }
      return { delivery, framesFor }
    }
    case 'subscriptions': {
      const frames = [subscriptionCountFrame(channel, delivery.count)]
      return { delivery, framesFor: () => frames }
    }
    case 'presence':
      return isReadable(delivery.diff) ? new PresenceFrames(channel, delivery) : undefined
    default:
      return undefined
  }
}

function isReadable({ joins, leaves, updates }: Partial<RosterDiff> = {}): boolean {
  if (![joins, leaves, updates].every(Array.isArray)) return false
  return [...(joins ?? []), ...(updates ?? [])].every(({ id }) => typeof id === 'string')
}

function tellWatchers({ connections }: HubChannel, delivery: Delivery): void {
  if (delivery.kind !== 'presence' || !isReadable(delivery.diff)) return
  const { joins, leaves } = delivery.diff
  const events = [
    { name: 'offline' as const, userIds: leaves },
    { name: 'online' as const, userIds: joins.map(({ id }) => id) },
  ].filter(({ userIds }) => userIds.length > 0)
  if (events.length === 0) return
  const frame = watchlistFrame(events)
  for (const connection of connections) connection.send(frame)
}
