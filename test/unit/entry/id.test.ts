import { describe, expect, test, vi } from 'vitest'
import { randomId } from '../../../src/entry/id.ts'

describe('randomId', () => {
  test('is 16 characters of base64url', () => {
    for (let i = 0; i < 300; i++) expect(randomId()).toMatch(/^[A-Za-z0-9_-]{16}$/)
  })

  test('does not repeat, within a pool or across pools', () => {
    const ids = Array.from({ length: 10_000 }, randomId)

    expect(new Set(ids).size).toBe(ids.length)
  })

  test('uses every character at every place', () => {
    const ids = Array.from({ length: 5_000 }, randomId)

    for (let place = 0; place < 16; place++) {
      expect(new Set(ids.map((id) => id[place])).size).toBe(64)
    }
  })

  test('draws no randomness while its module is evaluated, and once for many ids', async () => {
    vi.resetModules()
    const draw = vi.spyOn(crypto, 'getRandomValues')

    const module = await import('../../../src/entry/id.ts')
    expect(draw).not.toHaveBeenCalled()
    for (let i = 0; i < 128; i++) module.randomId()

    expect(draw).toHaveBeenCalledOnce()
    draw.mockRestore()
  })
})
