import { beforeEach, describe, expect, test } from 'vitest'
import { Membership } from '../../../src/websocket/objects/membership.ts'
import type { LeaveReason, UserCount } from '../../../src/websocket/objects/reports.ts'

const RULES = {
  grace: { unsubscribed: 0, closed: 0, reload: 2_000, lost: 10_000 },
  namedLimit: 3,
  leaseMs: 60_000,
}

describe('Membership', () => {
  let membership: Membership
  let seq: number

  beforeEach(() => {
    membership = new Membership(RULES)
    seq = 0
  })

  function report(users: readonly UserCount[], now = 0, hub = 'a'): boolean {
    const sockets = users.reduce((sum, user) => sum + user.sockets, 0)
    return membership.apply({ hub, epoch: 1, seq: ++seq, sockets, users, isComplete: false }, now)
  }

  const come = (id: string, now = 0, info = '{}'): boolean =>
    report([{ id, sockets: 1, info }], now)
  const go = (id: string, reason: LeaveReason, now = 0): boolean =>
    report([{ id, sockets: 0, reason }], now)

  test('has no news about a user who reconnects within the grace', () => {
    come('ann')
    membership.takeNews(0)

    go('ann', 'lost', 1_000)
    expect(membership.takeNews(10_999)).toBeUndefined()
    come('ann', 10_999)

    expect(membership.takeNews(100_000)).toBeUndefined()
    expect(membership.users()).toEqual(['ann'])
  })

  test.each<[LeaveReason, number]>([
    ['unsubscribed', 0],
    ['closed', 0],
    ['reload', 2_000],
    ['lost', 10_000],
  ])('removes a user whose last connection was %s after %i ms', (reason, graceMs) => {
    come('ann')
    membership.takeNews(0)

    go('ann', reason, 5_000)

    if (graceMs > 0) {
      expect(membership.nextAt(5_000)).toBe(5_000 + graceMs)
      expect(membership.takeNews(4_999 + graceMs)).toBeUndefined()
    }
    expect(membership.takeNews(5_000 + graceMs)).toMatchObject({ leaves: ['ann'], count: 0 })
  })

  test('reports a user once, however many connections on however many hubs', () => {
    report([{ id: 'ann', sockets: 1, info: '1' }], 0, 'a')
    report([{ id: 'ann', sockets: 2, info: '2' }], 0, 'b')

    expect(membership.takeNews(0)?.joins).toEqual([{ id: 'ann', info: '1' }])
    report([{ id: 'ann', sockets: 0, reason: 'closed' }], 0, 'b')
    expect(membership.takeNews(0)).toBeUndefined()
    report([{ id: 'ann', sockets: 0, reason: 'closed' }], 0, 'a')
    expect(membership.takeNews(0)?.leaves).toEqual(['ann'])
  })

  test('gives a new user what the others know, and the user itself, so that the next batch fits', () => {
    come('ann')
    membership.takeNews(0)
    come('ben')
    come('cat')

    const { count, told, own } = membership.snapshotFor('cat')

    expect(told.map(({ id }) => id)).toEqual(['ann'])
    expect(own?.id).toBe('cat')
    expect(count).toBe(2)
    expect(membership.takeNews(0)?.joins.map(({ id }) => id)).toEqual(['ben', 'cat'])
  })

  test('names as many as the limit, counts the others, and fills a place that becomes free', () => {
    for (const id of ['ann', 'ben', 'cat', 'dan', 'eve']) come(id)

    const first = membership.takeNews(0)
    expect(first?.joins.map(({ id }) => id)).toEqual(['ann', 'ben', 'cat'])
    expect(first?.count).toBe(5)
    expect(membership.snapshotFor('eve')).toMatchObject({ count: 5 })

    go('ben', 'closed')
    expect(membership.takeNews(0)).toMatchObject({
      leaves: ['ben'],
      joins: [{ id: 'dan' }],
      count: 4,
    })
    go('eve', 'closed')
    expect(membership.takeNews(0)).toEqual({ joins: [], leaves: [], updates: [], count: 3 })
  })

  test('reports changed information as an update, but as leave and join if the user had left', () => {
    come('ann', 0, '{"v":1}')
    membership.takeNews(0)

    expect(membership.update('ann', '{"v":2}')).toBe(true)
    expect(membership.takeNews(0)).toMatchObject({
      joins: [],
      leaves: [],
      updates: [{ id: 'ann', info: '{"v":2}' }],
    })

    go('ann', 'closed')
    come('ann', 0, '{"v":3}')
    expect(membership.takeNews(0)).toMatchObject({
      leaves: ['ann'],
      joins: [{ id: 'ann', info: '{"v":3}' }],
      updates: [],
    })
    expect(membership.update('ben', '{}')).toBe(false)
  })

  test('has a hub asked when its lease is over, and removes its users if it does not answer', () => {
    come('ann')
    membership.takeNews(0)
    membership.renew('a', 30_000)

    expect(membership.overdue(89_999)).toEqual([])
    expect(membership.overdue(90_000)).toEqual(['a'])
    membership.lose('a', 90_000)

    expect(membership.sockets).toBe(0)
    expect(membership.takeNews(99_999)).toBeUndefined()
    expect(membership.takeNews(100_000)?.leaves).toEqual(['ann'])
  })

  test('treats a new epoch as the loss of all connections of the hub', () => {
    come('ann')
    come('ben')
    membership.takeNews(0)

    const users = [{ id: 'ben', sockets: 1, info: '{}' }]
    membership.apply({ hub: 'a', epoch: 2, seq: 1, sockets: 1, users, isComplete: false }, 0)

    expect(come('cat')).toBe(false)
    expect(membership.takeNews(10_000)).toMatchObject({ leaves: ['ann'], joins: [], count: 1 })
  })
})
