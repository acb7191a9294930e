import { runInNewContext, runInThisContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { decodeValue, encodeValue } from '../../../src/entry/codec.ts'
import { CorruptEntryError, InvalidValueError } from '../../../src/errors.ts'

function roundTrip(value: unknown): unknown {
  const { format, text } = encodeValue(value)
  return decodeValue(format, text)
}

function nested(levels: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = null
  for (let i = 0; i < levels; i++) value = wrap(value)
  return value
}

const wraps: [string, (inner: unknown) => unknown][] = [
  ['arrays', (inner) => [inner]],
  ['objects', (inner) => ({ inner })],
  ['maps', (inner) => new Map([['inner', inner]])],
  ['sets', (inner) => new Set([inner])],
]

describe('encodeValue', () => {
  test.each([
    [null],
    ['text'],
    ['\ud800 alone'],
    [true],
    [0],
    [1.5e300],
    [[1, [2, ['x']]]],
    [{ a: { b: [null, ''] }, constructor: 'own', toString: 1 }],
    [[]],
    [{}],
  ])('writes %j as JSON', (value) => {
    const { format, text } = encodeValue(value)

    expect(format).toBe('j')
    expect(text).toBe(JSON.stringify(value))
    expect(decodeValue(format, text)).toStrictEqual(value)
  })

  test.each([
    ['undefined', undefined],
    ['undefined in an object', { a: undefined }],
    ['undefined in an array', [undefined]],
    ['-0', { a: -0 }],
    ['NaN', [Number.NaN]],
    ['infinities', [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
    ['a bigint', 2n ** 70n],
    ['a date', { at: new Date(1_767_225_600_000) }],
    ['an invalid date', new Date(Number.NaN)],
    ['a map of maps', new Map<unknown, unknown>([[{ a: 1 }, new Map([['b', new Set([1])]])]])],
    ['a regular expression', /a+"<b>/gi],
    ['a URL', new URL('https://example.com/?q=1#x')],
    ['search parameters', new URLSearchParams('a=1&b=%20')],
    ['bytes', Uint8Array.of(0, 255, 128)],
    ['other numbers', [Float64Array.of(-0, 1.5), BigInt64Array.of(-1n), new Uint16Array(0)]],
    ['a buffer', Uint8Array.of(1, 2, 3).buffer],
    ['a view', new DataView(Uint8Array.of(1, 2, 3).buffer)],
    ['boxed primitives', [Object(1), Object('s'), Object(false)]],
    ['lone surrogates beside a date', ['\udfff', new Date(0)]],
    // biome-ignore lint/suspicious/noSparseArray: holes are the subject
    ['an array with holes', [1, , 3]],
  ])('keeps %s', (_, value) => {
    expect(encodeValue(value).format).toBe('d')
    expect(roundTrip(value)).toStrictEqual(value)
  })

  test('keeps a null prototype, since its keys are safe to look up', () => {
    const table = Object.assign(Object.create(null), { a: 1 })

    expect(encodeValue(table).format).toBe('d')
    expect(Object.getPrototypeOf(roundTrip(table))).toBe(null)
  })

  test('preserves identity: a part that occurs twice, and a cycle', () => {
    const shared = { a: 1 }
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle

    const [left, right] = roundTrip([shared, shared]) as [unknown, unknown]
    const back = roundTrip(cycle) as Record<string, unknown>

    expect(left).toBe(right)
    expect(back['self']).toBe(back)
  })

  test('stores a frozen empty array that occurs twice as JSON, since those are interchangeable', () => {
    const nothing = Object.freeze([])
    const [open, full] = [[] as string[], Object.freeze(['a'])]

    expect(encodeValue({ cc: nothing, bcc: nothing })).toEqual({
      format: 'j',
      text: '{"cc":[],"bcc":[]}',
    })
    expect(encodeValue([open, open]).format).toBe('d')
    expect(encodeValue([full, full]).format).toBe('d')
  })

  test('stores only the bytes that a partial view shows', () => {
    const whole = new TextEncoder().encode('someone else, ann')
    const { text } = encodeValue(whole.subarray(14))

    expect(text).not.toContain(btoa('someone else, ann').slice(0, 12))
    expect(roundTrip(whole.subarray(14))).toStrictEqual(new TextEncoder().encode('ann'))
  })

  test('stores the result of a getter', () => {
    const value = {
      get a() {
        return 1
      },
    }

    expect(roundTrip(value)).toStrictEqual({ a: 1 })
  })

  // Jest runs tests in a context of their own, so values made by Node come from another realm.
  test.each(['({ a: [{ b: 1 }, []] })', '({ a: [{ b: undefined }, -0] })'])(
    '%s of another realm comes back as one of this',
    (source) => {
      expect(roundTrip(runInNewContext(source))).toStrictEqual(runInThisContext(source))
    },
  )

  class Point {
    x = 1
  }
  class Table extends Map {}
  test.each([
    ['a function', () => 1, 'functions cannot be encoded'],
    ['a method', { a: { toJSON: () => 1 } }, 'functions cannot be encoded'],
    ['a symbol', [Symbol('s')], 'symbols cannot be encoded'],
    ['a class instance', { p: new Point() }, 'class instances cannot be encoded'],
    ['an instance of a subclass', new Table(), 'class instances cannot be encoded'],
    ['a Node buffer', Buffer.from('a'), 'class instances cannot be encoded'],
    ['an error', new Error('no'), 'class instances cannot be encoded'],
    ['a weak map', new WeakMap(), 'class instances cannot be encoded'],
    ['a promise', { p: Promise.resolve(1) }, 'promises cannot be encoded'],
    [
      'an own __proto__',
      JSON.parse('{"a":[{"__proto__":{"admin":true}}]}'),
      'objects with a property named __proto__ cannot be encoded',
    ],
    [
      'an own __proto__ beside a date',
      [new Date(0), JSON.parse('{"__proto__":1}')],
      'objects with a property named __proto__ cannot be encoded',
    ],
    ['a symbol key', { [Symbol('s')]: 1 }, 'it has a part that cannot be encoded'],
    ['a false name', { [Symbol.toStringTag]: 'Date' }, 'it has a part that cannot be encoded'],
    [
      'an array too sparse',
      Object.assign([], { length: 4e9 }),
      'it has a sparse array longer than 100000',
    ],
    [
      'a getter that throws',
      {
        get a() {
          throw new Error('with a secret')
        },
      },
      'it has a part that cannot be encoded',
    ],
  ])('refuses %s', (_, value, reason) => {
    expect(() => encodeValue(value)).toThrow(
      expect.objectContaining({ name: InvalidValueError.name, reason }),
    )
  })

  test('does not pass on what the value or the error of a getter says', () => {
    const secret = {
      get password() {
        throw new Error('hunter2')
      },
    }
    let thrown: unknown
    try {
      encodeValue(secret)
    } catch (error) {
      thrown = error
    }

    expect(thrown).toMatchObject({ name: 'InvalidValueError' })
    expect((thrown as Error).cause).toBeUndefined()
    expect(Object.keys(thrown as Error).sort()).toEqual([
      'code',
      'isNearcacheError',
      'name',
      'reason',
    ])
    expect(String(thrown)).not.toMatch(/hunter2|password/)
  })

  test.each(wraps)('takes a thousand levels of %s, and refuses one more', (_, wrap) => {
    expect(roundTrip(nested(1_000, wrap))).toStrictEqual(nested(1_000, wrap))
    expect(() => encodeValue(nested(1_001, wrap))).toThrow('nested deeper than 1000 levels')
    expect(() => encodeValue(nested(200_000, wrap))).toThrow(InvalidValueError)
  })
})

describe('decodeValue', () => {
  test.each([
    ['as it is', '{"a":{"__proto__":{"admin":true},"b":1}}'],
    ['by lower-case escapes', '{"a":{"\\u005f_proto__":{"admin":true},"b":1}}'],
    ['by upper-case escapes', '{"a":{"\\u005F\\u005F\\u0070roto__":{"admin":true},"b":1}}'],
  ])('drops a __proto__ key written %s', (_, text) => {
    const value = decodeValue('j', text) as { a: { admin?: boolean } }

    expect(value).toStrictEqual({ a: { b: 1 } })
    expect(value.a.admin).toBeUndefined()
    expect(Object.hasOwn(value.a, '__proto__')).toBe(false)
  })

  test('keeps texts that mention __proto__', () => {
    expect(decodeValue('j', '{"a":"__proto__","b":["\\u0001"]}')).toStrictEqual({
      a: '__proto__',
      b: ['\u0001'],
    })
  })

  test.each([
    ['j', ''],
    ['j', '{'],
    ['j', 'undefined'],
    ['j', '{"a":1}x'],
    ['d', ''],
    ['d', '[]'],
    ['d', '{}'],
    ['d', '-9'],
    ['d', '5'],
    ['d', '[[1]]'],
    ['d', '[["Nope",1],1]'],
    ['d', '[["BigInt","x"]]'],
    ['d', '[["URL","not a url"]]'],
    ['d', '[["RegExp","("]]'],
    ['d', '[["Uint8Array",1],5]'],
    ['d', '[["Uint8Array","4000000000"]]'],
    ['d', '[["Float64Array","9"]]'],
    ['d', '[{"__proto__":1},1]'],
    ['d', '[{"\\u005f_proto__":1},1]'],
    ['d', '[["null","__proto__",1],1]'],
    ['d', '[[-7,4000000000]]'],
  ] as const)('refuses the %s text %s', (format, text) => {
    expect(() => decodeValue(format, text)).toThrow(
      expect.objectContaining({
        name: CorruptEntryError.name,
        reason: 'the value cannot be decoded',
      }),
    )
  })

  test('survives text nested deeper than any stack', () => {
    const levels = 200_000
    const chain = Array.from({ length: levels }, (_, i) => `[${i + 1}]`)

    expect(() => decodeValue('d', `[${chain.join(',')},1]`)).toThrow(CorruptEntryError)
    expect(() =>
      decodeValue('j', `["__proto__",${'['.repeat(levels)}${']'.repeat(levels)}]`),
    ).toThrow(CorruptEntryError)
  })
})
