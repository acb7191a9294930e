import { describe, expect, test } from 'vitest'
import { createApps } from '../../../../src/websocket/protocol/app.ts'
import {
  clientEventProblem,
  draw,
  fullBucket,
} from '../../../../src/websocket/protocol/client-event.ts'
import { DEFAULT_LIMITS } from '../../../../src/websocket/protocol/limits.ts'
import { readMember, readUser } from '../../../../src/websocket/protocol/user.ts'

describe('readMember', () => {
  test('reads an id that is a text or a number, and the information if there is any', () => {
    expect(readMember('{"user_id":10,"user_info":{"n":1}}', DEFAULT_LIMITS)).toEqual({
      ok: { id: '10', info: { n: 1 } },
    })
    expect(readMember('{"user_id":"u"}', DEFAULT_LIMITS)).toEqual({ ok: { id: 'u' } })
  })

  test.each([
    undefined,
    'text',
    '[]',
    'null',
    '{}',
    '{"user_id":""}',
    '{"user_id":null}',
    `{"user_id":"${'x'.repeat(129)}"}`,
    `{"user_id":"u","user_info":"${'é'.repeat(512)}"}`,
  ])('names what is wrong with %s, and quotes nothing', (channelData) => {
    const read = readMember(channelData, DEFAULT_LIMITS)

    expect(read).toHaveProperty('problem')
    expect(JSON.stringify(read)).not.toMatch(/xx|é/)
  })
})

describe('readUser', () => {
  test('reads a user and the watchlist, each id once', () => {
    expect(readUser('{"id":"u","watchlist":["v","w","v"]}', DEFAULT_LIMITS)).toEqual({
      ok: { id: 'u', watchlist: ['v', 'w'], isWatchlistCut: false },
    })
    expect(readUser('{"id":"u"}', DEFAULT_LIMITS)).toEqual({
      ok: { id: 'u', watchlist: [], isWatchlistCut: false },
    })
  })

  test('takes the first hundred of a longer watchlist, however long their ids', () => {
    const watchlist = Array.from({ length: 101 }, (_, i) => `${i}`.padStart(120, 'u'))

    expect(readUser(JSON.stringify({ id: 'u', watchlist }), DEFAULT_LIMITS)).toEqual({
      ok: { id: 'u', watchlist: watchlist.slice(0, 100), isWatchlistCut: true },
    })
  })

  test.each([
    'text',
    '{"id":7}',
    '{"id":""}',
    '{"id":"u","watchlist":"v"}',
    '{"id":"u","watchlist":[7]}',
    `{"id":"u","user_info":"${'x'.repeat(1_024)}"}`,
  ])('names what is wrong with %s', (userData) => {
    expect(readUser(userData, DEFAULT_LIMITS)).toHaveProperty('problem')
  })
})

describe('draw', () => {
  test('allows a full bucket at once, and then the rate', () => {
    let bucket = fullBucket(10, 0)
    const sent = (now: number): number => {
      let count = 0
      for (let i = 0; i < 50; i++) {
        const { allowed, bucket: next } = draw(bucket, 10, now)
        bucket = next
        if (allowed) count += 1
      }
      return count
    }

    expect([0, 50, 100, 1_100, 61_100].map(sent)).toEqual([10, 0, 1, 10, 10])
  })

  test('allows no more than the rate in the long run, however the events are spread', () => {
    let bucket = fullBucket(10, 0)
    let count = 0
    for (let now = 0; now <= 60_000; now += 7) {
      const { allowed, bucket: next } = draw(bucket, 10, now)
      bucket = next
      if (allowed) count += 1
    }

    expect(count).toBeLessThanOrEqual(610)
    expect(count).toBeGreaterThanOrEqual(600)
  })

  test('refills nothing when the clock is set back', () => {
    expect(draw({ left: 0, at: 10_000 }, 10, 0)).toEqual({
      allowed: false,
      bucket: { left: 0, at: 0 },
    })
  })
})

describe('clientEventProblem', () => {
  const base = { id: '1', key: 'key', secret: 'a-secret-of-apps' }
  const [open, off] = createApps([
    { ...base, clientEvents: 'members' },
    { ...base, id: '2', key: 'off' },
  ]).all

  test.each([
    ['private-x', 'x', false],
    ['presence-x', { x: 1 }, false],
    ['private-x', undefined, false],
    ['news', 'x', true],
    ['private-encrypted-x', 'x', true],
    ['#server-to-user-u', 'x', true],
    ['private-x', 'é'.repeat(5_121), true],
    ['private-x', { text: 'x'.repeat(10_240) }, true],
  ])('decides %s with %o', (channel, data, isProblem) => {
    expect(open && clientEventProblem(open, channel, data) !== undefined).toBe(isProblem)
  })

  test('refuses all client events if the app does not accept them', () => {
    expect(off && clientEventProblem(off, 'private-x', 'x')).toMatch(/not enabled/)
  })
})
