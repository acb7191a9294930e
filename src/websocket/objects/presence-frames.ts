/**
 * Builds the frames that tell a hub's connections who joined and left.
 *
 * A user gets no news about itself, and in a large channel every new user is in the next batch. So each
 * user's part is built once, and the frame for a user in the batch is joined from the parts of the others.
 *
 * @module
 */

import { EXTENSION_EVENTS } from '../extensions.ts'
import {
  memberAddedFrame,
  memberRemovedFrame,
  presenceUpdateFrame,
} from '../protocol/server-frame.ts'
import type { RosterUser } from './roster-types.ts'
import { within } from './snapshot-text.ts'
import type { Delivery } from './stubs.ts'

/** A change of presence. */
export type PresenceDelivery = Extract<Delivery, { kind: 'presence' }>

/** A frame about one user, or a part of a frame. */
interface Part {
  readonly user: string
  readonly text: string
}

/** The parts of a frame of the extensions. */
interface Diff {
  readonly joins: readonly Part[]
  readonly leaves: readonly Part[]
}

/** The frames of one change of presence. Each kind is built when the first connection needs it. */
export class PresenceFrames {
  readonly delivery: PresenceDelivery
  readonly #channel: string
  readonly #concerned: ReadonlySet<string>
  #parts: readonly Part[] | undefined
  #diff: Diff | undefined
  #plainForOthers: readonly string[] | undefined
  #extendedForOthers: readonly string[] | undefined

  constructor(channel: string, delivery: PresenceDelivery) {
    const { joins, leaves } = delivery.diff
    this.#channel = channel
    this.delivery = delivery
    this.#concerned = new Set([...joins.map(({ id }) => id), ...leaves])
  }

  /** @param user The connection's user, who gets no news about itself. */
  framesFor(isExtended: boolean, user: string | undefined): readonly string[] {
    if (user !== undefined && this.#concerned.has(user)) {
      return isExtended ? this.#extended(user) : this.#plain(user)
    }
    if (isExtended) {
      this.#extendedForOthers ??= this.#extended(undefined)
      return this.#extendedForOthers
    }
    this.#plainForOthers ??= this.#plain(undefined)
    return this.#plainForOthers
  }

  #plain(own: string | undefined): readonly string[] {
    const channel = this.#channel
    const { joins, leaves } = this.delivery.diff
    this.#parts ??= [
      ...leaves.map((user) => ({ user, text: memberRemovedFrame(channel, user) })),
      ...joins.map((user) => ({
        user: user.id,
        text: memberAddedFrame(channel, jsonOf(user)),
      })),
    ]
    return textsOf(this.#parts, own)
  }

  /** The diff without the own user, then the updates, which are for all users. */
  #extended(own: string | undefined): readonly string[] {
    const { position, diff } = this.delivery
    this.#diff ??= {
      joins: diff.joins.map((user) => ({ user: user.id, text: within(jsonOf(user)) })),
      leaves: diff.leaves.map((user) => ({ user, text: within(JSON.stringify(user)) })),
    }
    const { serial, epoch } = position
    const [joins, leaves] = [textsOf(this.#diff.joins, own), textsOf(this.#diff.leaves, own)]
    return [
      `{"event":"${EXTENSION_EVENTS.presenceDiff}","channel":${JSON.stringify(this.#channel)},` +
        `"data":"{\\"joins\\":[${joins}],\\"leaves\\":[${leaves}],\\"count\\":${diff.count}}",` +
        `"serial":${serial},"epoch":${JSON.stringify(epoch)}}`,
      ...diff.updates.map((user) => presenceUpdateFrame(this.#channel, jsonOf(user), position)),
    ]
  }
}

/** A user as JSON. The information is JSON already. */
function jsonOf({ id, info }: RosterUser): string {
  const userId = JSON.stringify(id)
  return info === undefined ? `{"user_id":${userId}}` : `{"user_id":${userId},"user_info":${info}}`
}

function textsOf(parts: readonly Part[], own: string | undefined): readonly string[] {
  return parts.filter(({ user }) => user !== own).map(({ text }) => text)
}
