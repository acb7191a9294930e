import { describe, expect, test } from 'vitest'
import { judge, unseenTags, type Verdict } from '../../../src/cache/judge.ts'
import type { EntryHeader } from '../../../src/entry/header.ts'

/** Fresh for 100 ms, then 50 to revalidate, then 50 if loads fail. */
const header: EntryHeader = {
  writeId: 'w'.repeat(16),
  createdAt: 1_000,
  freshUntil: 1_100,
  revalidateUntil: 1_150,
  staleUntil: 1_200,
  loadMs: 0,
  encoding: 'j',
  stamps: new Map([
    ['*', 'h1.0'],
    ['t', 'h2.0'],
  ]),
}
const bare: EntryHeader = { ...header, revalidateUntil: 1_100, staleUntil: 1_100 }
const onlyIfError: EntryHeader = { ...header, revalidateUntil: 1_100 }

const marker = (segment: string) => ({ segment, key: `key of ${segment}` })
const declared = [marker('*'), marker('t')]
const current: ReadonlyMap<string, string | null> = new Map(header.stamps)

function markers(changes: Record<string, string | null>): ReadonlyMap<string, string | null> {
  return new Map([...current, ...Object.entries(changes)])
}

const fresh: Verdict = { kind: 'fresh' }
const stale: Verdict = { kind: 'stale' }
const ifError: Verdict = { kind: 'stale-if-error' }
const invalidated: Verdict = { kind: 'none', reason: 'invalidated' }
const expired: Verdict = { kind: 'none', reason: 'expired' }
const undeclared: Verdict = { kind: 'none', reason: 'undeclared-tag' }

describe('judge', () => {
  test.each<readonly [number, Verdict]>([
    [1_000, fresh],
    [1_099, fresh],
    [1_100, stale],
    [1_149, stale],
    [1_150, ifError],
    [1_199, ifError],
    [1_200, expired],
  ])('with all markers unchanged, at %i the age decides', (now, verdict) => {
    expect(judge(header, declared, current, now)).toEqual(verdict)
  })

  test.each<readonly [string, string | null]>([
    ['another hard id', 'h9.0'],
    ['another hard id with the same soft id', 'h9.0'],
    ['a hard id that begins alike', 'h22.0'],
    ['no marker', null],
    ['no marker but an empty text', ''],
    ['no marker but some text', 'h2'],
    ['a marker with a part too many', 'h2.0.1'],
    ['a marker and a line break', 'h2.0\n'],
  ])('%s makes a miss at any age', (_what, text) => {
    for (const now of [1_000, 1_100, 1_150]) {
      expect(judge(header, declared, markers({ t: text }), now)).toEqual(invalidated)
      expect(
        judge(header, declared, markers({ '*': text?.replace('h2', 'h1x') ?? null }), now),
      ).toEqual(invalidated)
    }
  })

  test('a marker that was not read makes a miss', () => {
    expect(judge(header, [marker('*')], new Map([['*', 'h1.0']]), 1_000)).toEqual(invalidated)
  })

  test.each<readonly [string, EntryHeader, number, Verdict]>([
    ['is stale at once', header, 1_000, stale],
    ['stays stale', header, 1_100, stale],
    ['serves only if the loader fails', header, 1_150, ifError],
    ['is expired in the end', header, 1_200, expired],
    ['without a window is a miss', bare, 1_000, invalidated],
    ['without a window to revalidate serves if the loader fails', onlyIfError, 1_000, ifError],
    ['from the future and without a window is a miss', bare, -1, invalidated],
    ['from the future is served by its window', onlyIfError, -1, ifError],
  ])('an entry with another soft id %s', (_what, entry, now, verdict) => {
    expect(judge(entry, declared, markers({ t: 'h2.s1' }), now)).toEqual(verdict)
    expect(judge(entry, declared, markers({ '*': 'h1.s1' }), now)).toEqual(verdict)
  })

  test('a hard invalidation of one tag outweighs a soft one of another', () => {
    expect(judge(header, declared, markers({ '*': 'h1.s1', t: 'h9.0' }), 1_000)).toEqual(
      invalidated,
    )
    expect(judge(header, declared, markers({ '*': 'h9.0', t: 'h2.s1' }), 1_000)).toEqual(
      invalidated,
    )
  })

  test('an entry that lacks a declared tag is a miss, whatever its other tags', () => {
    const asked = [...declared, marker('u')]

    expect(judge(header, asked, markers({ u: 'h3.0' }), 1_000)).toEqual(undeclared)
    expect(judge(header, asked, markers({ u: null }), 1_000)).toEqual(undeclared)
  })

  test('tags that the call did not declare are judged as well', () => {
    expect(judge(header, [marker('*')], current, 1_000)).toEqual(fresh)
    expect(judge(header, [marker('*')], markers({ t: 'h9.0' }), 1_000)).toEqual(invalidated)
  })

  test('the epoch, which entries do not carry, is not judged', () => {
    expect(judge(header, declared, markers({ '**': null }), 1_000)).toEqual(fresh)
  })

  test('an entry from the future is stale, not fresh', () => {
    expect(judge(header, declared, current, -1)).toEqual(stale)
  })
})

describe('unseenTags', () => {
  test('are the tags of the entry whose markers have not been read', () => {
    expect(unseenTags(header, new Map([['*', null]]))).toEqual(['t'])
    expect(unseenTags(header, current)).toEqual([])
    expect(unseenTags(header, new Map())).toEqual(['*', 't'])
  })
})
