import { describe, expect, test } from 'vitest'
import {
  directoryOf,
  hubsFor,
  objectName,
  partsOfName,
} from '../../../src/websocket/objects/placement.ts'

describe('the placement of clients and channels', () => {
  test('sends a client to the same hub every time, and to every other in turn after it', () => {
    const hubs = hubsFor('some-client', 5)

    expect(hubsFor('some-client', 5)).toEqual(hubs)
    expect([...hubs].sort()).toEqual(['0', '1', '2', '3', '4'])
  })

  test.each([2, 4, 7, 16])('spreads clients evenly over %i hubs', (count) => {
    const clients = 10_000
    const sizes = new Map<string, number>()
    for (let i = 0; i < clients; i++) {
      const [hub = ''] = hubsFor(`client-${i}`, count)
      sizes.set(hub, (sizes.get(hub) ?? 0) + 1)
    }

    expect(sizes.size).toBe(count)
    expect(Math.max(...sizes.values())).toBeLessThan((1.15 * clients) / count)
  })

  test('spreads channels over shards', () => {
    const shards = new Set(Array.from({ length: 100 }, (_, i) => directoryOf(`channel-${i}`, 4)))

    expect(shards.size).toBe(4)
  })

  test('names objects so that app and part can be told apart, whatever is in the part', () => {
    expect(partsOfName(objectName('app', 'a/b/c'))).toEqual({ appId: 'app', part: 'a/b/c' })
  })
})
