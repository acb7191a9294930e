import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { NameRing } from '../../../src/session/name-ring.ts'
import {
  mintToken,
  randomHome,
  readToken,
  SESSION_ID,
  withSecret,
} from '../../../src/session/token.ts'

const KEYS = [
  { id: 'new', secret: '11'.repeat(32), use: 'primary' as const },
  { id: 'old', secret: '22'.repeat(32), use: 'decrypt-only' as const },
]
const NOW = Date.UTC(2026, 10, 25)
const ring = new NameRing(KEYS, 'session', 'keys')
const other = new NameRing([{ id: 'new', secret: '33'.repeat(32) }], 'session', 'keys')

const mint = () => mintToken(ring.primary, ring.primary.homeOf('user-1'), NOW)

describe('a token', () => {
  test('is read back with the same parts', () => {
    const token = mint()

    expect(readToken(token.text, ring)).toEqual({ kind: 'token', token })
    expect(token.createdAt).toBe(NOW)
    expect(token.id).toMatch(SESSION_ID)
    expect(Number.parseInt(token.id.slice(0, 9), 36)).toBe(NOW)
  })

  test('keeps its name with another secret', () => {
    const token = mint()
    const next = withSecret(token, ring.primary.successorOf(token.id, token.secret, 'nonce'))

    expect(readToken(next.text, ring)).toEqual({ kind: 'token', token: next })
    expect(next).toMatchObject({ id: token.id, home: token.home })
    expect(next.secretHash).not.toBe(token.secretHash)
  })

  test('has one successor for each nonce, in every isolate', () => {
    const { id, secret } = mint()
    const again = new NameRing(KEYS, 'session', 'keys')

    expect(again.primary.successorOf(id, secret, 'a')).toBe(
      ring.primary.successorOf(id, secret, 'a'),
    )
    expect(ring.primary.successorOf(id, secret, 'b')).not.toBe(
      ring.primary.successorOf(id, secret, 'a'),
    )
  })

  test('hashes its secret by SHA-256', () => {
    const { secret, secretHash } = mint()

    expect(secretHash).toBe(createHash('sha256').update(secret).digest('base64url'))
  })

  test('is malformed, or of another session, if any of its characters is changed', () => {
    const { text, id, secretHash } = mint()
    const start = text.lastIndexOf('.') + 1
    for (let at = 0; at < text.length; at++) {
      const changed = `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`
      const read = readToken(changed, ring)
      if (at < start) expect(read.kind, changed).not.toBe('token')
      else if (at < text.length - 44) expect(read.kind).toBe('malformed')
      else expect(read).toMatchObject({ kind: 'token', token: { id } })
      if (read.kind === 'token') expect(read.token.secretHash).not.toBe(secretHash)
    }
  })

  test.each<[what: string, text: unknown]>([
    ['nothing', ''],
    ['no text', undefined],
    ['a number', 7],
    ['an array of one', [mint().text]],
    ['another version', mint().text.replace('v1', 'v2')],
    ['one that is cut short', mint().text.slice(0, -1)],
    ['one that is too long', `${mint().text}A`],
    ['one with a line break', `${mint().text}\n`],
    ['a megabyte', 'A'.repeat(1_048_576)],
    ['one of another deployment', mintToken(other.primary, randomHome(), NOW).text],
  ])('is malformed: %s', (_what, text) => {
    expect(readToken(text, ring)).toEqual({ kind: 'malformed' })
  })

  test('of an unknown key is distinguished from a malformed one', () => {
    const text = mint().text.replace('v1.new.', 'v1.next.')

    expect(readToken(text, ring)).toEqual({ kind: 'unknown key', keyId: 'next' })
  })

  test('of an older key of the ring is read with that key', () => {
    const old = ring.byId('old')
    if (old === undefined) return expect.unreachable('the ring has it')
    const token = mintToken(old, old.homeOf('user-1'), NOW)

    expect(readToken(token.text, ring)).toEqual({ kind: 'token', token })
    expect(token.home).not.toBe(mint().home)
  })
})
