import { describe, expect, test, vi } from 'vitest'
import type { RedisCacheManager } from '../../../src/cache/manager.ts'
import { MARK } from '../../../src/redis/scripts/protocol.ts'
import { singleSlotTransport } from '../../support/single-slot-transport.ts'
import { refusing, useBench } from './bench.ts'
import { describeManager } from './manager-contract.ts'

const running = async () => {
  const transport = singleSlotTransport()
  return { transport, stop: () => transport.close() }
}

describeManager('a cluster', running)

describe('On a cluster of which the node of a tag is full', () => {
  const bench = useBench(running)
  const onFullNode = (): RedisCacheManager =>
    bench.cache({
      redis: refusing(
        bench.transport,
        (command) =>
          command.includes(MARK.sha1) && command.some((arg) => /:t:t$/.test(String(arg))),
      ),
    })

  /** It is given back behind the answer. */
  const expectNoLease = (): Promise<void> =>
    vi.waitFor(async () =>
      expect((await bench.keys()).filter((key) => key.includes(':l:'))).toEqual([]),
    )

  test('a load is answered, and leaves no lease that others would wait for', async () => {
    const cache = onFullNode()

    expect(await cache.getOrSet('k', () => 'loaded', { tags: ['t'] })).toBe('loaded')

    await expectNoLease()
  })

  test('a set rejects, and leaves no lease that others would wait for', async () => {
    const cache = onFullNode()

    await expect(cache.set('k', 'v', { tags: ['t'] })).rejects.toMatchObject({ reason: 'OOM' })

    await expectNoLease()
  })
})
