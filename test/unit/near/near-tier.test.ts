import { describe, expect, test } from 'vitest'
import { deepFreeze } from '../../../src/near/freeze.ts'
import { type NearCopy, NearTier } from '../../../src/near/near-tier.ts'

const header = {
  writeId: 'w'.repeat(16),
  createdAt: 0,
  freshUntil: 10,
  revalidateUntil: 10,
  staleUntil: 10,
  loadMs: 0,
  encoding: 'j',
  stamps: new Map<string, string>(),
}

function copyOf(value: unknown, rest: Partial<NearCopy> = {}): NearCopy {
  return {
    value,
    header,
    tags: [],
    markerKeys: [],
    provedAt: 0,
    instant: 0,
    sizeBytes: 10,
    ...rest,
  }
}

describe('NearTier', () => {
  test('holds copies by the name of their entry', () => {
    const tier = new NearTier({ maxEntries: 10, maxBytes: 1_000 })
    tier.put('a', copyOf(1))
    tier.put('a', copyOf(2))

    expect(tier.get('a')?.value).toBe(2)
    expect(tier.get('b')).toBeUndefined()
    expect(tier.size).toEqual({ entries: 1, bytes: 10 })
  })

  test('is empty before the first copy, and after clear and drop', () => {
    const tier = new NearTier({ maxEntries: 10, maxBytes: 1_000 })
    tier.drop('a')
    tier.clear()
    expect(tier.size).toEqual({ entries: 0, bytes: 0 })

    tier.put('a', copyOf(1))
    tier.put('b', copyOf(2))
    tier.drop('a')
    expect(tier.get('a')).toBeUndefined()
    tier.clear()

    expect(tier.get('b')).toBeUndefined()
    expect(tier.size).toEqual({ entries: 0, bytes: 0 })
  })

  test('keeps to its number of entries, and tells what it dropped', () => {
    const dropped: string[] = []
    const tier = new NearTier({
      maxEntries: 2,
      maxBytes: 1_000,
      onEvict: (name) => dropped.push(name),
    })
    tier.put('a', copyOf(1))
    tier.put('b', copyOf(2))
    tier.get('a')
    tier.put('c', copyOf(3))

    expect(dropped).toEqual(['b'])
    expect(tier.size.entries).toBe(2)
  })

  test('keeps to its bytes, and does not hold what is larger than all of them', () => {
    const tier = new NearTier({ maxEntries: 10, maxBytes: 100 })
    tier.put('a', copyOf(1, { sizeBytes: 60 }))
    tier.put('b', copyOf(2, { sizeBytes: 60 }))
    tier.put('giant', copyOf(3, { sizeBytes: 101 }))

    expect(tier.get('a')).toBeUndefined()
    expect(tier.get('b')?.value).toBe(2)
    expect(tier.get('giant')).toBeUndefined()
    expect(tier.size.bytes).toBe(60)
  })

  test('a copy of no bytes counts as one, so that the bound is a bound', () => {
    const tier = new NearTier({ maxEntries: 1_000, maxBytes: 5 })
    for (let i = 0; i < 20; i++) tier.put(`k${i}`, copyOf(i, { sizeBytes: 0 }))

    expect(tier.size).toEqual({ entries: 5, bytes: 5 })
  })

  test('tells nothing of copies that were deleted or replaced', () => {
    const dropped: string[] = []
    const tier = new NearTier({
      maxEntries: 2,
      maxBytes: 99,
      onEvict: (name) => dropped.push(name),
    })
    tier.put('a', copyOf(1))
    tier.put('a', copyOf(2))
    tier.drop('a')
    tier.put('b', copyOf(3))
    tier.fence.mark(['b'])

    expect(tier.get('b')).toBeUndefined()
    expect(dropped).toEqual([])
  })

  test('a call on the name or on a marker kills a copy', () => {
    const tier = new NearTier({ maxEntries: 10, maxBytes: 1_000 })
    for (const name of ['a', 'b', 'c']) tier.put(name, copyOf(name, { markerKeys: [`${name}:t`] }))

    tier.fence.mark(['a', 'b:t'])

    expect(tier.get('a')).toBeUndefined()
    expect(tier.get('b')).toBeUndefined()
    expect(tier.get('c')?.value).toBe('c')
    expect(tier.size.entries).toBe(1)
  })

  test('a copy dated before a call that covers it is not kept', () => {
    const tier = new NearTier({ maxEntries: 10, maxBytes: 1_000 })
    const instant = tier.fence.now
    tier.fence.mark(['a'])
    tier.put('a', copyOf('old', { instant }))
    expect(tier.size.entries).toBe(0)
    expect(tier.get('a')).toBeUndefined()

    tier.put('a', copyOf('new', { instant: tier.fence.now }))
    expect(tier.get('a')?.value).toBe('new')
  })
})

describe('deepFreeze', () => {
  test('freezes plain objects and arrays all the way down, and returns the same object', () => {
    const value = {
      list: [{ a: 1 }],
      none: null,
      bare: Object.assign(Object.create(null), { a: {} }),
    }

    expect(deepFreeze(value)).toBe(value)

    expect(Object.isFrozen(value.list[0])).toBe(true)
    expect(Object.isFrozen(value.list)).toBe(true)
  })

  test('leaves Maps, Sets, Dates and bytes as they are, and comes to an end on a cycle', () => {
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

  test.each([[1], ['text'], [null], [undefined], [1n]])('returns %s as it is', (value) => {
    expect(deepFreeze(value)).toBe(value)
  })
})
