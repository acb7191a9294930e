import { beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { sweep } from '../../../src/cli/upkeep/sweep.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { RedisLink } from '../../../src/redis/link.ts'
import type { RedisRequest, Requester, Transport } from '../../../src/redis/requester.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { runCli, runJson, terminal } from '../../support/cli.ts'

/** Runs `interfere` once, right before the first request with this command reaches Redis. */
function interrupted(redis: Transport, name: string, interfere: () => Promise<unknown>): Requester {
  let isDone = false
  return {
    request: async <Result>(request: RedisRequest) => {
      if (!isDone && JSON.stringify(request.body).includes(`"${name}"`)) {
        isDone = true
        await interfere()
      }
      return redis.request<Result>(request)
    },
  }
}

describe('upkeep beside a cache in use', () => {
  let platform: ManualPlatform
  let redis: Transport
  let cache: RedisCacheManager

  beforeEach(() => {
    platform = new ManualPlatform()
    redis = embeddedTransport({ platform })
    cache = new RedisCacheManager({ redis, platform })
  })

  function sweepBy(requester: Requester, signal = new AbortController().signal) {
    const { redis: guarded } = new RedisCacheManager({ redis: requester, platform })
    const link = new RedisLink(guarded)
    const options = { link, platform, prefix: 'nc', idleMs: 3_600_000, apply: true, signal }
    return sweep({ ...options, progress: () => undefined })
  }

  test('an entry that replaces a dead one is not deleted', async () => {
    await cache.set('key', 'old', { tags: ['tag'] })
    await cache.invalidateTags(['tag'])
    const anew = () => cache.set('key', 'new', { tags: ['tag'] })

    const report = await sweepBy(interrupted(redis, 'STRLEN', anew))

    expect(report.deadEntries).toMatchObject({ found: 1, dropped: 0 })
    expect(await cache.get('key')).toBe('new')
  })

  test('an entry stored between the reads of header and markers does not count as dead', async () => {
    await cache.set('key', 'old', { tags: ['tag'] })
    const anew = async () => {
      await cache.invalidateTags(['tag'])
      await cache.set('key', 'new', { tags: ['tag'] })
    }

    await sweepBy(interrupted(redis, 'MGET', anew))

    expect(await cache.get('key')).toBe('new')
  })

  test('a marker that a load reads at the last moment is kept', async () => {
    await cache.set('key', 1, { tags: ['tag'], ttl: '1h' })
    await cache.delete('key')
    await platform.advance(2 * 3_600_000)
    const use = () => cache.set('key', 2, { tags: ['tag'] })

    const report = await sweepBy(interrupted(redis, 'EVALSHA', use))

    expect(report.idleMarkers).toMatchObject({ dropped: 0 })
    expect(await cache.get('key')).toBe(2)
  })

  test('markers of entries that are not read are kept, however long', async () => {
    await cache.set('key', 1, { tags: ['tag'], ttl: '30d' })
    await platform.advance(6 * 86_400_000)

    await sweepBy(redis)

    expect(await cache.get('key')).toBe(1)
  })

  test('an interrupted sweep deletes no markers, and says so', async () => {
    await cache.set('key', 1, { tags: ['tag'] })
    await cache.delete('key')
    await platform.advance(2 * 3_600_000)

    const report = await sweepBy(redis, AbortSignal.abort())

    expect(report).toMatchObject({
      complete: false,
      idleMarkers: { dropped: 0 },
      markersSkipped: 'the sweep was interrupted',
    })
  })

  test('a key that changes while it is moved stays where it is', async () => {
    const set = (value: string) =>
      redis.request({ path: [], body: ['SET', 'cache:data:default:key', value] })
    await set('"old"')
    const host = { redis: interrupted(redis, 'EVALSHA', async () => undefined), platform }
    const changing = { redis: interrupted(redis, 'SET', async () => undefined), platform }
    let marks = 0
    const requester: Requester = {
      request: async <Result>(request: RedisRequest) => {
        // The second script is the move: the first makes markers.
        if (JSON.stringify(request.body).includes('"EVALSHA"') && ++marks === 2) await set('"new"')
        return redis.request<Result>(request)
      },
    }

    const first = await runJson(['migrate'], { redis: requester, platform })
    const left = await cache.get('key')
    const second = await runJson(['migrate'], host)

    expect(first).toMatchObject({ moved: 0, changed: 1 })
    expect(left).toBeUndefined()
    expect(second).toMatchObject({ moved: 1, changed: 0 })
    expect(await cache.get('key')).toBe('new')
    expect(await runJson(['migrate'], changing)).toMatchObject({ moved: 0 })
  })

  test('a template that matches every name leaves the names of the cache itself alone', async () => {
    await cache.set('kept', 'new')
    await redis.request({ path: [], body: ['SET', 'nc:of:another:part', 'kept too'] })
    await redis.request({ path: [], body: ['SET', 'old', 'text'] })

    const words = ['migrate', '--from', '{key}', '--format', 'text']
    const report = await runJson(words, { redis, platform })

    expect(report).toMatchObject({ moved: 1, unreadable: 0, unmatched: 0 })
    expect(await cache.get('old')).toBe('text')
    expect(await cache.get('kept')).toBe('new')
    const rest = await redis.request({ path: [], body: ['GET', 'nc:of:another:part'] })
    expect(rest).toEqual({ result: 'kept too' })
  })

  test('an invalidation between the reads of markers and value applies to the entry', async () => {
    await redis.request({ path: [], body: ['SET', 'cache:data:default:key', '"old"'] })
    const requester = interrupted(redis, 'MGET', () => cache.clear())

    const report = await runJson(['migrate'], { redis: requester, platform })

    expect(report).toMatchObject({ moved: 1 })
    expect(await cache.get('key')).toBeUndefined()
  })

  test('an interrupted migration stops between two steps, and continues when it is run again', async () => {
    for (let i = 0; i < 20; i++) {
      await redis.request({ path: [], body: ['SET', `cache:data:default:k${i}`, `${i}`] })
    }

    const ended = await runCli(['migrate', '--batch', '4', '--json'], {
      redis,
      platform,
      signal: AbortSignal.abort(),
    })
    const shown = terminal(true)
    const whole = await runJson(['migrate', '--batch', '4'], { redis, platform, terminal: shown })

    expect(ended.code).toBe(1)
    expect(JSON.parse(ended.printed)).toMatchObject({ complete: false })
    expect(whole).toMatchObject({ complete: true, moved: 20 })
    expect(shown.bars.at(-1)).toBe('all keys checked')
    expect(shown.bars).toContain('Moving 20')
  })
})
