import { describe, expect, test } from 'vitest'
import { deepFreeze } from '../../../src/near/freeze.ts'
import {
  type NearBounds,
  type NearCopy,
  type NearSpace,
  NearTier,
} from '../../../src/near/near-tier.ts'

function copyOf(value: unknown, rest: Partial<NearCopy> = {}): NearCopy {
  return {
    value,
    labels: { tags: [], markerKeys: [], evidence: undefined },
    provedAt: 0,
    freshMs: 10,
    instant: 0,
    sizeBytes: 10,
    ...rest,
  }
}

describe('NearTier', () => {
  const make = (bounds: Partial<NearBounds> = {}): { tier: NearTier; space: NearSpace } => {
    const tier = new NearTier({ maxEntries: 10, maxBytes: 1_000, ...bounds })
    return { tier, space: tier.space('n') }
  }

  test('holds one copy for each key', () => {
    const { tier, space } = make()
    space.put('a', copyOf(1))
    space.put('a', copyOf(2))

    expect(space.get('a')?.value).toBe(2)
    expect(space.get('b')).toBeUndefined()
    expect(tier.size).toEqual({ entries: 1, bytes: 10 })
  })

  test('separates the copies of different namespaces and shares those of one path', () => {
    const { tier, space } = make()
    space.put('a', copyOf(1))
    tier.space('other').put('a', copyOf(2))

    expect(tier.space('n').get('a')?.value).toBe(1)
    expect(tier.space('other').get('a')?.value).toBe(2)
    expect(tier.size.entries).toBe(2)
  })

  test('is empty before the first copy, and after clear and drop', () => {
    const { tier, space } = make()
    space.drop('a')
    tier.clear()
    expect(tier.size).toEqual({ entries: 0, bytes: 0 })

    space.put('a', copyOf(1))
    space.put('b', copyOf(2))
    space.drop('a')
    expect(space.get('a')).toBeUndefined()
    tier.clear()

    expect(space.get('b')).toBeUndefined()
    expect(tier.size).toEqual({ entries: 0, bytes: 0 })
    space.put('b', copyOf(3))
    expect(tier.space('n').get('b')?.value).toBe(3)
  })

  test('releases every copy at once when it is cleared, even if the namespace is still referenced', () => {
    const { tier, space } = make()
    space.put('a', copyOf(1))
    const copies = tier.copiesOf('n')

    tier.clear()

    expect(copies.size).toBe(0)
    expect(tier.copiesOf('n').size).toBe(0)
  })

  test('forgets empty namespaces without losing a copy', () => {
    const { tier, space } = make({ maxEntries: 10_000 })
    space.put('a', copyOf(1))
    const idle = tier.space('idle')
    for (let i = 0; i < 3_000; i++) tier.space(`n${i}`)
    idle.put('b', copyOf(2))

    expect(space.get('a')?.value).toBe(1)
    expect(tier.space('n').get('a')?.value).toBe(1)
    expect(tier.space('idle').get('b')?.value).toBe(2)
  })

  test('keeps to `maxEntries`, evicts an unused copy first and reports the eviction', () => {
    let dropped = 0
    const { tier, space } = make({ maxEntries: 2, onEvict: () => dropped++ })
    space.put('a', copyOf(1))
    space.put('b', copyOf(2))
    space.get('a')
    space.put('c', copyOf(3))

    expect(dropped).toBe(1)
    expect(['a', 'b', 'c'].map((key) => space.get(key)?.value)).toEqual([1, undefined, 3])
    expect(tier.size.entries).toBe(2)
  })

  test('keeps to `maxBytes`, and does not hold a copy larger than that', () => {
    const { tier, space } = make({ maxBytes: 100 })
    space.put('a', copyOf(1, { sizeBytes: 60 }))
    space.put('b', copyOf(2, { sizeBytes: 60 }))
    space.put('giant', copyOf(3, { sizeBytes: 101 }))

    expect(space.get('a')).toBeUndefined()
    expect(space.get('b')?.value).toBe(2)
    expect(space.get('giant')).toBeUndefined()
    expect(tier.size.bytes).toBe(60)
  })

  test('replacing a copy by a larger one evicts others if necessary', () => {
    const { tier, space } = make({ maxBytes: 100 })
    space.put('a', copyOf(1, { sizeBytes: 60 }))
    space.put('b', copyOf(2, { sizeBytes: 30 }))
    space.put('b', copyOf(3, { sizeBytes: 90 }))

    expect(space.get('a')).toBeUndefined()
    expect(space.get('b')?.value).toBe(3)
    expect(tier.size).toEqual({ entries: 1, bytes: 90 })
    space.put('b', copyOf(4, { sizeBytes: 101 }))
    expect(space.get('b')).toBeUndefined()
  })

  test('a copy of 0 bytes counts as 1 byte, so that `maxBytes` also bounds empty copies', () => {
    const { tier, space } = make({ maxEntries: 1_000, maxBytes: 5 })
    for (let i = 0; i < 20; i++) space.put(`k${i}`, copyOf(i, { sizeBytes: 0 }))

    expect(tier.size).toEqual({ entries: 5, bytes: 5 })
  })

  test('does not report copies that were deleted or replaced as evicted', () => {
    let dropped = 0
    const { tier, space } = make({ maxEntries: 2, maxBytes: 99, onEvict: () => dropped++ })
    space.put('a', copyOf(1))
    space.put('a', copyOf(2))
    space.drop('a')
    space.put('b', copyOf(3))
    tier.fence.mark([space.label('b')])

    expect(space.get('b')).toBeUndefined()
    expect(dropped).toBe(0)
  })

  test('a call on its key or on one of its markers removes a copy', () => {
    const { tier, space } = make()
    for (const key of ['a', 'b', 'c'])
      space.put(
        key,
        copyOf(key, { labels: { tags: [], markerKeys: [`${key}:t`], evidence: undefined } }),
      )

    tier.fence.mark([space.label('a'), 'b:t'])

    expect(space.get('a')).toBeUndefined()
    expect(space.get('b')).toBeUndefined()
    expect(space.get('c')?.value).toBe('c')
    expect(tier.size.entries).toBe(1)
  })

  test('a copy that was found alive is checked against later calls only', () => {
    const { tier, space } = make()
    space.put('a', copyOf(1))
    space.put('b', copyOf(2))
    tier.fence.mark([space.label('other')])
    space.get('a')
    // So many calls make the fence forget the first ones: every copy dated before them counts as outdated.
    for (let i = 0; i < 10_000; i++) tier.fence.mark([`label ${i}`])

    expect(space.get('b')).toBeUndefined()
    expect(space.get('a')?.value).toBe(1)
    tier.fence.mark([space.label('a')])
    expect(space.get('a')).toBeUndefined()
  })

  test('a call on a key of another namespace leaves a copy alone', () => {
    const { tier, space } = make()
    space.put('a', copyOf(1))

    tier.fence.mark([tier.space('other').label('a')])

    expect(space.get('a')?.value).toBe(1)
  })

  test('a copy dated before a call that covers it is not stored', () => {
    const { tier, space } = make()
    const instant = tier.fence.now
    tier.fence.mark([space.label('a')])
    space.put('a', copyOf('old', { instant }))
    expect(tier.size.entries).toBe(0)
    expect(space.get('a')).toBeUndefined()

    space.put('a', copyOf('new', { instant: tier.fence.now }))
    expect(space.get('a')?.value).toBe('new')
  })
})

describe('deepFreeze', () => {
  test('freezes plain objects and arrays recursively, and returns the same object', () => {
    const value = {
      list: [{ a: 1 }],
      none: null,
      bare: Object.assign(Object.create(null), { a: {} }),
    }

    expect(deepFreeze(value)).toBe(value)

    expect(Object.isFrozen(value.list[0])).toBe(true)
    expect(Object.isFrozen(value.list)).toBe(true)
  })

  test('does not freeze Maps, Sets, Dates and bytes, and terminates on a cycle', () => {
    const value: Record<string, unknown> = {
      map: new Map([['a', {}]]),
      date: new Date(0),
      bytes: Uint8Array.of(1),
    }
    value['self'] = value

    deepFreeze(value)

    expect(Object.isFrozen(value['map'])).toBe(false)
    expect(Object.isFrozen(value['bytes'])).toBe(false)
    expect(Object.isFrozen(value)).toBe(true)
  })

  test.each([[1], ['text'], [null], [undefined], [1n]])('returns %s unchanged', (value) => {
    expect(deepFreeze(value)).toBe(value)
  })
})
