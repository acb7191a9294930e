import { expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import type { WarmingEvent } from '../../../src/warming/events.ts'
import { Warming } from '../../../src/warming/warming.ts'
import { faultyRequester } from '../../support/faulty-requester.ts'

test('while Redis hangs, stop waits for a few attempts to write the end of a run, not for the time between them', async () => {
  const platform = new ManualPlatform()
  const redis = faultyRequester(embeddedTransport({ platform }))
  const cache = new RedisCacheManager({ redis, platform })
  const warming = new Warming({ cache, platform, version: 'v1' })
  const ended: WarmingEvent[] = []
  warming.subscribe((event) => event.kind === 'ended' && ended.push(event))
  warming.register({
    id: 'mail',
    name: 'Mailbox',
    priority: 80,
    schedule: '0 0 1 1 *',
    atStart: true,
    handler: ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason))
      }),
  })
  warming.start()
  await platform.advance(0)

  redis.fate = () => ({ kind: 'hang' })
  let isStopped = false
  const stopped = warming.stop().then(() => {
    isStopped = true
  })
  await platform.advance(2_000)

  expect(ended).toMatchObject([{ ending: 'unfinished' }])
  expect(isStopped).toBe(true)
  await stopped
})
