import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Transport } from '../../../src/redis/requester.ts'
import { type RestOptions, restTransport } from '../../../src/redis/rest.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import {
  echoRequester,
  type Fault,
  type RestEndpoint,
  startRestEndpoint,
} from '../../support/rest-endpoint.ts'
import { WAYS } from '../../support/rest-fetches.ts'

const KEY = 'SENTINEL-key'
const TOKEN = 'SENTINEL-token'

describe.each(WAYS)('the rest transport $name', ({ options: way }) => {
  let endpoint: RestEndpoint
  let transport: Transport

  beforeEach(async () => {
    endpoint = await startRestEndpoint({ requester: echoRequester, token: TOKEN })
    transport = connect()
  })

  afterEach(async () => {
    await transport.close()
    await endpoint.stop()
  })

  function connect(options: Partial<RestOptions> = {}): Transport {
    return restTransport({
      url: endpoint.url,
      token: TOKEN,
      platform: new ManualPlatform({ startAt: Date.UTC(2026, 10, 24, 12) }),
      ...way,
      ...options,
    })
  }

  function failWith(fault: Fault): void {
    endpoint.respond = () => fault
  }

  const failure = (request: Promise<unknown>): Promise<unknown> =>
    request.then(
      () => expect.unreachable('the request must fail'),
      (error: unknown) => error,
    )

  test('posts JSON with the token and no telemetry headers', async () => {
    await transport.request({ path: ['pipeline'], body: [['GET', KEY]] })

    const [request] = endpoint.requests
    expect(request?.path).toEqual(['pipeline'])
    expect(request?.body).toEqual([['GET', KEY]])
    expect(request?.headers).toMatchObject({
      authorization: `Bearer ${TOKEN}`,
      'content-type': 'application/json',
    })
    expect(Object.keys(request?.headers ?? {}).join()).not.toMatch(
      /telemetry|sync-token|encoding: b/,
    )
  })

  test('does not retry by itself', async () => {
    failWith({ status: 503, body: '' })

    await failure(transport.request({ body: ['GET', KEY] }))

    expect(endpoint.requests).toHaveLength(1)
  })

  test('keeps the path of its url', async () => {
    await connect({ url: `${endpoint.url}/base/` })
      .request({ body: ['PING'] })
      .catch(() => 0)

    expect(endpoint.requests[0]?.path).toEqual(['base'])
  })

  test('passes only options to fetch that every runtime accepts', async () => {
    const fetch = vi.fn(globalThis.fetch)

    await connect({ fetch }).request({ body: ['PING'] })

    const init = fetch.mock.calls[0]?.[1] ?? {}
    expect(Object.keys(init).sort()).toEqual(['body', 'headers', 'method', 'redirect', 'signal'])
    // workerd does not support 'error'.
    expect(init.redirect).toBe('manual')
  })

  test('looks up the global fetch for each request, so that instrumentation works', async () => {
    const original = globalThis.fetch
    const instrumented = vi.fn(original)
    globalThis.fetch = instrumented
    try {
      await restTransport({ url: endpoint.url, token: TOKEN }).request({ body: ['PING'] })
    } finally {
      globalThis.fetch = original
    }

    expect(instrumented).toHaveBeenCalledOnce()
  })

  test('does not let a header of a request replace the token', async () => {
    await transport.request({ body: ['PING'], headers: { Authorization: 'Bearer other' } })

    expect(endpoint.requests[0]?.headers.authorization).toBe(`Bearer ${TOKEN}`)
  })

  const json = (body: unknown, status = 200): Fault => ({ status, body: JSON.stringify(body) })

  test.each([
    ['of a declared length', {}],
    ['in chunks', { 'transfer-encoding': 'chunked' }],
  ])('accepts a reply %s up to exactly `maxReplyBytes`', async (_how, headers) => {
    const capped = connect({ maxReplyBytes: 100 })
    const body = JSON.stringify({ result: '' })
    const fill = (bytes: number): Fault => ({
      status: 200,
      body: JSON.stringify({ result: 'x'.repeat(bytes - body.length) }),
      headers,
    })

    failWith(fill(100))
    expect(await capped.request({ body: ['GET', KEY] })).toHaveProperty('result')

    failWith(fill(101))
    const error = await failure(capped.request({ body: ['GET', KEY] }))
    expect(error).toMatchObject({ reason: 'reply too large', retryable: false })
  })

  test('treats a reply that is not base64 as malformed, if base64 was requested', async () => {
    const encoded = connect({ encoding: 'base64' })
    failWith(json({ result: '{not base64}' }))

    const error = await failure(encoded.request({ body: ['GET', KEY] }))

    expect(endpoint.requests[0]?.headers['upstash-encoding']).toBe('base64')
    expect(error).toMatchObject({ reason: 'malformed reply' })
  })

  describe('when its signal is aborted', () => {
    const reason = new Error('deadline')

    test('rejects with its reason while the server does not answer', async () => {
      const controller = new AbortController()
      endpoint.respond = () => {
        controller.abort(reason)
        return 'hang'
      }

      const request = transport.request({ body: ['GET', KEY], signal: controller.signal })

      await expect(request).rejects.toBe(reason)
    })

    test('rejects with its reason while the body is incomplete', async () => {
      const controller = new AbortController()
      const half = new ReadableStream({
        start: (body) => body.enqueue(new TextEncoder().encode('{"result":')),
        pull: () => controller.abort(reason),
      })
      const fetch = async (): Promise<Response> => new Response(half)

      const request = connect({ fetch }).request({ body: ['PING'], signal: controller.signal })

      await expect(request).rejects.toBe(reason)
    })

    test('rejects even if fetch ignores the signal', async () => {
      const controller = new AbortController()
      const deaf = (): Promise<never> => new Promise(() => controller.abort(reason))

      const request = connect({ fetch: deaf }).request({
        body: ['PING'],
        signal: controller.signal,
      })

      await expect(request).rejects.toBe(reason)
    })

    test('does not send a request if the signal was already aborted', async () => {
      const request = transport.request({ body: ['PING'], signal: AbortSignal.abort(reason) })

      await expect(request).rejects.toBe(reason)
      expect(endpoint.requests).toHaveLength(0)
    })
  })
})
