import { expect, test } from 'vitest'
import { resolveOptions } from '../../../src/dashboard/options.ts'
import { Snapshots } from '../../../src/dashboard/snapshot.ts'
import type { HotKeyLists, HotKeys } from '../../../src/monitor/hot-keys.ts'
import { turns } from '../../support/turns.ts'
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

test('a snapshot that was being gathered during a change is not shown after it', async () => {
  const { cache, monitor, platform } = bench()
  const gate = Promise.withResolvers<HotKeyLists>()
  const hotKeys = { read: () => gate.promise } as HotKeys
  const options = { cache, monitor, platform, hotKeys, authenticate: TOKEN }
  const snapshots = new Snapshots(resolveOptions(options))
  const gathering = snapshots.read()
  await turns()

  snapshots.forget()
  gate.resolve({ hits: [], misses: [] })
  const old = await gathering

  expect(await snapshots.read()).not.toBe(old)
})
