import { createHash, createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { Keyspace } from '../../../src/entry/key.ts'
import { InvalidKeyError, InvalidOptionError } from '../../../src/errors.ts'

const secret = Uint8Array.from({ length: 32 }, (_, i) => i)
const plain = new Keyspace({ prefix: 'nc', namespace: ['mail', 'inbox'] })
const hashed = new Keyspace({ prefix: 'nc', namespace: ['mail'], hashSecret: secret })

function refusal(reason: string): unknown {
  return expect.objectContaining({ name: InvalidKeyError.name, reason })
}

describe('Keyspace', () => {
  test('names entry and lease alike except for the kind, in one hash slot', () => {
    expect(plain.namesOf('user-42').entry).toBe('nc:mail/inbox:e:{user-42}')
    expect(plain.namesOf('user-42').lease).toBe('nc:mail/inbox:l:{user-42}')
  })

  test('names the marker of a tag by the segment of the tag', () => {
    expect(plain.markerKey(plain.tag('user:42'))).toBe('nc:mail/inbox:t:user%3A42')
  })

  test("keeps letters, digits and -_.!~'() as they are", () => {
    expect(plain.name("aZ09-_.!~'()")).toBe("aZ09-_.!~'()")
  })

  test.each([...':/{}%#*?[]\\,;= \n\0\u007f@+$&"<>|^`é€😀'])('escapes %j', (char) => {
    const name = plain.name(`a${char}b`)

    expect(name).toMatch(/^a(%[0-9A-F]{2})+b$/)
    expect(decodeURIComponent(name)).toBe(`a${char}b`)
  })

  test('makes a namespace inside another whose names are its own', () => {
    const child = plain.child('to/day')

    expect(child.path).toBe('mail/inbox/to%2Fday')
    expect(child.namesOf('k').entry).toBe('nc:mail/inbox/to%2Fday:e:{k}')
    expect(hashed.child('x').name('k')).not.toBe(hashed.name('k'))
  })

  test('has an empty path at the root', () => {
    const root = new Keyspace({ prefix: 'nc', namespace: [] })

    expect(root.path).toBe('')
    expect(root.namesOf('k').entry).toBe('nc::e:{k}')
  })

  test('hashes every key and tag when a secret is set', () => {
    const mac = createHmac('sha256', secret)
      .update('key\0mail\0ann@example.com')
      .digest('base64url')

    expect(hashed.namesOf('ann@example.com').entry).toBe(`nc:mail:e:{#${mac.slice(0, 22)}}`)
    expect(hashed.tag('k')).toMatch(/^#[A-Za-z0-9_-]{22}$/)
  })

  test('hashes keys and tags of one text differently, and by secret and namespace', () => {
    const other = new Keyspace({
      prefix: 'nc',
      namespace: ['mail'],
      hashSecret: secret.map((b) => ~b),
    })
    const names = [hashed.name('k'), hashed.tag('k'), other.name('k'), hashed.child('a').name('k')]

    expect(new Set(names).size).toBe(4)
  })

  test('hashes a key without a secret only when its escaped form is longer than 512', () => {
    expect(plain.name('x'.repeat(512))).toHaveLength(512)
    expect(plain.name('é'.repeat(85))).toHaveLength(510)

    const sha = (text: string) =>
      createHash('sha256').update(`key\0mail/inbox\0${text}`).digest('base64url')
    for (const long of ['x'.repeat(513), 'é'.repeat(86)]) {
      expect(plain.name(long)).toBe(`#${sha(long)}`)
    }
  })

  test('hashes a tag whose escaped form is longer than 256, so that headers stay bounded', () => {
    expect(plain.tag('x'.repeat(256))).toHaveLength(256)
    expect(plain.tag('é'.repeat(43))).toMatch(/^#[A-Za-z0-9_-]{43}$/)
  })

  test('no escaped key looks like a hashed one', () => {
    expect(plain.name(hashed.name('k'))).toMatch(/^%23/)
  })

  test('a key may hold control characters, a tag may not', () => {
    expect(plain.name('a\nb')).toBe('a%0Ab')
    for (const char of ['\0', '\n', '\u007f', '\u0085']) {
      expect(() => plain.tag(`a${char}`)).toThrow(refusal('tag has a control character'))
    }
  })

  test.each([
    ['', 'key is empty'],
    ['x'.repeat(65_537), 'key is longer than 65536 bytes'],
    ['é'.repeat(32_769), 'key is longer than 65536 bytes'],
    ['a\ud800', 'key has a lone surrogate'],
    [42 as never, 'key is not a string'],
    [undefined as never, 'key is not a string'],
  ])('refuses a bad key without repeating it (case %#)', (key, reason) => {
    expect(() => plain.namesOf(key).entry).toThrow(refusal(reason))
    expect(() => hashed.namesOf(key).lease).toThrow(refusal(reason))
  })

  test('accepts a key of exactly 65,536 bytes', () => {
    expect(plain.name('é'.repeat(32_768))).toMatch(/^#/)
  })

  test.each([
    ['', 'tag is empty'],
    ['é'.repeat(129), 'tag is longer than 256 bytes'],
    ['\udfff', 'tag has a lone surrogate'],
  ])('refuses a bad tag (case %#)', (tag, reason) => {
    expect(() => plain.tag(tag)).toThrow(refusal(reason))
  })

  test.each([
    ['', 'is empty'],
    ['x'.repeat(65), 'is longer than 64 bytes'],
    ['a\nb', 'has a control character'],
    ['\ud800', 'has a lone surrogate'],
  ])('refuses a bad prefix or namespace (case %#)', (label, reason) => {
    expect(() => new Keyspace({ prefix: label, namespace: [] })).toThrow(
      refusal(`prefix ${reason}`),
    )
    expect(() => plain.child(label)).toThrow(refusal(`namespace ${reason}`))
  })

  test('refuses a secret too short to hide anything', () => {
    const weak = () => new Keyspace({ prefix: 'nc', namespace: [], hashSecret: new Uint8Array(15) })

    expect(weak).toThrow(
      expect.objectContaining({ name: InvalidOptionError.name, option: 'hashSecret' }),
    )
  })
})

describe('Keyspace.keyOf', () => {
  test('returns the key of an entry and of a lease, and undefined for hashed or foreign names', () => {
    const { entry, lease } = plain.namesOf('a{ü}:🌍%')

    expect([plain.keyOf(entry), plain.keyOf(lease)]).toEqual(['a{ü}:🌍%', 'a{ü}:🌍%'])
    expect(plain.keyOf(plain.namesOf('x'.repeat(600)).entry)).toBeUndefined()
    expect(plain.keyOf('nc:mail/inbox:e:{100%}')).toBeUndefined()
  })
})

describe('Keyspace.scanPatterns', () => {
  test('escapes what is literal, and covers keys hashed for their length', () => {
    expect(plain.scanPatterns('user:*')).toEqual([
      'nc:mail/inbox:[el]:{user%3A*}',
      'nc:mail/inbox:[el]:{#*}',
    ])
  })

  test('widens a question mark, since one character may be twelve when escaped', () => {
    expect(plain.scanPatterns('a?*?b')[0]).toBe('nc:mail/inbox:[el]:{a*b}')
  })

  test('leaves hashed keys out when nothing so long can match', () => {
    expect(plain.scanPatterns('user:?')).toEqual(['nc:mail/inbox:[el]:{user%3A*}'])
    expect(plain.scanPatterns('?'.repeat(43))).toHaveLength(2)
  })

  test('finds one key, hashed or not, by a pattern without wildcards', () => {
    const long = 'x'.repeat(600)

    expect(plain.scanPatterns('a\\*b')).toEqual(['nc:mail/inbox:[el]:{a%2Ab}'])
    expect(plain.scanPatterns(long)).toEqual([`nc:mail/inbox:[el]:{${plain.name(long)}}`])
  })

  test('refuses every pattern when keys are hashed', () => {
    expect(() => hashed.scanPatterns('user:*')).toThrow(
      refusal('patterns cannot match hashed keys; use tags or a declared prefix'),
    )
  })
})
