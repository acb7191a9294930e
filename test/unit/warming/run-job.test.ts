import { expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { InvalidOptionError } from '../../../src/errors.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { Warming } from '../../../src/warming/warming.ts'

function warmingWith(runs: string[]): Warming {
  const platform = new ManualPlatform()
  const cache = new RedisCacheManager({ redis: embeddedTransport({ platform }), platform })
  const warming = new Warming({ cache, platform })
  for (const id of ['mail', 'llm']) {
    const handler = (): number => runs.push(id)
    warming.register({ id, name: id, priority: 1, schedule: '0 0 * * *', handler })
  }
  return warming
}

test('runJob runs one job, due or not, and no other', async () => {
  const runs: string[] = []
  const warming = warmingWith(runs)

  expect(await warming.runJob('llm')).toBe(true)
  expect(await warming.runJob('llm')).toBe(true)

  expect(runs).toEqual(['llm', 'llm'])
})

test('runJob refuses an id that no job has', async () => {
  const warming = warmingWith([])

  await expect(warming.runJob('other')).rejects.toThrow(InvalidOptionError)
  expect([warming.has('mail'), warming.has('other')]).toEqual([true, false])
})
