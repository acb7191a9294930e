import { describe, expect, test } from 'vitest'
import { LabelSets } from '../../../src/near/labels.ts'

describe('LabelSets', () => {
  const make = (tags: string[], markerKeys: string[]) => ({ tags, markerKeys })

  test('returns the same object for equal labels', () => {
    const sets = new LabelSets()

    const first = sets.same(make(['a'], ['*', 't:a']))

    expect(sets.same(make(['a'], ['*', 't:a']))).toBe(first)
    expect(first).toEqual(make(['a'], ['*', 't:a']))
  })

  test.each([
    ['other tags', make(['b'], ['*', 't:a', 't:b'])],
    ['more tags', make(['a', 'b'], ['*', 't:a', 't:b'])],
    ['other markers', make(['a'], ['*', 't:a'])],
    ['markers in another order', make(['a'], ['*', 't:b', 't:a'])],
  ])('returns a different object for labels with %s', (_what, other) => {
    const sets = new LabelSets()
    const first = sets.same(make(['a'], ['*', 't:a', 't:b']))

    expect(sets.same(other)).toEqual(other)
    expect(sets.same(other)).not.toBe(first)
  })

  test('forgets old labels without changing the objects it returned', () => {
    const sets = new LabelSets()
    const first = sets.same(make(['a'], ['t:a']))

    for (let i = 0; i < 2_000; i++) sets.same(make([], [`m${i}`]))

    expect(sets.same(make(['a'], ['t:a']))).not.toBe(first)
    expect(first).toEqual(make(['a'], ['t:a']))
  })
})
