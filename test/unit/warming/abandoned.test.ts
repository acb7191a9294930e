import { expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { RemoteError } from '../../../src/errors.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import type { WarmingEvent } from '../../../src/warming/events.ts'
import { Warming } from '../../../src/warming/warming.ts'
import { faultyRequester } from '../../support/faulty-requester.ts'

test('an abandoned run is counted, and listeners hear of its end, while Redis is down too', async () => {
  const platform = new ManualPlatform()
  const redis = faultyRequester(embeddedTransport({ platform }))
  const warming = new Warming({
    cache: new RedisCacheManager({ redis, platform, retries: 0 }),
    platform,
    timeBudget: '10s',
  })
  const events: WarmingEvent[] = []
  warming.subscribe((event) => events.push(event))
  warming.register({
    id: 'mail',
    name: 'Mailbox',
    priority: 80,
    schedule: '0 * * * *',
    handler: () => new Promise(() => undefined),
  })
  const run = warming.runDue()
  await platform.advance(0)
  const error = new RemoteError({ operation: 'pipeline', reason: 'ECONNREFUSED', applied: 'no' })
  redis.fate = () => ({ kind: 'fail', error })
  await platform.advance(60_000)

  expect(await run).toBe(1)
  expect(events.map(({ kind }) => kind)).toEqual(['started', 'ended'])
})
