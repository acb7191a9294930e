import { expect, test } from 'vitest'
import { resolveOptions } from '../../../src/dashboard/options.ts'
import { Snapshots } from '../../../src/dashboard/snapshot.ts'
import { bench, TOKEN } from './bench.ts'

test('after the clock was set back, snapshots are not kept until it has caught up', async () => {
  const { cache, monitor, platform } = bench()
  let behindMs = 0
  const clock = {
    now: () => platform.now() - behindMs,
    random: () => platform.random(),
    delay: (ms: number) => platform.delay(ms),
    defer: (work: Promise<unknown>) => platform.defer(work),
  }
  const options = { cache, monitor, platform: clock, authenticate: TOKEN, refresh: '10s' } as const
  const snapshots = new Snapshots(resolveOptions(options))
  const first = await snapshots.read()
  await platform.advance(4_000)
  expect(await snapshots.read()).toBe(first)
  behindMs = 3_600_000

  const second = await snapshots.read()

  expect(second).not.toBe(first)
  expect(await snapshots.read()).toBe(second)
})
