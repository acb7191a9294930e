import { describe, expect, test } from 'vitest'
import { streamSafe } from '../../../src/entry/stream-safe.ts'

/** The longest run of characters that `normalize` has to sort. */
function longestRun(text: string): number {
  return Math.max(...text.split(/\P{M}|\u034f/u).map((run) => [...run].length))
}

describe('streamSafe', () => {
  test.each(['', 'plain', 'Gr\u00fc\u00dfe', 'e\u0301\u0323', `a${'\u0301'.repeat(30)}b`])(
    'leaves %j as it is',
    (text) => {
      expect(streamSafe(text)).toBe(text)
    },
  )

  test.each(['NFC', 'NFD', 'NFKC', 'NFKD'])('leaves no long run of marks to %s', (form) => {
    for (const marks of ['\u0315\u0316', '\u0301\uff9e', '\u{1d165}\u0301']) {
      const text = streamSafe(`a${marks.repeat(100)}b`)

      expect(longestRun(text.normalize(form))).toBeLessThanOrEqual(60)
    }
  })

  test('changes nothing the second time', () => {
    const once = streamSafe('\u0315\u0316'.repeat(100))

    expect(streamSafe(once)).toBe(once)
  })

  test('makes a million marks normalise quickly', () => {
    const text = streamSafe('\u0315\u0316'.repeat(500_000))

    expect(text.normalize('NFC')).toHaveLength(text.length)
  })
})
