import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Keyspace } from '../../../src/entry/key.ts'
import { compilePattern } from '../../../src/entry/pattern.ts'

const hostile = fc.constantFrom(
  ...':/{}%#*?[]\\,;= \n\0éa€😀0'.split(/(?:)/u),
  'e',
  'l',
  't',
  ':e:{',
  '%2A',
)
const text = fc.oneof(
  fc.array(hostile, { minLength: 1, maxLength: 8 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
)
const longText = fc
  .tuple(text, fc.constantFrom(1, 40, 300))
  .map(([part, times]) => part.repeat(times))
const label = text.filter((value) => !/\p{Cc}/u.test(value) && Buffer.byteLength(value) <= 64)
const place = fc.record({
  prefix: label,
  namespace: fc.array(label, { maxLength: 3 }),
  secret: fc.constantFrom(undefined, new Uint8Array(32).fill(7)),
  key: longText,
})
type Place = typeof place extends fc.Arbitrary<infer T> ? T : never

function keyspace({ prefix, namespace, secret }: Place): Keyspace {
  return new Keyspace({ prefix, namespace, hashSecret: secret })
}

/** Glob matching as in Redis, limited to `*`, `[..]` and literals, which are all that the patterns use. */
function globMatches(glob: string, name: string): boolean {
  const source = glob.replace(/[.+^${}()|\\]/g, '\\$&').replaceAll('*', '[^]*')
  return new RegExp(`^${source}$`).test(name)
}

describe('Keyspace', () => {
  test('gives different Redis keys to different keys, namespaces and prefixes', () => {
    fc.assert(
      fc.property(place, place, (a, b) => {
        const same =
          a.prefix === b.prefix &&
          a.key === b.key &&
          a.namespace.join('\0') === b.namespace.join('\0')
        fc.pre(!same)

        expect(keyspace(a).namesOf(a.key).entry).not.toBe(keyspace(b).namesOf(b.key).entry)
      }),
      { numRuns: 2_000 },
    )
  })

  test('gives different names to texts that differ by one hostile piece', () => {
    fc.assert(
      fc.property(text, hostile, fc.nat(), (base, piece, at) => {
        const ks = new Keyspace({ prefix: 'nc', namespace: ['n'] })
        const start = at % (base.length + 1)
        const other = base.slice(0, start) + piece + base.slice(start)
        fc.pre(other.isWellFormed())

        expect(ks.name(base)).not.toBe(ks.name(other))
      }),
    )
  })

  test('gives entries, leases and markers different names', () => {
    fc.assert(
      fc.property(place, label, (where, tag) => {
        const ks = keyspace(where)
        const names = [
          ks.namesOf(where.key).entry,
          ks.namesOf(where.key).lease,
          ks.markerKey(ks.tag(tag)),
        ]

        expect(new Set(names).size).toBe(3)
        expect(new Set(names.map((name) => name.split(':').length))).toEqual(new Set([4]))
      }),
    )
  })

  test('writes only safe characters, and at most 512 characters per name', () => {
    fc.assert(
      fc.property(place, label, (where, tag) => {
        const ks = keyspace(where)

        expect(ks.name(where.key)).toMatch(/^(#[A-Za-z0-9_-]{22,43}|[A-Za-z0-9\-_.!~'()%]{1,512})$/)
        expect(ks.tag(tag)).toMatch(/^(#[A-Za-z0-9_-]{22,43}|[A-Za-z0-9\-_.!~'()%]{1,256})$/)
        expect(ks.namesOf(where.key).entry).toMatch(
          /^[A-Za-z0-9\-_.!~'()%]+:[A-Za-z0-9\-_.!~'()%/]*:e:\{[^{}]+\}$/,
        )
      }),
    )
  })
})

describe('Keyspace.scanPatterns', () => {
  /** A key together with a pattern made from it, so that most of them match. */
  const keyAndPattern = fc
    .array(
      fc.record({
        piece: fc.oneof(hostile, fc.string({ unit: 'binary', minLength: 1, maxLength: 3 })),
        as: fc.constantFrom('literal', 'star', 'ones'),
      }),
      { minLength: 1, maxLength: 6 },
    )
    .map((pieces) => ({
      key: pieces.map(({ piece }) => piece).join(''),
      pattern: pieces
        .map(({ piece, as }) => {
          if (as === 'star') return '*'
          if (as === 'ones') return '?'.repeat([...piece].length)
          return piece.replace(/[*?\\]/g, '\\$&')
        })
        .join(''),
    }))

  test('finds the entry and the lease of every key that matches', () => {
    fc.assert(
      fc.property(keyAndPattern, fc.constantFrom(1, 60), ({ key, pattern }, times) => {
        const ks = new Keyspace({ prefix: 'nc', namespace: ['a(b)', 'c'] })
        const whole = key.repeat(times)
        const wanted = times === 1 ? pattern : `${pattern.slice(0, 500).replace(/\\$/, '')}*`
        fc.pre(wanted.isWellFormed() && (times === 1 || compilePattern(wanted)(whole)))

        expect(compilePattern(wanted)(whole)).toBe(true)
        const globs = ks.scanPatterns(wanted)
        for (const name of [ks.namesOf(whole).entry, ks.namesOf(whole).lease]) {
          expect(globs.some((glob) => globMatches(glob, name))).toBe(true)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  test('finds no key of another namespace, and no marker', () => {
    fc.assert(
      fc.property(keyAndPattern, longText, label, ({ pattern }, key, tag) => {
        const ks = new Keyspace({ prefix: 'nc', namespace: ['n'] })
        const nested = ks.child('m')
        const sibling = new Keyspace({ prefix: 'nc', namespace: ['nn'] })
        const strangers = [
          nested.namesOf(key).entry,
          sibling.namesOf(key).lease,
          ks.markerKey(ks.tag(tag)),
        ]

        for (const glob of ks.scanPatterns(pattern)) {
          for (const stranger of strangers) expect(globMatches(glob, stranger)).toBe(false)
        }
      }),
    )
  })

  test('agrees with a regular expression on which keys a pattern matches', () => {
    const alphabet = fc.constantFrom('a', 'b', '😀', '*', '?')
    const word = fc.array(alphabet, { minLength: 1, maxLength: 8 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(word, word, (pattern, key) => {
        const source = pattern.replaceAll('*', '[^]*').replaceAll('?', '[^]')

        expect(compilePattern(pattern)(key)).toBe(new RegExp(`^${source}$`, 'u').test(key))
      }),
      { numRuns: 3_000 },
    )
  })
})
