import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalText } from '../../../src/entry/canonical.ts'
import { InvalidKeyError } from '../../../src/errors.ts'

const day = Date.UTC(2026, 0, 1)

describe('canonicalText', () => {
  test.each<[text: string, value: unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['true', true],
    ['1.5', 1.5],
    ['0', -0],
    ['NaN', Number.NaN],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['12n', 12n],
    ['"a\\"b"', 'a"b'],
    ['[1,undefined,[]]', [1, undefined, []]],
    ['{"a":1,"b":{"c":2,"d":3}}', { b: { d: 3, c: 2 }, a: 1 }],
    ['{"a":null}', { a: null, b: undefined }],
    ['{"a":1}', Object.assign(Object.create(null), { a: 1 })],
    [`Date(${day})`, new Date(day)],
    ['Map{"a":1,"b":2}', new Map(Object.entries({ b: 2, a: 1 }))],
    ['Set{"a","b"}', new Set(['b', 'a'])],
    ['URL("https://example.com/a")', new URL('https://example.com/a')],
    ['Bytes(AQID)', new Uint8Array([1, 2, 3])],
    ['Buffer(AQID)', new Uint8Array([1, 2, 3]).buffer],
  ])('writes %s', (text, value) => {
    expect(canonicalText(value)).toBe(text)
  })

  test('a hole is undefined', () => {
    const list = [1]
    list[2] = 3

    expect(canonicalText(list)).toBe(canonicalText([1, undefined, 3]))
  })

  test.each<[left: unknown, right: unknown]>([
    [1, '1'],
    [1, 1n],
    [null, undefined],
    [null, 'null'],
    [[], {}],
    [{}, new Map()],
    [{}, new Set()],
    [
      [1, 2],
      [[1], 2],
    ],
    [
      ['a', 'b'],
      ['b', 'a'],
    ],
    [{ a: 1 }, new Map([['a', 1]])],
    [new Date(day), day],
    [new Date(day), `Date(${day})`],
    [new URL('https://example.com/'), 'https://example.com/'],
    [{ a: { b: 1 } }, { 'a":{"b': 1 }],
  ])('tells %o from %o', (left, right) => {
    expect(canonicalText(left)).not.toBe(canonicalText(right))
  })

  test('distinguishes exactly what JSON distinguishes', () => {
    const value = fc.jsonValue({ maxDepth: 4 })
    fc.assert(
      fc.property(value, value, (left, right) => {
        const same = JSON.stringify(sorted(left)) === JSON.stringify(sorted(right))
        expect(canonicalText(left) === canonicalText(right)).toBe(same)
      }),
      { numRuns: 500 },
    )
  })

  test('does not depend on the order of properties, at any depth', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        expect(canonicalText(reversed(value))).toBe(canonicalText(value))
      }),
    )
  })

  class Money {}
  const cycle: { self?: unknown } = {}
  cycle.self = cycle

  test.each<[what: string, value: unknown]>([
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['a promise', Promise.resolve(1)],
    ['a class instance', new Money()],
    ['an error', new Error('secret')],
    ['a symbol as a property', { [Symbol('s')]: 1 }],
    ['a cycle', cycle],
    ['too many parts', Array.from({ length: 70_000 }, () => 1)],
    ['an array longer than it is large', Object.assign([], { length: 4_000_000_000 })],
    ['a function inside', { a: [{ b: () => 1 }] }],
  ])('refuses %s, without its value in the message', (_what, value) => {
    expect(() => canonicalText(value)).toThrow(InvalidKeyError)
    expect(() => canonicalText(value)).not.toThrow(/secret/)
  })

  test('refuses a small value whose repeated references would make an enormous text', () => {
    let value: unknown = 'x'
    for (let i = 0; i < 60; i++) value = [value, value]

    expect(() => canonicalText(value)).toThrow(InvalidKeyError)
  })
})

function sorted(value: unknown): unknown {
  return rebuilt(value, (pairs) => pairs.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function reversed(value: unknown): unknown {
  return rebuilt(value, (pairs) => pairs.reverse())
}

type Pairs = [name: string, value: unknown][]

/** The same value with the properties of its objects in another order; -0 is 0. */
function rebuilt(value: unknown, order: (pairs: Pairs) => Pairs): unknown {
  if (Array.isArray(value)) return value.map((item) => rebuilt(item, order))
  if (typeof value !== 'object' || value === null) return value
  const pairs = Object.entries(value).map(([name, item]): [string, unknown] => [
    name,
    rebuilt(item, order),
  ])
  return Object.fromEntries(order(pairs))
}
