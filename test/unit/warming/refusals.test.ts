import { describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { WarmingJob } from '../../../src/warming/job.ts'
import type { WarmingOptions } from '../../../src/warming/options.ts'
import { Warming } from '../../../src/warming/warming.ts'

const JOB: WarmingJob = {
  id: 'mail',
  name: 'Mailbox',
  priority: 80,
  schedule: '0 * * * *',
  handler: () => 1,
}

const make = (options: Partial<WarmingOptions> = {}): Warming =>
  new Warming({ cache: new RedisCacheManager({ redis: embeddedTransport() }), ...options })

const refusal = (option: string): unknown =>
  expect.objectContaining({ code: 'ERR_INVALID_OPTION', option })

describe('Warming refuses', () => {
  test.each<[string, Partial<WarmingJob>]>([
    ['id', { id: 'a b' }],
    ['name', { name: 'x'.repeat(201) }],
    ['priority', { priority: Number.NaN }],
    ['schedule', { schedule: 'every day' }],
    ['schedule', { schedule: '0 17 * * 1' }],
    ['dialect', { dialect: 'quartz' as never }],
    ['handler', { handler: undefined as never }],
    ['overlap', { overlap: 'wait' as never }],
    ['missed', { missed: 'some' as never }],
    ['lateAfter', { lateAfter: 0 }],
    ['mostMissed', { mostMissed: 0 }],
    ['jitter', { jitter: '1h' }],
    ['retries', { retries: -1 }],
    ['retryAfter', { retryAfter: '7h' }],
    ['commandBudget', { commandBudget: 0 }],
    ['timeBudget', { timeBudget: 1 }],
    ['atStart', { atStart: 'yes' as never }],
  ])('a job with a bad %s, and repeats nothing of it', (option, rest) => {
    const register = (): void => make().register({ ...JOB, ...rest })

    expect(register).toThrow(refusal(option))
    expect(register).not.toThrow(/every day|a b|quartz|xxx/)
  })

  test.each<[string, Partial<WarmingOptions>]>([
    ['cache', { cache: {} as never }],
    ['prefix', { prefix: 'a b' }],
    ['version', { version: '' }],
    ['lease', { lease: '1s' }],
    ['timeBudget', { timeBudget: 0 }],
    ['grace', { grace: -1 }],
  ])('to be made with a bad %s', (option, options) => {
    expect(() => make(options)).toThrow(refusal(option))
  })

  test('a second job of the same id', () => {
    const warming = make()
    warming.register(JOB)

    expect(() => warming.register(JOB)).toThrow(refusal('id'))
  })

  test('a trigger without a valid time, and an invalid interval or budget', async () => {
    const warming = make()

    await expect(warming.handleScheduled({ scheduledTime: Number.NaN })).rejects.toThrow(
      refusal('now'),
    )
    await expect(warming.warmAll(0)).rejects.toThrow(refusal('commandBudget'))
    expect(() => warming.start(10)).toThrow(refusal('interval'))
  })
})
