import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { imfFixdate } from '../../../src/entry/iso-time.ts'
import { parseHttpDate } from '../../../src/http/http-date.ts'
import { effectiveUrl, primaryKey, variantKey } from '../../../src/http/key.ts'
import { canonicalField, secondaryKey } from '../../../src/http/vary.ts'

const language = fc.constantFrom('en', 'de', 'fr-CH', 'zh-Hant', '*')
const weight = fc.constantFrom('', ';q=1', ';q=1.0', ';q=0.5', ';q=0.50', '; q=0.1', ';q=0')
const item = fc.record({ language, weight })
const space = fc.constantFrom('', ' ', '\t', '  ')
const NAMES = ['accept-language', 'foo', 'x-kind']

/** A field as another client might write it: with other order, case and spaces. */
const written = (items: readonly { language: string; weight: string }[]) =>
  fc
    .tuple(
      fc.shuffledSubarray([...items], { minLength: items.length }),
      fc.array(fc.tuple(space, space, fc.boolean()), {
        minLength: items.length,
        maxLength: items.length,
      }),
    )
    .map(([order, styles]) =>
      order
        .map(({ language, weight }, i) => {
          const [before = '', after = '', upper = false] = styles[i] ?? []
          return before + (upper ? language.toUpperCase() : language) + weight + after
        })
        .join(','),
    )

describe('The canonical form of a field', () => {
  test('is the same for all ways to write the same preferences', () => {
    fc.assert(
      fc.property(
        fc
          .uniqueArray(item, { maxLength: 6, selector: ({ language }) => language })
          .chain((items) => fc.tuple(written(items), written(items))),
        ([one, other]) => {
          expect(canonicalField('accept-language', one)).toBe(
            canonicalField('accept-language', other),
          )
        },
      ),
    )
  })

  test('is its own canonical form, for any field and text', () => {
    fc.assert(
      fc.property(fc.constantFrom('accept', ...NAMES), fc.string(), (name, text) => {
        const once = canonicalField(name, text)
        expect(canonicalField(name, once)).toBe(once)
      }),
    )
  })

  test('of an unknown field differs unless only the space around commas differs', () => {
    const token = fc.stringMatching(/^[a-zA-Z0-9=;-]{1,6}$/)
    fc.assert(
      fc.property(fc.array(token), fc.array(token), (one, other) => {
        const isSame =
          canonicalField('foo', one.join(' , ')) === canonicalField('foo', other.join(','))
        expect(isSame).toBe(one.join() === other.join())
      }),
    )
  })
})

describe('The secondary key', () => {
  const value = fc.option(fc.stringMatching(/^[a-z0-9]{0,3}$/), { nil: undefined })
  const request = fc.record({ foo: value, 'x-kind': value })
  const headersOf = (fields: Record<string, string | undefined>): Headers =>
    new Headers(
      Object.entries(fields).flatMap(([name, text]) =>
        text === undefined ? [] : [[name, text]],
      ) as [string, string][],
    )

  test('is the same for two requests exactly if all fields are the same', () => {
    fc.assert(
      fc.property(request, request, (one, other) => {
        const isSame = NAMES.every(
          (name) => headersOf(one).get(name) === headersOf(other).get(name),
        )
        const [a, b] = [one, other].map((fields) => secondaryKey(NAMES, headersOf(fields)))
        expect(a === b).toBe(isSame)
      }),
    )
  })
})

describe('The primary key', () => {
  const name = fc.constantFrom('a', 'b', 'utm_source', 'a%20b', 'ä')
  const pair = fc.tuple(name, fc.stringMatching(/^[a-z0-9]{0,2}$/)).map(([n, v]) => `${n}=${v}`)
  const urlOf = (pairs: readonly string[]): string => `https://site.example/p?${pairs.join('&')}`

  test('with a sorted query is the same for all orders of parameters with different names', () => {
    const pairs = fc.uniqueArray(pair, { selector: (text) => text.split('=')[0] })
    const orders = pairs.chain((all) =>
      fc.tuple(
        fc.shuffledSubarray(all, { minLength: all.length }),
        fc.shuffledSubarray(all, { minLength: all.length }),
      ),
    )
    fc.assert(
      fc.property(orders, ([one, other]) => {
        expect(effectiveUrl(urlOf(one), 'sorted').href).toBe(
          effectiveUrl(urlOf(other), 'sorted').href,
        )
      }),
    )
  })

  test('keeps several values of one name in their order', () => {
    fc.assert(
      fc.property(fc.array(pair), (pairs) => {
        const all = (href: string): string[] => new URL(href).searchParams.getAll('a')
        expect(all(effectiveUrl(urlOf(pairs), 'sorted').href)).toEqual(all(urlOf(pairs)))
      }),
    )
  })

  test('contains exactly the parameters that reach the origin', () => {
    fc.assert(
      fc.property(fc.array(pair), (pairs) => {
        const url = effectiveUrl(urlOf(pairs), { exclude: ['utm_source'] })
        expect(url.searchParams.has('utm_source')).toBe(false)
        expect(primaryKey(url, undefined)).toBe(url.href)
      }),
    )
  })

  test('of a user or a variant differs from that of any other URI, user or variant', () => {
    const text = fc.string({ maxLength: 8 })
    const uri = fc.tuple(fc.webUrl(), text).map(([base, query]) => {
      const url = new URL(base)
      url.search = query
      return effectiveUrl(url.href, 'exact')
    })
    const place = fc.record({ uri, user: fc.option(text, { nil: undefined }) })
    fc.assert(
      fc.property(place, place, (one, other) => {
        const [a = '', b = ''] = [one, other].map(({ uri, user }) => primaryKey(uri, user))
        const isSame =
          one.uri.href === other.uri.href && one.user?.toWellFormed() === other.user?.toWellFormed()
        expect(a === b).toBe(isSame)
        expect(variantKey(a, 'm', 's')).not.toBe(b)
      }),
    )
  })
})

describe('A date', () => {
  test('is read back as it was written, from the year 1 to 9999', () => {
    const second = fc.integer({ min: -62_135_596_800, max: 253_402_300_799 })
    fc.assert(
      fc.property(second, (s) => {
        expect(parseHttpDate(imfFixdate(s * 1_000), 0)).toBe(s * 1_000)
      }),
    )
  })
})
