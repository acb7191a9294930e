import { expect, test } from 'vitest'
import { batchMsFor } from '../../../src/websocket/objects/presence-news.ts'

test.each([
  [50, 0, 50],
  [50, 100, 50],
  [50, 101, 100],
  [50, 200, 100],
  [50, 1_000, 500],
  [50, 10_000, 5_000],
  [50, 1_000_000, 5_000],
  [5_000, 1_000, 5_000],
  [0, 1_000, 0],
])('a batch of %i ms is, with %i connections, %d ms', (batchMs, connections, expected) => {
  expect(batchMsFor(batchMs, connections)).toBe(expected)
})
