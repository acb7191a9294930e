import { expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import type { JobContext } from '../../../src/warming/job.ts'
import { Warming } from '../../../src/warming/warming.ts'

test('warmAll counts the commands of a handler that does not end', async () => {
  const platform = new ManualPlatform()
  const cache = new RedisCacheManager({ redis: embeddedTransport({ platform }), platform })
  const warming = new Warming({ cache, platform })
  const left: string[] = []
  const endings = { mail: new Promise<number>(() => undefined), llm: Promise.resolve(1) }
  for (const [id, ending] of Object.entries(endings)) {
    warming.register({
      id,
      name: id,
      priority: id === 'mail' ? 80 : 60,
      schedule: '0 0 * * *',
      timeBudget: '10s',
      handler: ({ budget }) => {
        left.push(`${id} ${budget.remainingCommands}`)
        budget.spend(4)
        return ending
      },
    })
  }

  const all = warming.warmAll(7)
  await platform.advance(15_000) // the time budget, and the grace
  await all

  expect(left).toEqual(['mail 7', 'llm 3'])
})

test('warmAll is not interrupted by a start after it, but by a stop', async () => {
  const platform = new ManualPlatform()
  const cache = new RedisCacheManager({ redis: embeddedTransport({ platform }), platform })
  const warming = new Warming({ cache, platform })
  const signals: AbortSignal[] = []
  const loading = Promise.withResolvers<number>()
  const handler = ({ signal }: JobContext): Promise<number> => {
    signals.push(signal)
    return loading.promise
  }
  warming.register({ id: 'mail', name: 'mail', priority: 1, schedule: '0 0 * * *', handler })
  const all = warming.warmAll()
  await platform.advance(0)

  warming.start('1m')
  await platform.advance(1_000)

  expect(signals.map(({ aborted }) => aborted)).toEqual([false])
  const stopped = warming.stop()
  expect(signals.map(({ aborted }) => aborted)).toEqual([true])
  loading.resolve(1)
  await Promise.all([all, stopped])
})
