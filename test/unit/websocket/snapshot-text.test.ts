import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SnapshotText, snapshotFrame } from '../../../src/websocket/objects/snapshot-text.ts'

const user = fc.record({
  id: fc.oneof(fc.string({ minLength: 1, unit: 'binary' }), fc.constant('__proto__')),
  info: fc.option(
    fc.jsonValue().filter((value) => value !== null),
    { nil: undefined },
  ),
})

describe('SnapshotText', () => {
  test('writes what the protocol writes, for any ids and any information', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(user, { selector: ({ id }) => id, maxLength: 8 }),
        fc.boolean(),
        fc.string(),
        (users, isOwnTold, channel) => {
          const stored = users.map(({ id, info }) => ({
            id,
            info: info === undefined ? undefined : JSON.stringify(info),
          }))
          const told = isOwnTold ? stored : stored.slice(0, -1)
          const own = isOwnTold ? undefined : stored.at(-1)

          const frame = snapshotFrame(channel, new SnapshotText().write({ count: 7, told, own }))

          const { data, ...rest } = JSON.parse(frame)
          expect(rest).toEqual({ event: 'pusher_internal:subscription_succeeded', channel })
          const { presence } = JSON.parse(data)
          expect(presence).toMatchObject({ count: 7, ids: users.map(({ id }) => id) })
          // A user may be called `__proto__`.
          const entries = Object.entries(presence.hash)
          // JSON has one zero.
          const infoOf = (info: unknown = {}): unknown => JSON.parse(JSON.stringify(info))
          expect(new Map(entries)).toEqual(new Map(users.map(({ id, info }) => [id, infoOf(info)])))
        },
      ),
    )
  })

  test('writes the part that is the same for all once, and again for another list', () => {
    const text = new SnapshotText()
    const told = [{ id: 'ann', info: '{"n":1}' }]

    const first = text.write({ count: 2, told, own: { id: 'ben', info: undefined } })
    const second = text.write({ count: 1, told: [], own: undefined })

    const presence = (data: string) => JSON.parse(JSON.parse(`"${data}"`)).presence
    expect(presence(first)).toEqual({
      count: 2,
      ids: ['ann', 'ben'],
      hash: { ann: { n: 1 }, ben: {} },
    })
    expect(presence(second)).toEqual({ count: 1, ids: [], hash: {} })
  })
})
