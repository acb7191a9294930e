import { describe, expect, test } from 'vitest'
import { Fence } from '../../../src/near/fence.ts'

describe('Fence', () => {
  test('a copy is alive while none of its labels was marked since its instant', () => {
    const fence = new Fence()
    const instant = fence.now
    fence.mark(['other', 'another'])

    expect(fence.isAlive(instant, 'name', ['tag'])).toBe(true)
  })

  test.each([
    ['its name', 'name'],
    ['one of its markers', 'tag:2'],
  ])('a call on %s invalidates the copy', (_what, label) => {
    const fence = new Fence()
    const instant = fence.now
    fence.mark([label])

    expect(fence.isAlive(instant, 'name', ['tag:1', 'tag:2'])).toBe(false)
  })

  test('a call does not affect a copy that is dated after it', () => {
    const fence = new Fence()
    fence.mark(['name'])
    const instant = fence.now
    fence.mark(['other'])

    expect(fence.isAlive(instant, 'name', [])).toBe(true)
  })

  test('the latest call on a label is the one that counts', () => {
    const fence = new Fence()
    fence.mark(['name'])
    const instant = fence.now
    fence.mark(['name'])

    expect(fence.isAlive(instant, 'name', [])).toBe(false)
    expect(fence.isAlive(fence.now, 'name', [])).toBe(true)
  })

  test('markAll invalidates every copy dated before it and none dated after', () => {
    const fence = new Fence()
    const before = fence.now
    fence.markAll()
    const after = fence.now
    fence.mark(['other'])

    expect(fence.isAlive(before, 'name', [])).toBe(false)
    expect(fence.isAlive(after, 'name', [])).toBe(true)
  })

  test('when a label is forgotten, older copies become misses and no outdated copy is served', () => {
    const fence = new Fence()
    const instant = fence.now
    fence.mark(['name'])
    for (let i = 0; i < 10_001; i++) fence.mark([`label ${i}`])

    expect(fence.isAlive(instant, 'name', [])).toBe(false)
    expect(fence.isAlive(instant, 'never marked', [])).toBe(false)
    expect(fence.isAlive(fence.now, 'name', [])).toBe(true)
  })

  test('a call on more labels than the fence remembers still covers all of them', () => {
    const fence = new Fence()
    const instant = fence.now
    const labels = Array.from({ length: 25_000 }, (_, i) => `label ${i}`)
    fence.mark(labels)

    expect(labels.filter((label) => fence.isAlive(instant, label, []))).toEqual([])
    fence.mark(['later'])
    expect(labels.filter((label) => fence.isAlive(instant, label, []))).toEqual([])
  })

  test('a label that is marked again is not forgotten before older ones', () => {
    const fence = new Fence()
    fence.mark(['name'])
    for (let i = 0; i < 9_000; i++) fence.mark([`early ${i}`])
    const instant = fence.now
    fence.mark(['name'])
    for (let i = 0; i < 5_000; i++) fence.mark([`late ${i}`])

    expect(fence.isAlive(instant, 'name', [])).toBe(false)
    expect(fence.isAlive(instant, 'other', [])).toBe(true)
  })
})
