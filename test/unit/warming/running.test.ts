import { expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { Warming } from '../../../src/warming/warming.ts'

const platform = new ManualPlatform()
const redis = embeddedTransport({ platform })

/** One isolate, with a job that ends when it is told to. */
function isolate(): { readonly warming: Warming; end(): void } {
  const warming = new Warming({ cache: new RedisCacheManager({ redis, platform }), platform })
  const { promise, resolve } = Promise.withResolvers<number>()
  const schedule = '0 0 * * *'
  warming.register({ id: 'mail', name: 'Mailbox', priority: 80, schedule, handler: () => promise })
  return { warming, end: () => resolve(42) }
}

async function isRunning({ warming }: { readonly warming: Warming }): Promise<boolean | undefined> {
  return (await warming.status())[0]?.isRunning
}

test('status tells every isolate that a job is running, from its first run on', async () => {
  const [one, other] = [isolate(), isolate()]
  expect(await isRunning(other)).toBe(false)

  const run = one.warming.runJob('mail')
  await platform.advance(20_000)
  expect([await isRunning(one), await isRunning(other)]).toEqual([true, true])

  one.end()
  expect(await run).toBe(true)
  expect([await isRunning(one), await isRunning(other)]).toEqual([false, false])
})
