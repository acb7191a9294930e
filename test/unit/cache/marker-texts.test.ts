import { describe, expect, test } from 'vitest'
import { MarkerTexts } from '../../../src/cache/marker-texts.ts'

const MARKERS = [
  { segment: 'a', key: 'key of a' },
  { segment: 'b', key: 'key of b' },
]

describe('MarkerTexts', () => {
  test('returns the keys of markers, whichever list was asked for before', () => {
    const texts = new MarkerTexts()

    expect(texts.keysOf(MARKERS)).toEqual(['key of a', 'key of b'])
    expect(texts.keysOf([])).toEqual([])
    expect(texts.keysOf(MARKERS)).toEqual(['key of a', 'key of b'])
  })

  test('returns the text of each marker, or null if it is missing', () => {
    const found = new MarkerTexts().found(MARKERS, ['h.s'])

    expect([...found]).toEqual([
      ['a', 'h.s'],
      ['b', null],
    ])
  })

  test('returns the same map for the same texts, and another for other texts', () => {
    const texts = new MarkerTexts()
    texts.keysOf(MARKERS)
    const first = texts.found(MARKERS, ['h1.s1', null])

    expect(texts.found(MARKERS, ['h1.s1', null])).toBe(first)
    expect([...texts.found(MARKERS, ['h1.s1', 'h2.s2']).values()]).toEqual(['h1.s1', 'h2.s2'])
    expect([...texts.found(MARKERS, [null, null]).values()]).toEqual([null, null])
    expect([...first.values()]).toEqual(['h1.s1', null])
  })

  test('does not confuse the answers of two lists', () => {
    const texts = new MarkerTexts()
    texts.keysOf(MARKERS)
    texts.found(MARKERS, ['h1.s1', 'h2.s2'])
    const others = [{ segment: 'c', key: 'key of c' }]
    texts.keysOf(others)

    expect([...texts.found(MARKERS, ['h3.s3', null])]).toEqual([
      ['a', 'h3.s3'],
      ['b', null],
    ])
    expect([...texts.found(others, ['h4.s4'])]).toEqual([['c', 'h4.s4']])
  })
})
