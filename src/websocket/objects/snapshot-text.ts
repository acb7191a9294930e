/**
 * Writes the snapshot of a presence channel for each user who joins. The part that is the same for all is
 * written once for each batch, since in a large channel it is most of the work of a join.
 *
 * @module
 */

import type { RosterSnapshot, RosterUser } from './roster-types.ts'

/** `ids` and `hash`, as JSON escaped within a JSON text. */
interface Parts {
  readonly ids: string
  readonly hash: string
}

/** Writes snapshots of one channel. */
export class SnapshotText {
  #told: readonly RosterUser[] | undefined
  #parts: Parts = { ids: '', hash: '' }

  /** `data` of `subscription_succeeded`, escaped as between the quotes of its frame. */
  write({ count, told, own }: RosterSnapshot): string {
    if (this.#told !== told) {
      this.#told = told
      this.#parts = partsOf(told)
    }
    const parts = own ? joined(this.#parts, partsOf([own])) : this.#parts
    const head = `{"presence":{"count":${count},"ids":[`
    return `${within(head)}${parts.ids}],${within('"hash":{')}${parts.hash}}}}`
  }
}

/** The frame around a snapshot. */
export function snapshotFrame(channel: string, snapshot: string): string {
  const head = '{"event":"pusher_internal:subscription_succeeded","channel":'
  return `${head}${JSON.stringify(channel)},"data":"${snapshot}"}`
}

function partsOf(users: readonly RosterUser[]): Parts {
  const ids = users.map(({ id }) => JSON.stringify(id))
  const pairs = users.map(({ info = '{}' }, place) => `${ids[place]}:${info}`)
  return { ids: within(ids.join()), hash: within(pairs.join()) }
}

function joined(one: Parts, other: Parts): Parts {
  if (one.ids === '') return other
  return { ids: `${one.ids},${other.ids}`, hash: `${one.hash},${other.hash}` }
}

/** Escapes JSON for use within a JSON text. */
export function within(json: string): string {
  return JSON.stringify(json).slice(1, -1)
}
