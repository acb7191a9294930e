import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { InvalidOptionError } from '../../../src/errors.ts'
import { EmbeddedRedis, embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { Transport } from '../../../src/redis/requester.ts'
import { restTransport } from '../../../src/redis/rest.ts'
import { type ChaosFetchOptions, chaosFetch } from '../../../src/testing/chaos-fetch.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { type RestEndpoint, startRestEndpoint } from '../../support/rest-endpoint.ts'

const APPEND = { path: [], body: ['APPEND', 'k', 'x'] }

describe('chaosFetch, under restTransport,', () => {
  let engine: EmbeddedRedis
  let endpoint: RestEndpoint

  beforeEach(async () => {
    engine = new EmbeddedRedis()
    endpoint = await startRestEndpoint({ requester: embeddedTransport({ engine }) })
  })

  afterEach(() => endpoint.stop())

  function make(options: ChaosFetchOptions): Transport {
    const { url, token } = endpoint
    return restTransport({ url, token, fetch: chaosFetch(options) })
  }

  const stored = (): unknown => engine.execute(['GET', 'k']).result

  test('passes on every request without a fault', async () => {
    const transport = make({ faults: { fail: { when: ({ method }) => method !== 'POST' } } })

    expect(await transport.request(APPEND)).toEqual({ result: 1 })
  })

  test.each([
    ['fail', { reason: 'ECONNREFUSED', applied: 'no' }, null],
    ['loseReply', { reason: 'ECONNRESET', applied: 'unknown' }, 'x'],
    ['html', { reason: 'not JSON', applied: 'unknown' }, null],
    ['truncate', { reason: 'not JSON', applied: 'unknown' }, 'x'],
  ] as const)('%s reaches the transport as %j', async (kind, error, left) => {
    await expect(make({ faults: { [kind]: 1 } }).request(APPEND)).rejects.toMatchObject(error)
    expect(stored()).toBe(left)
  })

  test('answers with statuses, some of them after the request was applied', async () => {
    const transport = make({ faults: { status: 1 } })
    const seen = new Set<string>()
    for (let i = 0; i < 60; i++) {
      engine.execute(['DEL', 'k'])
      const error = await transport.request(APPEND).catch((thrown: unknown) => thrown)
      seen.add(`${(error as { reason: string }).reason}, ${stored() ? 'applied' : 'not applied'}`)
    }

    expect([...seen].sort()).toEqual([
      'HTTP 429, not applied',
      ...[500, 502, 503, 504].flatMap((s) => [`HTTP ${s}, applied`, `HTTP ${s}, not applied`]),
    ])
  })

  test('sends twice, at once and late', async () => {
    const platform = new ManualPlatform()
    const twice = make({ faults: { duplicate: 1 } })
    const later = make({ faults: { lateDuplicate: 1 }, platform, latencyMs: [5, 5] })

    await twice.request(APPEND)
    expect(stored()).toBe('xx')
    await later.request(APPEND)
    expect(stored()).toBe('xxx')
    const late = platform.settle()
    platform.jump(5)
    await late

    expect(stored()).toBe('xxxx')
  })

  test('hangs until it is aborted', async () => {
    const controller = new AbortController()
    const request = make({ faults: { hang: 1 } }).request({ ...APPEND, signal: controller.signal })
    controller.abort('enough')

    await expect(request).rejects.toBe('enough')
    expect(endpoint.requests).toEqual([])
  })

  test('can be given a Request, and chooses by method and address', async () => {
    const urls: string[] = []
    const fetch = chaosFetch({
      faults: { duplicate: 1 },
      when: ({ url, method }) => url.endsWith('/b') && method === 'PUT',
      fetch: async (input) => {
        urls.push((input as Request).url)
        return new Response(await (input as Request).text())
      },
    })
    const put = (path: string): Request =>
      new Request(`http://host/${path}`, { method: 'put', body: 'text' })

    expect(await (await fetch(put('a'))).text()).toBe('text')
    expect(await (await fetch(put('b'))).text()).toBe('text')
    expect(urls).toEqual(['http://host/a', 'http://host/b', 'http://host/b'])
  })

  test.each(['loseReply', 'duplicate', 'status'] as const)(
    '%s cancels the bodies of answers that nobody reads',
    async (kind) => {
      let [opened, cancelled, passedOn] = [0, 0, 0]
      const fetch = chaosFetch({
        faults: { [kind]: 1 },
        fetch: async () => {
          opened++
          return new Response(new ReadableStream({ cancel: () => void cancelled++ }))
        },
      })
      for (let i = 0; i < 20; i++) {
        const response = await fetch('http://host').catch(() => undefined)
        if (kind === 'duplicate' && response) passedOn++
      }

      expect(opened).toBeGreaterThan(0)
      expect(cancelled).toBe(opened - passedOn)
    },
  )

  test.each([[[]], [[200]], [[503.5]], [[600]]])('refuses the statuses %j', (statuses) => {
    expect(() => chaosFetch({ statuses })).toThrow(
      expect.objectContaining({ option: 'statuses', name: InvalidOptionError.name }),
    )
  })
})
