import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type PresenceDelivery,
  PresenceFrames,
} from '../../../src/websocket/objects/presence-frames.ts'

const CHANNEL = 'presence-"room"'
const position = { epoch: 'e"1', serial: 8 }

const id = fc.string({ minLength: 1, unit: 'binary' })
const user = fc.record({ user_id: id, user_info: fc.jsonValue() }, { requiredKeys: ['user_id'] })
const users = fc.uniqueArray(user, { selector: ({ user_id }) => user_id, maxLength: 6 })
const delivery = fc
  .record({ joins: users, leaves: fc.uniqueArray(id, { maxLength: 4 }), updates: users })
  .map(
    ({ joins, leaves, updates }): PresenceDelivery => ({
      kind: 'presence',
      position,
      // One that left and came back as somebody else is in both.
      diff: { joins, leaves: [...new Set([...leaves, ...joins.slice(0, 1).map(idOf)])], count: 7 },
      updates,
    }),
  )

function idOf({ user_id }: { readonly user_id: string }): string {
  return user_id
}

/** A frame as a client reads it. */
function read(frame: string): object {
  const { data, ...rest } = JSON.parse(frame)
  return { ...rest, data: JSON.parse(data) }
}

/** JSON knows no `undefined`, and one zero. */
function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

describe('PresenceFrames', () => {
  test('tell each connection of all but its own user, whoever asks first', () => {
    fc.assert(
      fc.property(delivery, fc.array(fc.boolean()), (news, kinds) => {
        const frames = new PresenceFrames(CHANNEL, news)
        const { joins, leaves, count } = news.diff
        const readers = [undefined, 'a stranger', ...leaves, ...joins.map(idOf)]

        for (const [place, own] of readers.entries()) {
          const others = joins.filter(({ user_id }) => user_id !== own)
          const gone = leaves.filter((left) => left !== own)
          const expected = {
            plain: [
              ...gone.map((user_id) => ['pusher_internal:member_removed', { user_id }]),
              ...others.map((other) => ['pusher_internal:member_added', other]),
            ].map(([event, data]) => ({ event, channel: CHANNEL, data })),
            extended: [
              ['nearcache:presence_diff', { joins: others, leaves: gone, count }],
              ...news.updates.map((other) => ['nearcache:presence_update', other]),
            ].map(([event, data]) => ({ event, channel: CHANNEL, data, ...position })),
          }
          const order = (kinds[place] ?? true) ? [true, false] : [false, true]

          for (const isExtended of order) {
            const got = frames.framesFor(isExtended, own).map(read)
            expect(got).toEqual(asJson(isExtended ? expected.extended : expected.plain))
          }
        }
      }),
    )
  })

  test('write what many connections get once', () => {
    const frames = new PresenceFrames(CHANNEL, {
      kind: 'presence',
      position,
      diff: { joins: [{ user_id: 'ann' }], leaves: ['ben'], count: 1 },
      updates: [],
    })

    for (const isExtended of [true, false]) {
      const [first, second] = ['cleo', undefined].map((own) => frames.framesFor(isExtended, own))
      expect(first).toBe(second)
    }
  })
})
