import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { editJson, itemsOf, membersOf, objectOf } from '../../../src/llm/proxy/json-edit.ts'
import { amount } from '../../support/deep.ts'

/** JSON texts with white space of all kinds between their tokens. */
const texts = fc
  .tuple(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom('', ' ', '\t', '\n  '))
  .map(([value, space]) => JSON.stringify(value, null, space))

describe('editJson', () => {
  test('without edits leaves every text as it is', () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(editJson(text, () => undefined)).toBe(text)
      }),
      { numRuns: amount(300, 5_000) },
    )
  })

  test('removes members like a parser would, wherever they are', () => {
    const names = ['a', 'b', 'c', 'd', 'e']
    const objects = fc.dictionary(fc.constantFrom(...names), fc.jsonValue({ maxDepth: 1 }))
    fc.assert(
      fc.property(objects, fc.subarray(names), fc.constantFrom('', ' '), (object, gone, space) => {
        const text = JSON.stringify(object, null, space)

        const edited = editJson(text, ([name, more]) =>
          more === undefined && gone.includes(String(name)) ? () => null : undefined,
        )

        const kept = Object.entries(object).filter(([name]) => !gone.includes(name))
        expect(JSON.parse(edited)).toEqual(JSON.parse(JSON.stringify(Object.fromEntries(kept))))
      }),
      { numRuns: amount(500, 10_000) },
    )
  })

  test('splits an object into its members and joins them again', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
        const text = JSON.stringify(object)

        expect(JSON.parse(objectOf(membersOf(text)))).toEqual(JSON.parse(text))
      }),
    )
  })

  test('finds the items of a list as raw text', () => {
    expect(itemsOf('[1.0, "a,]" ,{"b":[1,2]},[] ]')).toEqual(['1.0', '"a,]"', '{"b":[1,2]}', '[]'])
    expect(itemsOf('[]')).toEqual([])
  })

  test('changes values by their paths, and keeps numbers as they are written', () => {
    const text = '{ "id": "a\\"b", "n": 1.0, "list": [ {"id": 12345678901234567890} ] }'

    const edited = editJson(text, (path) =>
      path.join('.') === 'list.0.id' ? (raw) => `"${raw}"` : undefined,
    )

    expect(edited).toBe('{ "id": "a\\"b", "n": 1.0, "list": [ {"id": "12345678901234567890"} ] }')
  })

  test.each(['{', '{"a"', '{"a":1', '[1', '[1 2]', '{"a" 1}', ''])('refuses %j', (text) => {
    expect(() => editJson(text, () => undefined)).toThrow(SyntaxError)
  })
})
