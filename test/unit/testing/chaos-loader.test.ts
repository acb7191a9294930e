import { describe, expect, test } from 'vitest'
import type { LoadContext } from '../../../src/cache/loader.ts'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { LoaderTimeoutError } from '../../../src/errors.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ChaosError } from '../../../src/testing/chaos-call.ts'
import { chaosLoader } from '../../../src/testing/chaos-loader.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'

const context: LoadContext<never> = {
  signal: new AbortController().signal,
  previous: undefined,
  mayStore: true,
  setTtl: () => undefined,
  setTags: () => undefined,
  skip: () => undefined,
  share: () => undefined,
}

describe('chaosLoader', () => {
  test('fails without calling the loader, with an error of its own or of the test', async () => {
    const unreachable = (): never => expect.unreachable('the loader must not run')
    const outage = new Error('database is down')

    await expect(chaosLoader(unreachable, { faults: { fail: 1 } })(context)).rejects.toEqual(
      new ChaosError('fail'),
    )
    await expect(
      chaosLoader(unreachable, { faults: { fail: 1 }, error: () => outage })(context),
    ).rejects.toBe(outage)
  })

  test('is slow by a latency of the platform', async () => {
    const platform = new ManualPlatform()
    const load = chaosLoader(() => 'value', {
      faults: { latency: 1 },
      latencyMs: [200, 200],
      platform,
    })
    let value: unknown
    const loading = Promise.resolve(load(context)).then((loaded) => {
      value = loaded
    })

    await platform.advance(199)
    expect(value).toBeUndefined()
    await platform.advance(1)
    await loading

    expect(value).toBe('value')
  })

  test('hangs even when it is aborted: the deadline of the cache answers', async () => {
    const platform = new ManualPlatform()
    const cache = new RedisCacheManager({ redis: embeddedTransport({ platform }), platform })
    const load = chaosLoader(() => 'value', { faults: { hang: 1 }, platform })
    const read = cache.getOrSet('k', load, { loaderTimeout: { hard: '1s' } })
    const failed = expect(read).rejects.toThrow(LoaderTimeoutError)

    await platform.advance(1_000)

    await failed
    load.chaos.enabled = false
    expect(await cache.getOrSet('other', load)).toBe('value')
    expect(load.chaos.counts).toEqual({ fail: 0, hang: 1, latency: 0 })
  })

  test('passes on the context and the error of the loader', async () => {
    const outage = new Error('database is down')
    const load = chaosLoader(
      (given) => {
        expect(given).toBe(context)
        throw outage
      },
      { faults: { fail: { when: ({ previous }) => previous !== undefined } } },
    )

    await expect(load(context)).rejects.toBe(outage)
  })
})
