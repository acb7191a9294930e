/**
 * Contract of loss (I2): entries, leases and markers may be evicted or expire at any time. This causes
 * misses, never a stale hit.
 *
 * @module
 */

import { onBench } from './bench.ts'
import { checkSame } from './check.ts'
import type { Clause } from './contract-case.ts'

const TAGS = ['t']
const MARKERS = ':t:'
const LEASES = ':l:'
const ENTRIES = ':e:'

/** The clauses. */
export const LOSSES: readonly Clause[] = [
  onBench('an entry whose marker is lost is a miss, for each of its markers', async (bench) => {
    const cache = bench.cache()
    await cache.set('k', 'old', { tags: TAGS })
    const markers = await bench.keys(MARKERS)
    checkSame(markers.length, 2, 'an entry has the markers of its tag and its namespace')
    for (const marker of markers) {
      await cache.set('k', 'old', { tags: TAGS })
      checkSame(await cache.get('k'), 'old', 'the key is warm')
      await bench.send('DEL', marker)
      checkSame(await cache.get('k'), undefined, 'an entry with a missing marker is not served')
    }
  }),
  onBench('a marker that is lost and created again revives no older entry', async (bench) => {
    const cache = bench.cache()
    await cache.set('k', 'old', { tags: TAGS })
    await bench.lose(MARKERS)
    await cache.set('other', 'makes the markers anew', { tags: TAGS })
    checkSame(await cache.get('k'), undefined, 'an entry from before the new marker is not served')
    checkSame(await cache.get('other'), 'makes the markers anew', 'newer entries are served')
  }),
  onBench('if a marker is lost while a load runs, the stored value is a miss', async (bench) => {
    const cache = bench.cache()
    const held = bench.hold()
    const read = bench.begin(cache.getOrSet('k', held.load, { tags: TAGS }))
    await held.called
    await bench.lose(MARKERS)
    await bench.cache().set('other', 1, { tags: TAGS })
    held.release('old')
    checkSame(await read, 'old', 'the read returns the loaded value')
    checkSame(await cache.get('k'), undefined, 'the stored value is not served')
  }),
  onBench('a load whose lease is lost returns its value and does not store it', async (bench) => {
    const cache = bench.cache()
    const held = bench.hold()
    const read = bench.begin(cache.getOrSet('k', held.load, { tags: TAGS }))
    await held.called
    checkSame((await bench.keys(LEASES)).length, 1, 'a load holds one lease')
    await bench.lose(LEASES)
    held.release('old')
    checkSame(await read, 'old', 'the read returns the loaded value')
    checkSame(await cache.get('k'), undefined, 'without a lease nothing is stored')
  }),
  onBench(
    'after a lease is lost and granted again, only the newer load is stored',
    async (bench) => {
      const [first, second] = [bench.cache(), bench.cache()]
      const held = bench.hold()
      const read = bench.begin(first.getOrSet('k', held.load, { tags: TAGS }))
      await held.called
      await bench.lose(LEASES)
      checkSame(
        await second.getOrSet('k', () => 'new', { tags: TAGS }),
        'new',
        'another cache loads',
      )
      held.release('old')
      await read
      checkSame(await first.get('k'), 'new', 'the older load does not overwrite the newer one')
    },
  ),
  onBench('after the lease of a load is lost, a waiting reader loads', async (bench) => {
    const [holder, waiter] = [bench.cache(), bench.cache()]
    const held = bench.hold()
    const orphaned = bench.begin(holder.getOrSet('k', held.load))
    await held.called
    const waiting = bench.begin(waiter.getOrSet('k', () => 'loaded by the waiter'))
    await bench.lose(LEASES)
    checkSame(await waiting, 'loaded by the waiter', 'the waiter loads')
    held.release('from the dead')
    checkSame(await orphaned, 'from the dead', 'the read of the old holder returns its value')
    checkSame(await holder.get('k'), 'loaded by the waiter', 'the old holder stores nothing')
  }),
  onBench('a set whose lease is lost between its two requests stores nothing', async (bench) => {
    const cache = bench.cache()
    const ticket = await cache.begin('k', { tags: TAGS })
    await bench.lose(LEASES)
    checkSame(await ticket.commit('late'), 'superseded', 'commit reports that nothing was stored')
    checkSame(await cache.get('k'), undefined, 'nothing was stored')
  }),
  onBench('an entry that is lost is loaded again', async (bench) => {
    const cache = bench.cache()
    await cache.set('k', 'old', { tags: TAGS })
    await bench.lose(ENTRIES)
    checkSame(await cache.get('k'), undefined, 'a lost entry is a miss')
    checkSame(
      await cache.getOrSet('k', () => 'new', { tags: TAGS }),
      'new',
      'a lost entry is loaded again',
    )
    checkSame(await cache.get('k'), 'new', 'the loaded value is stored')
  }),
  onBench('if all keys are lost while a load runs, the next load is stored', async (bench) => {
    const cache = bench.cache()
    const held = bench.hold()
    const read = bench.begin(cache.getOrSet('k', held.load, { tags: TAGS }))
    await held.called
    await bench.lose('')
    held.release('old')
    await read
    checkSame(await cache.get('k'), undefined, 'the running load stores nothing')
    checkSame(
      await cache.getOrSet('k', () => 'new', { tags: TAGS }),
      'new',
      'the next reader loads',
    )
    checkSame(await cache.get('k'), 'new', 'the next load is stored')
  }),
]
