import { Ratelimit } from '@upstash/ratelimit'
import { Redis } from '@upstash/redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { restTransport } from '../../../src/redis/rest.ts'
import { describeManager } from '../../contract/cache/manager-contract.ts'
import { type BridgeServer, startBridge } from './bridge-server.ts'

describeManager('rest, through the bridge to the embedded engine', async () => {
  const behind = embeddedTransport()
  const bridge = await startBridge(behind)
  const transport = restTransport({ url: bridge.url, token: bridge.token })
  return {
    transport,
    async stop() {
      await transport.close()
      await bridge.stop()
      await behind.close()
    },
  }
})

describe('@upstash/redis through the bridge to the embedded engine', () => {
  const behind = embeddedTransport()
  let bridge: BridgeServer
  let redis: Redis

  beforeAll(async () => {
    bridge = await startBridge(behind)
    redis = new Redis({ url: bridge.url, token: bridge.token, enableTelemetry: false })
  })

  afterAll(async () => {
    await bridge.stop()
    await behind.close()
  })

  test('runs commands, pipelines and transactions', async () => {
    await redis.set('key', { a: 'OK' }, { ex: 100 })

    expect(await redis.get('key')).toEqual({ a: 'OK' })
    expect(await redis.pipeline().incr('n').get('key').exec()).toEqual([1, { a: 'OK' }])
    expect(await redis.multi().incr('n').get('n').exec()).toEqual([2, 2])
    expect(await redis.mget('key', 'none')).toEqual([{ a: 'OK' }, null])
  })

  test('a read-only token can read', async () => {
    const reader = new Redis({
      url: bridge.url,
      token: bridge.readOnlyToken,
      enableTelemetry: false,
    })
    await redis.set('shared', 'value')

    expect(await reader.get('shared')).toBe('value')
    await expect(reader.set('shared', 'x')).rejects.toThrow(/NOPERM/)
    await expect(reader.keys('*')).rejects.toThrow(/NOPERM/)
  })

  test('Ratelimit runs its scripts', async () => {
    const limit = new Ratelimit({
      redis,
      limiter: Ratelimit.fixedWindow(2, '1 m'),
      ephemeralCache: false,
      timeout: 0,
    })

    const answers = [await limit.limit('id'), await limit.limit('id'), await limit.limit('id')]

    expect(answers.map(({ success }) => success)).toEqual([true, true, false])
  })
})
