import { describe, expect, test } from 'vitest'
import { HubDrain } from '../../../src/websocket/objects/hub-drain.ts'
import type { HubStore } from '../../../src/websocket/objects/hub-store.ts'

/** A store for the single value that a drain stores. */
function storeOf(): HubStore {
  let until = 0
  return {
    meta: () => until,
    setMeta: (_name: string, value: number) => {
      until = value
    },
  } as unknown as HubStore
}

describe('HubDrain', () => {
  test('closes connections evenly within the time, and says when the next step is due', () => {
    const drain = new HubDrain(storeOf(), 0)
    drain.begin(10_000, 0)
    const closed: number[] = []
    let left = 1_000
    let now = 0

    for (let at = drain.nextAt(); at !== undefined; at = drain.nextAt()) {
      now = at
      const count = drain.step(left, now)
      closed.push(count)
      left -= count
    }

    expect(left).toBe(0)
    expect(now).toBeLessThanOrEqual(10_500)
    expect(Math.max(...closed)).toBeLessThanOrEqual(60)
    expect(drain.isOn).toBe(true)
  })

  test('continues after the hub has lost its memory, until it is opened again', () => {
    const store = storeOf()
    new HubDrain(store, 0).begin(10_000, 0)

    const drain = new HubDrain(store, 5_000)

    expect(drain.step(100, 5_000)).toBe(10)
    drain.begin(0, 6_000)
    expect(drain.isOn).toBe(false)
    expect(new HubDrain(store, 7_000).nextAt()).toBeUndefined()
  })
})
