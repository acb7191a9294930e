import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { classify, lifetimesOf } from '../../../src/entry/freshness.ts'
import { formatEntry, formatHeader, parseEntry } from '../../../src/entry/header.ts'
import { randomId } from '../../../src/entry/id.ts'
import { Keyspace } from '../../../src/entry/key.ts'
import { CorruptEntryError } from '../../../src/errors.ts'

const ks = new Keyspace({ prefix: 'nc', namespace: ['n'] })
const duration = fc.nat({ max: 315_360_000_000 })
const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/)
const tag = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
  .filter((text) => Buffer.byteLength(text) <= 256 && !/\p{Cc}/u.test(text))
const stamps = fc
  .array(fc.tuple(tag, id, id), { maxLength: 12 })
  .map((list) => new Map(list.map(([name, hard, soft]) => [ks.tag(name), `${hard}.${soft}`])))
const lifetimes = fc
  .record({
    now: fc.nat({ max: 4_102_444_800_000 }),
    ttlMs: duration,
    staleWhileRevalidateMs: duration,
    staleIfErrorMs: duration,
  })
  .map(lifetimesOf)
const header = fc
  .tuple(lifetimes, fc.nat(600_000), fc.constantFrom('j', 'd', 'jz', 'dz.k1', 'j.A-_9'), stamps)
  .map(([times, loadMs, encoding, marks]) => ({
    ...times,
    writeId: randomId(),
    loadMs,
    encoding,
    stamps: marks,
  }))

describe('formatEntry and parseEntry', () => {
  test('restore every header and payload', () => {
    fc.assert(
      fc.property(header, fc.string({ unit: 'binary' }), (written, payload) => {
        const text = formatEntry(written, payload)
        const parsed = parseEntry(text)

        // Of which classes they are does not matter; that there are no other fields does.
        expect({ ...parsed, header: { ...parsed?.header } }).toStrictEqual({
          header: written,
          payload,
          headerText: formatHeader(written),
        })
      }),
    )
  })

  test('any text is read or refused as corrupt, and a header that is read is well-formed', () => {
    const edit = fc.record({ at: fc.nat(), cut: fc.nat(3), put: fc.string({ maxLength: 3 }) })
    const mutated = fc
      .tuple(header, fc.array(edit, { minLength: 1, maxLength: 3 }))
      .map(([written, edits]) =>
        edits.reduce(
          (text, { at, cut, put }) => {
            const start = at % (text.length + 1)
            return text.slice(0, start) + put + text.slice(start + cut)
          },
          formatEntry(written, 'payload'),
        ),
      )
    fc.assert(
      fc.property(fc.oneof(mutated, fc.string({ unit: 'binary' })), (text) => {
        try {
          const { header: read, headerText, payload } = parseEntry(text)
          expect(read.createdAt).toBeLessThanOrEqual(read.freshUntil)
          expect(read.freshUntil).toBeLessThanOrEqual(read.revalidateUntil)
          expect(read.revalidateUntil).toBeLessThanOrEqual(read.staleUntil)
          expect(Number.isSafeInteger(read.staleUntil)).toBe(true)
          // One header, one line: what is authenticated is what was understood.
          expect(formatHeader(read)).toBe(headerText)
          expect(`${headerText}\n${payload}`).toBe(text)
        } catch (error) {
          if (!(error instanceof CorruptEntryError)) throw error
        }
      }),
      { numRuns: 3_000 },
    )
  })
})

describe('classify', () => {
  test('never becomes more servable as time passes', () => {
    const rank = { fresh: 0, stale: 1, 'stale-if-error': 2, expired: 3 }
    fc.assert(
      fc.property(
        lifetimes,
        fc.double({ min: 0, max: 2, noNaN: true }),
        duration,
        (entry, part, later) => {
          const now = entry.createdAt + Math.floor(part * (entry.staleUntil - entry.createdAt))

          expect(rank[classify(entry, now + later)]).toBeGreaterThanOrEqual(
            rank[classify(entry, now)],
          )
        },
      ),
    )
  })
})
