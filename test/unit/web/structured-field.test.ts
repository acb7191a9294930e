import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { stringList } from '../../../src/web/structured-field.ts'
import { parseList } from '../../support/structured-fields.ts'

const text = fc.string({ unit: fc.constantFrom('a', 'Z', '"', '\\', ' ', ',', ';', '~') })

describe('stringList', () => {
  test('is read back by the algorithm of RFC 9651 as what was written', () => {
    const item = fc.record({
      value: text,
      parameters: fc.dictionary(
        fc.constantFrom('q', 'w', 'pk', 'a-1'),
        fc.oneof(fc.integer(), text),
        { noNullPrototype: true },
      ),
    })
    fc.assert(
      fc.property(fc.array(item), (items) => {
        expect(parseList(stringList(items))).toEqual(items)
      }),
    )
  })

  test('leaves out parameters that are undefined', () => {
    expect(stringList([{ value: 'a', parameters: { q: 1, w: undefined } }])).toBe('"a";q=1')
  })

  test.each([1.5, 1e15, Number.NaN, 'é', 'a\nb'])('refuses %j', (value) => {
    expect(() => stringList([{ value: 'a', parameters: { q: value } }])).toThrow(TypeError)
  })
})
