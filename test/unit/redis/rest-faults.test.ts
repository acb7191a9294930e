import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Transport } from '../../../src/redis/requester.ts'
import { type RestOptions, restTransport } from '../../../src/redis/rest.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { everythingIn } from '../../support/leaks.ts'
import {
  echoRequester,
  type Fault,
  type RestEndpoint,
  startRestEndpoint,
} from '../../support/rest-endpoint.ts'
import { WAYS } from '../../support/rest-fetches.ts'

const KEY = 'SENTINEL-key'
const VALUE = 'SENTINEL-value'
const TOKEN = 'SENTINEL-token'

describe.each(WAYS)('the rest transport, in case of failures $name', ({ options: way }) => {
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

  const json = (body: unknown, status = 200): Fault => ({ status, body: JSON.stringify(body) })
  const html: string = `<html>${VALUE} ${KEY} ${TOKEN}</html>`
  test.each<[string, Fault, object]>([
    ['a broken connection', 'reset', { applied: 'unknown', retryable: true }],
    [
      '401',
      json({ error: `WRONGPASS ${TOKEN}` }, 401),
      { reason: 'HTTP 401', applied: 'no', retryable: false },
    ],
    ['403', json({ error: VALUE }, 403), { reason: 'HTTP 403', retryable: false }],
    [
      '429',
      { status: 429, body: VALUE, headers: { 'retry-after': '7' } },
      { reason: 'HTTP 429', applied: 'no', retryable: true, retryAfterMs: 7_000 },
    ],
    [
      '500',
      json({ error: VALUE }, 500),
      { reason: 'HTTP 500', applied: 'unknown', retryable: false },
    ],
    [
      '503 until a date',
      { status: 503, body: html, headers: { 'retry-after': 'Tue, 24 Nov 2026 12:00:02 GMT' } },
      { reason: 'HTTP 503', retryable: true, retryAfterMs: 2_000 },
    ],
    [
      '400 of a server on the way',
      { status: 400, body: html },
      { reason: 'HTTP 400', retryable: false },
    ],
    [
      'a page instead of a reply',
      { status: 200, body: html },
      { reason: 'not JSON', retryable: false },
    ],
    ['half a reply', { status: 200, body: `{"result":"${VALUE}` }, { reason: 'not JSON' }],
    ['nothing', { status: 200, body: '' }, { reason: 'not JSON' }],
    ['a reply without a result', json({ value: VALUE }), { reason: 'malformed reply' }],
    ['a bare value', json(VALUE), { reason: 'malformed reply' }],
    ['null', json(null), { reason: 'malformed reply' }],
    ['a list for one command', json([{ result: VALUE }]), { reason: 'malformed reply' }],
    [
      'a redirect',
      { status: 307, body: '', headers: { location: `http://127.0.0.1:1/${TOKEN}` } },
      { reason: 'redirected', applied: 'no', retryable: false },
    ],
  ])('rejects for %s, without key, value or token in the error', async (_, fault, expected) => {
    failWith(fault)

    const error = await failure(transport.request({ body: ['SET', KEY, VALUE] }))

    expect(error).toMatchObject({ code: 'ERR_REMOTE', operation: 'SET', ...expected })
    expect(everythingIn(error)).not.toContain('SENTINEL')
    expect(endpoint.requests).toHaveLength(1)
  })

  test('gives the error code of a broken connection as the reason', async () => {
    failWith('reset')

    const error = await failure(transport.request({ body: ['SET', KEY, VALUE] }))

    expect(['ECONNRESET', 'UND_ERR_SOCKET']).toContain((error as { reason: string }).reason)
  })

  test('rejects for a refused connection with `applied: no`', async () => {
    const { url } = endpoint
    await endpoint.stop()

    const error = await failure(transport.request({ body: ['SET', KEY, VALUE] }))

    expect(error).toMatchObject({ reason: 'ECONNREFUSED', applied: 'no', retryable: true })
    expect(everythingIn(error)).not.toContain(new URL(url).port)
    expect(everythingIn(error)).not.toContain('SENTINEL')
  })

  test("redacts an error of the caller's fetch", async () => {
    const fetch = (): never => {
      throw new Error(VALUE, { cause: { code: KEY, headers: TOKEN } })
    }

    const error = await failure(connect({ fetch }).request({ body: ['SET', KEY, VALUE] }))

    expect(error).toMatchObject({ code: 'ERR_REMOTE', reason: 'network' })
    expect(everythingIn(error)).not.toContain('SENTINEL')
  })

  test('resolves with the error reply to one command, unchanged', async () => {
    failWith(json({ error: 'ERR wrong number of arguments' }, 400))

    const answer = await transport.request({ body: ['GET'] })

    expect(answer).toEqual({ error: 'ERR wrong number of arguments' })
  })

  test('resolves with the error reply to a whole transaction', async () => {
    failWith(json({ error: 'EXECABORT Transaction discarded' }, 400))

    const answer = await transport.request({ path: ['multi-exec'], body: [['GET']] })

    expect(answer).toEqual({ error: 'EXECABORT Transaction discarded' })
  })

  test('rejects if a whole pipeline is refused, with a reason that contains no data', async () => {
    failWith(json({ error: `ERR max request size exceeded: ${VALUE}` }, 400))

    const error = await failure(
      transport.request({ path: ['pipeline'], body: [['SET', KEY, VALUE]] }),
    )

    expect(error).toMatchObject({ operation: 'pipeline', reason: 'request too large' })
    expect(everythingIn(error)).not.toContain('SENTINEL')
  })

  test.each([
    [[{ result: 1 }]],
    [[{ result: 1 }, { result: 2 }, { result: 3 }]],
    [[{ result: 1 }, {}]],
    [[{ result: 1 }, null]],
    [{ result: 1 }],
    [{ error: 7 }],
  ])('rejects the malformed answer %j to two commands', async (body) => {
    failWith(json(body))
    const commands = [['PING'], ['PING']]

    for (const path of ['pipeline', 'multi-exec']) {
      const error = await failure(transport.request({ path: [path], body: commands }))
      expect(error).toMatchObject({ operation: path, reason: 'malformed reply' })
    }
  })
})
