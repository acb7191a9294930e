import { expect, test, vi } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { cachedFetch } from '../../../src/http/index.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { eventually } from '../../support/eventually.ts'
import { liveHeapBytes } from '../../support/live-heap.ts'

test('the body of a response that is too large to store and dropped unread is cancelled', async () => {
  const cancel = vi.fn()
  // Holds the body, as a connection does.
  const sources: ReadableStream[] = []
  const origin = async (): Promise<Response> => {
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(64)),
      cancel,
    })
    sources.push(body)
    return new Response(body, { headers: { 'cache-control': 'max-age=60' } })
  }
  const cache = new RedisCacheManager({ redis: embeddedTransport() })
  const fetch = cachedFetch({ cache: cache.namespace('http'), fetch: origin, maxBodyBytes: 100 })

  expect((await fetch('https://origin.example/')).status).toBe(200)

  await eventually(() => {
    liveHeapBytes()
    expect(cancel).toHaveBeenCalledOnce()
  })
  expect(sources).toHaveLength(1)
})
