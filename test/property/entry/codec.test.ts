import { isDeepStrictEqual } from 'node:util'
import { parse, stringify } from 'devalue'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeValue, encodeValue } from '../../../src/entry/codec.ts'
import { CorruptEntryError } from '../../../src/errors.ts'

/** Any UTF-16 code units, including lone surrogates. */
const text = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 12 })
  .map((units) => String.fromCharCode(...units))
const name = fc
  .oneof(text, fc.constantFrom('constructor', 'toString', 'length', 'then'))
  .filter((key) => key !== '__proto__')
const scalar = fc.oneof(
  text,
  fc.double(),
  fc.constantFrom(-0, 0, Number.NaN, Number.POSITIVE_INFINITY, null, undefined, true, false),
  fc.bigInt(),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array({ maxLength: 9 }),
  fc.float64Array({ maxLength: 4 }),
  fc.constant(/a<b\/"/giu),
)

const { rich } = fc.letrec<{ rich: unknown }>((tie) => ({
  rich: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('rich'), { maxLength: 4 }),
    fc.dictionary(name, tie('rich'), { maxKeys: 4, noNullPrototype: false }),
    fc.array(fc.tuple(tie('rich'), tie('rich')), { maxLength: 3 }).map((pairs) => new Map(pairs)),
    fc.array(tie('rich'), { maxLength: 3 }).map((items) => new Set(items)),
    tie('rich').map((shared) => [shared, { shared }]),
  ),
}))

describe('encodeValue and decodeValue', () => {
  test('restore every value, through text that UTF-8 preserves', () => {
    fc.assert(
      fc.property(rich, (value) => {
        const { format, text } = encodeValue(value)

        expect(text.isWellFormed()).toBe(true)
        // Not toStrictEqual, which compares the `constructor` that is a key of some values here.
        expect(isDeepStrictEqual(decodeValue(format, text), value)).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })

  test('write the same text as devalue, and read its text', () => {
    fc.assert(
      fc.property(rich, (value) => {
        const { format, text } = encodeValue(value)
        fc.pre(format === 'd')

        expect(isDeepStrictEqual(parse(text), value)).toBe(true)
        expect(isDeepStrictEqual(decodeValue('d', stringify(value)), value)).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })

  test('restore JSON values from the text of JSON.stringify, except -0', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const written = JSON.stringify(value)
        fc.pre(!JSON.stringify(value, (_, v) => (Object.is(v, -0) ? '-0' : v)).includes('"-0"'))
        fc.pre(!written.includes('"__proto__":'))

        expect(encodeValue(value)).toEqual({ format: 'j', text: written })
      }),
    )
  })

  test('keep two references to one object as two references to one object', () => {
    fc.assert(
      fc.property(fc.object({ key: name }), (shared) => {
        const { format, text } = encodeValue({ a: shared, b: [shared] })
        const back = decodeValue(format, text) as { a: unknown; b: unknown[] }

        expect(back.a).toBe(back.b[0])
      }),
    )
  })

  test('changed text is decoded or refused, and never yields a __proto__', () => {
    const edit = fc.record({ at: fc.nat(), cut: fc.nat(4), put: fc.string({ maxLength: 4 }) })
    fc.assert(
      fc.property(rich, fc.array(edit, { minLength: 1, maxLength: 4 }), (value, edits) => {
        const { format, text } = encodeValue(value)
        const changed = edits.reduce((before, { at, cut, put }) => {
          const start = at % (before.length + 1)
          return before.slice(0, start) + put + before.slice(start + cut)
        }, text)

        try {
          decodeValue(format, changed)
        } catch (error) {
          expect(error).toBeInstanceOf(CorruptEntryError)
        }
      }),
      { numRuns: 1_000 },
    )
  })
})
