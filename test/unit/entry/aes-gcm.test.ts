import nodeCrypto from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import {
  type GcmKey,
  gcmKey,
  type NodeCrypto,
  nodeKey,
  webKey,
} from '../../../src/entry/aes-gcm.ts'
import { toBase64Url } from '../../../src/entry/bytes.ts'

/** The types of Node have a signature for each mode. */
const NODE = nodeCrypto as unknown as NodeCrypto
const SECRET = Uint8Array.from({ length: 32 }, (_, i) => i)
const bytes = (hex: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(hex, 'hex'))

const WAYS: readonly (readonly [string, (secret: Uint8Array<ArrayBuffer>) => Promise<GcmKey>])[] = [
  ['node:crypto', async (secret) => nodeKey(NODE, secret)],
  ['WebCrypto', webKey],
]

describe.each(WAYS)('AES-256-GCM by %s', (_, keyOf) => {
  test('gives the result of test case 16 in the specification of the mode', async () => {
    const key = await keyOf(bytes('feffe9928665731c6d6a8f9467308308'.repeat(2)))
    const nonce = bytes('cafebabefacedbaddecaf888')
    const beside = bytes('feedfacedeadbeeffeedfacedeadbeefabaddad2')
    const data = bytes(
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
    )

    const sealed = await key.encrypt(nonce, data, beside)

    expect(Buffer.from(sealed).toString('hex')).toBe(
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662' +
        '76fc6ece0f4e1768cddf8853bb2d551b',
    )
    expect(await key.decrypt(nonce, sealed, beside)).toEqual(data)
  })

  test('opens nothing if one bit differs, in the data, the nonce or the additional data', async () => {
    const key = await keyOf(SECRET)
    const parts = [bytes('00'.repeat(12)), bytes('0102'), bytes('03')] as const
    const [nonce, data, beside] = parts
    const all = [nonce, await key.encrypt(nonce, data, beside), beside] as const
    const open = async ([n, sealed, b]: typeof all): Promise<unknown> => key.decrypt(n, sealed, b)

    for (const [part, { length }] of all.entries()) {
      for (let bit = 0; bit < length * 8; bit++) {
        const changed = all.map((one) => one.slice()) as unknown as typeof all
        const at = changed[part] as Uint8Array
        at[bit >> 3] = (at[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        await expect(open(changed), `bit ${bit} of part ${part}`).rejects.toThrow()
      }
    }
    await expect(open([nonce, new Uint8Array(3), beside])).rejects.toThrow()
  })
})

describe('AES-256-GCM', () => {
  test('gives the same result in both implementations', async () => {
    const [one, other] = [nodeKey(NODE, SECRET), await webKey(SECRET)]
    const some = fc.uint8Array({ maxLength: 200 }).map((array) => new Uint8Array(array))
    const nonces = fc
      .uint8Array({ minLength: 12, maxLength: 12 })
      .map((array) => new Uint8Array(array))
    await fc.assert(
      fc.asyncProperty(nonces, some, some, async (nonce, data, beside) => {
        const sealed = one.encrypt(nonce, data, beside)

        expect(await other.encrypt(nonce, data, beside)).toEqual(sealed)
        expect(one.decrypt(nonce, sealed, beside)).toEqual(data)
      }),
    )
  })

  test('is synchronous on Node, and uses WebCrypto if the module exists in name only', async () => {
    const broken: NodeCrypto = {
      ...NODE,
      createDecipheriv: () => {
        throw new Error('not implemented')
      },
    }
    const [nonce, empty] = [new Uint8Array(12), new Uint8Array(0)]
    const atOnce = await gcmKey(SECRET)
    expect(atOnce.encrypt(nonce, empty, empty)).toBeInstanceOf(Uint8Array)

    const spy = vi.spyOn(process, 'getBuiltinModule').mockReturnValue(broken as never)
    try {
      const later = await gcmKey(SECRET)
      expect(toBase64Url(await later.encrypt(nonce, empty, empty))).toBe(
        toBase64Url(await atOnce.encrypt(nonce, empty, empty)),
      )
      expect(later.encrypt(nonce, empty, empty)).toBeInstanceOf(Promise)
    } finally {
      spy.mockRestore()
    }
  })
})
