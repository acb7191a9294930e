import { expect, test } from 'vitest'
import { SliceWindow } from '../../../src/dashboard/slices.ts'
import type { Figures } from '../../../src/monitor/figures.ts'

const MINUTE = 60_000

/** Minutes with counts that the test can change, and the number of minutes of each read. */
function minutes(count: number) {
  const stored = new Map<number, number>()
  const reads: number[] = []
  const figuresOf = (hits: number): Figures =>
    new Map([['a', { counters: new Map([['hr', hits]]), histograms: new Map() }]])
  const window = new SliceWindow({
    lengthMs: MINUTE,
    count,
    read: async (now, wanted) => {
      reads.push(wanted)
      const last = Math.floor(now / MINUTE)
      return Array.from({ length: wanted }, (_, i) => last - wanted + 1 + i).map((minute) => ({
        from: minute * MINUTE,
        figures: figuresOf(stored.get(minute) ?? 0),
      }))
    },
  })
  const read = async (minute: number) =>
    (await window.read(minute * MINUTE + 1)).map(
      ({ figures }) => figures.get('a')?.counters.get('hr') ?? -1,
    )
  return { stored, reads, read }
}

test('all minutes are read first, and later only those that may still change', async () => {
  const { stored, reads, read } = minutes(10)
  for (let minute = 0; minute < 30; minute++) stored.set(minute, minute)

  expect(await read(20)).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 20])
  expect(await read(20)).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 20])
  expect(await read(21)).toEqual([12, 13, 14, 15, 16, 17, 18, 19, 20, 21])

  expect(reads).toEqual([10, 3, 4])
})

test('figures that arrive within two minutes are seen', async () => {
  const { stored, read } = minutes(5)
  stored.set(10, 1)
  await read(10)
  stored.set(10, 7)

  expect(await read(12)).toEqual([0, 0, 7, 0, 0])
})

test('a window that was not read for a long time reads what it missed', async () => {
  const { stored, reads, read } = minutes(5)
  await read(10)
  for (let minute = 96; minute <= 100; minute++) stored.set(minute, minute)

  expect(await read(100)).toEqual([96, 97, 98, 99, 100])
  expect(reads).toEqual([5, 5])
})
