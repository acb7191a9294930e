import { describe, expect, test } from 'vitest'
import { fromBase64, toBase64 } from '../../../src/entry/bytes.ts'
import { Cipher, type EncryptionKey } from '../../../src/entry/cipher.ts'
import { InvalidOptionError } from '../../../src/errors.ts'

const HEX = '0f'.repeat(32)
const BYTES = Uint8Array.from({ length: 32 }, (_, i) => i * 8)
const BASE64 = Buffer.from(BYTES).toString('base64')
const HEADER = 'N1;AbCdEfGhIjKlMn-_;mjuohs00;1aao;0;rs0;z;j.k1;'
const DAY_MS = 86_400_000

const context = {
  purpose: 'cache',
  namespace: 'mail/inbox',
  key: 'user:42',
  header: HEADER,
  createdAt: 1_767_225_600_000,
}
const cipher = new Cipher([{ id: 'k1', secret: HEX }])

function corrupt(reason: string): unknown {
  return expect.objectContaining({ name: 'CorruptEntryError', reason })
}

describe('Cipher', () => {
  test('opens what it sealed', async () => {
    const { keyId, text } = await cipher.seal('{"name":"Ann"}', context)

    expect(keyId).toBe('k1')
    expect(atob(text)).not.toContain('Ann')
    await expect(cipher.open(keyId, text, context)).resolves.toBe('{"name":"Ann"}')
  })

  test('opens what the first version of this package sealed', async () => {
    const text = 'hJir6AK3FX/vIYblEv8NI3Ilc8XJ87OpwsXXIQVB6W3LUZ9WZNrd1Wv3//ML'

    await expect(cipher.open('k1', text, context)).resolves.toBe('as it was written')
  })

  test('opens bytes and an empty text as they were', async () => {
    const bytes = await cipher.seal(Uint8Array.of(0, 255), context)
    const empty = await cipher.seal('', context)

    await expect(cipher.openBytes('k1', bytes.text, context)).resolves.toEqual(
      Uint8Array.of(0, 255),
    )
    await expect(cipher.open('k1', bytes.text, context)).rejects.toEqual(
      corrupt('the decrypted payload is not text'),
    )
    await expect(cipher.open('k1', empty.text, context)).resolves.toBe('')
  })

  test('never gives the same result twice for one text', async () => {
    const texts = await Promise.all(
      Array.from({ length: 50 }, async () => (await cipher.seal('same', context)).text),
    )

    expect(new Set(texts.map((text) => text.slice(0, 16))).size).toBe(50)
  })

  test('refuses a payload with any one byte changed, in its text or in its bytes', async () => {
    const { text } = await cipher.seal('a short one', context)
    const bytes = fromBase64(text) ?? new Uint8Array()
    const forgeries = [...text].flatMap((char, i) =>
      ['A', 'B', '=', ' ', '\n', '-', '€']
        .filter((other) => other !== char)
        .map((other) => text.slice(0, i) + other + text.slice(i + 1)),
    )
    for (let i = 0; i < bytes.length; i++) {
      for (let bit = 0; bit < 8; bit++) {
        const flipped = bytes.slice()
        flipped[i] = (flipped[i] ?? 0) ^ (1 << bit)
        forgeries.push(toBase64(flipped))
      }
    }

    const results = await Promise.allSettled(
      forgeries.map((forged) => cipher.open('k1', forged, context)),
    )

    expect(results.length).toBeGreaterThan(600)
    for (const result of results) {
      expect(result).toEqual({ status: 'rejected', reason: corrupt('authentication failed') })
    }
  })

  test('refuses a payload cut off at either end, or lengthened', async () => {
    const { text } = await cipher.seal('a short one', context)
    const bytes = fromBase64(text) ?? new Uint8Array()
    const others = [text.slice(4), `${text}AAAA`, '', toBase64(bytes.slice(0, 27))]
    for (let length = 0; length < text.length; length++) others.push(text.slice(0, length))

    for (const other of others) {
      await expect(cipher.open('k1', other, context)).rejects.toEqual(
        corrupt('authentication failed'),
      )
    }
  })

  test.each([
    ['another purpose', { purpose: 'session' }],
    ['another namespace', { namespace: 'mail/outbox' }],
    ['another key', { key: 'user:43' }],
    ['another header', { header: context.header.replace('1aao', 'zzzz') }],
    ['another day', { createdAt: context.createdAt + DAY_MS }],
    ['a character moved from one field to the next', { key: 'user:42N', header: HEADER.slice(1) }],
    ['a namespace that took it from the key', { namespace: 'mail/inboxu', key: 'ser:42' }],
    ['fields that imitate their lengths', { purpose: 'cache10:mail/inbox', namespace: '' }],
  ])('refuses a payload under %s', async (_, change) => {
    const { text } = await cipher.seal('value', context)

    await expect(cipher.open('k1', text, { ...context, ...change })).rejects.toEqual(
      corrupt('authentication failed'),
    )
  })

  test('rotates: a new primary seals, and the old key still opens until it is removed', async () => {
    const old = await cipher.seal('old', context)
    const rotated = new Cipher([
      { id: 'k1', secret: HEX },
      { id: 'k2', secret: BASE64, use: 'primary' },
    ])

    const fresh = await rotated.seal('new', context)

    expect(fresh.keyId).toBe('k2')
    expect(rotated.primaryId).toBe('k2')
    await expect(rotated.open(old.keyId, old.text, context)).resolves.toBe('old')
    await expect(cipher.open(fresh.keyId, fresh.text, context)).rejects.toEqual(
      corrupt('unknown encryption key'),
    )
    await expect(rotated.open('k1', fresh.text, context)).rejects.toEqual(
      corrupt('authentication failed'),
    )
  })

  test('still works after more namespaces and days than it keeps keys for', async () => {
    const first = await cipher.seal('first', context)
    for (let i = 0; i < 70; i++) {
      const other = { ...context, namespace: `n${i}` }
      const { text } = await cipher.seal(`${i}`, other)
      await expect(cipher.open('k1', text, other)).resolves.toBe(`${i}`)
    }

    await expect(cipher.open('k1', first.text, context)).resolves.toBe('first')
  })

  test.each([
    ['hex', Buffer.from(BYTES).toString('hex')],
    ['upper-case hex', Buffer.from(BYTES).toString('hex').toUpperCase()],
    ['base64', BASE64],
    ['base64 without padding', BASE64.replace('=', '')],
    ['base64url', Buffer.from(BYTES).toString('base64url')],
  ])('takes a secret as %s', async (_, secret) => {
    const { text } = await new Cipher([{ id: 'a', secret: BASE64 }]).seal('value', context)

    await expect(new Cipher([{ id: 'a', secret }]).open('a', text, context)).resolves.toBe('value')
  })

  const refused: [string, readonly EncryptionKey[]][] = [
    ['no key', []],
    ['a passphrase', [{ id: 'a', secret: 'correct horse battery staple' }]],
    ['a passphrase of 32 characters', [{ id: 'a', secret: 'correct-horse-battery-staple-32c' }]],
    ['31 bytes', [{ id: 'a', secret: 'ab'.repeat(31) }]],
    ['33 bytes', [{ id: 'a', secret: 'ab'.repeat(33) }]],
    ['no secret', [{ id: 'a', secret: undefined as never }]],
    ['no id', [{ secret: HEX } as never]],
    ['a number as id', [{ id: 7, secret: HEX } as never]],
    ['an empty id', [{ id: '', secret: HEX }]],
    ['a long id', [{ id: 'x'.repeat(17), secret: HEX }]],
    ['an id of other characters', [{ id: 'a.b', secret: HEX }]],
    [
      'one id twice',
      [
        { id: 'a', secret: HEX, use: 'primary' },
        { id: 'a', secret: BASE64 },
      ],
    ],
    [
      'no primary among two',
      [
        { id: 'a', secret: HEX },
        { id: 'b', secret: BASE64 },
      ],
    ],
    ['a single key that may not encrypt', [{ id: 'a', secret: HEX, use: 'decrypt-only' }]],
    [
      'two primaries',
      [
        { id: 'a', secret: HEX, use: 'primary' },
        { id: 'b', secret: BASE64, use: 'primary' },
      ],
    ],
  ]
  test.each(refused)('refuses a ring with %s, and does not show its secrets', (_, keys) => {
    let message = ''
    try {
      new Cipher(keys)
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidOptionError)
      message = String(error)
    }

    expect(message).toContain('encryption.keys')
    for (const { secret } of keys) expect(message).not.toContain(secret ?? 'undefined')
  })

  test.each([
    ['nothing', undefined],
    ['a key in place of a list', { id: 'a', secret: HEX }],
    ['a list of nothing', [undefined]],
  ])('names the option when it is given %s', (_, keys) => {
    expect(() => new Cipher(keys as never, 'keys')).toThrow(
      expect.objectContaining({ name: InvalidOptionError.name, option: 'keys' }),
    )
  })
})
