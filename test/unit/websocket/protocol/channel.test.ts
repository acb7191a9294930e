import { describe, expect, test } from 'vitest'
import { readChannel, userOfChannel } from '../../../../src/websocket/protocol/channel.ts'
import { CLOSES } from '../../../../src/websocket/protocol/close.ts'

describe('readChannel', () => {
  test.each([
    ['news', 'public', false, false, false],
    ['cache-news', 'public', true, false, false],
    ['private-news', 'private', false, false, true],
    ['private-cache-news', 'private', true, false, true],
    ['private-encrypted-news', 'private', false, true, false],
    ['private-encrypted-cache-news', 'private', true, true, false],
    ['presence-news', 'presence', false, false, true],
    ['presence-cache-news', 'presence', true, false, true],
    ['#server-to-user-a b', 'user', false, false, false],
    ['privat-e', 'public', false, false, false],
  ])('knows the rules of %s', (name, kind, isCached, isEncrypted, takesClientEvents) => {
    expect(readChannel(name)).toEqual({ name, kind, isCached, isEncrypted, takesClientEvents })
  })

  test.each(['', 'a b', 'a/b', 'é', '#server-to-user-', '#other', 'a\n', 7, null, undefined])(
    'has no channel for %j',
    (name) => {
      expect(readChannel(name)).toBeUndefined()
    },
  )

  test('takes every character that is allowed, up to the limit', () => {
    expect(readChannel('Az09_-=@,.;')?.kind).toBe('public')
    expect(readChannel('x'.repeat(200))?.kind).toBe('public')
    expect(readChannel('x'.repeat(201))).toBeUndefined()
    expect(readChannel('xx', 1)).toBeUndefined()
  })

  test("knows whose a user's channel is", () => {
    expect(userOfChannel('#server-to-user-u-1')).toBe('u-1')
    expect(userOfChannel('private-u-1')).toBeUndefined()
  })
})

describe('CLOSES', () => {
  test('have reasons that fit into a close frame, and forbid no reconnect by mistake', () => {
    for (const { code, reason } of Object.values(CLOSES)) {
      expect(new TextEncoder().encode(reason).length).toBeLessThanOrEqual(123)
      expect(code).toBeGreaterThanOrEqual(4000)
      expect(code).toBeLessThan(4300)
    }
  })
})
