import { describe, expect, test } from 'vitest'
import { EmbeddedRedis } from '../../../../src/redis/embedded/index.ts'

/** Milliseconds of the processor that `work` takes. */
function cost(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}

describe('EmbeddedRedis with large values', () => {
  test.each([
    ['ZRANGEBYSCORE', '-inf', '+inf'],
    ['ZREVRANGEBYSCORE', '+inf', '-inf'],
  ])('%s with LIMIT takes no longer for a larger set', (name, first, last) => {
    const redis = new EmbeddedRedis()
    const members = Array.from({ length: 100_000 }, (_, i) => [i, `m${i}`]).flat()
    redis.execute(['ZADD', 'set', ...members])

    const ms = cost(() => {
      for (let i = 0; i < 1_000; i++) {
        redis.execute([name, 'set', first, last, 'LIMIT', 5, 10])
      }
    })

    expect(redis.execute([name, 'set', first, last, 'LIMIT', 5, 10]).result).toHaveLength(10)
    expect(ms).toBeLessThan(500)
  })
})
