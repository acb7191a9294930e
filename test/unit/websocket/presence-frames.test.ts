import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type PresenceDelivery,
  PresenceFrames,
} from '../../../src/websocket/objects/presence-frames.ts'

const CHANNEL = 'presence-"room"'
const position = { epoch: 'e"1', serial: 8 }

const id = fc.string({ minLength: 1, unit: 'binary' })
const user = fc.record({ id, info: fc.option(fc.json(), { nil: undefined }) })
const users = fc.uniqueArray(user, { selector: idOf, maxLength: 6 })
const delivery = fc
  .record({ joins: users, leaves: fc.uniqueArray(id, { maxLength: 4 }), updates: users })
  .map(({ joins, leaves, updates }): PresenceDelivery => {
    // A user who left and came back with other information is in both lists.
    const left = [...new Set([...leaves, ...joins.slice(0, 1).map(idOf)])]
    return { kind: 'presence', position, diff: { joins, leaves: left, updates, count: 7 } }
  })

function idOf({ id }: { readonly id: string }): string {
  return id
}

/** A user as a client parses it. */
function seen({ id, info }: { readonly id: string; readonly info: string | undefined }): object {
  return { user_id: id, ...(info !== undefined && { user_info: JSON.parse(info) }) }
}

/** A frame as a client parses it. */
function read(frame: string): object {
  const { data, ...rest } = JSON.parse(frame)
  return { ...rest, data: JSON.parse(data) }
}

describe('PresenceFrames', () => {
  test('tell each connection of all users except its own, in any order of calls', () => {
    fc.assert(
      fc.property(delivery, fc.array(fc.boolean()), (news, kinds) => {
        const frames = new PresenceFrames(CHANNEL, news)
        const { joins, leaves, updates, count } = news.diff
        const readers = [undefined, 'a stranger', ...leaves, ...joins.map(idOf)]

        for (const [place, own] of readers.entries()) {
          const others = joins.filter(({ id }) => id !== own).map(seen)
          const gone = leaves.filter((left) => left !== own)
          const expected = {
            plain: [
              ...gone.map((user_id) => ['pusher_internal:member_removed', { user_id }]),
              ...others.map((other) => ['pusher_internal:member_added', other]),
            ].map(([event, data]) => ({ event, channel: CHANNEL, data })),
            extended: [
              ['nearcache:presence_diff', { joins: others, leaves: gone, count }],
              ...updates.map((other) => ['nearcache:presence_update', seen(other)]),
            ].map(([event, data]) => ({ event, channel: CHANNEL, data, ...position })),
          }
          const order = (kinds[place] ?? true) ? [true, false] : [false, true]

          for (const isExtended of order) {
            const got = frames.framesFor(isExtended, own).map(read)
            expect(got).toEqual(isExtended ? expected.extended : expected.plain)
          }
        }
      }),
    )
  })

  test('build frames that many connections get only once', () => {
    const frames = new PresenceFrames(CHANNEL, {
      kind: 'presence',
      position,
      diff: { joins: [{ id: 'ann', info: '1' }], leaves: ['ben'], updates: [], count: 1 },
    })

    for (const isExtended of [true, false]) {
      const [first, second] = ['cleo', undefined].map((own) => frames.framesFor(isExtended, own))
      expect(first).toBe(second)
    }
  })
})
