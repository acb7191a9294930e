/**
 * Tests of the bridge's answer to every form of request, for any Redis behind it.
 *
 * @module
 */

import type { Hono } from 'hono'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { bridge } from '../../../src/bridge/index.ts'
import type { Transport } from '../../../src/redis/requester.ts'

const BEARER = { authorization: 'Bearer full' }
const READER = { authorization: 'Bearer reader' }

interface Sent {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: unknown
}

type Row = readonly [url: string, sent: Sent, status: number, answer: unknown]

const list = (body: unknown): Sent => ({ method: 'POST', body })

/** After `SET key value` and `SET number 7`. */
const ROWS: readonly Row[] = [
  // one command in the body
  ['/', list(['GET', 'key']), 200, { result: 'value' }],
  ['/', list(['get', 'key']), 200, { result: 'value' }],
  ['/', list(['SET', 'k', 'v', 'EX', 100]), 200, { result: 'OK' }],
  ['/', list(['GET', 'none']), 200, { result: null }],
  ['/', list(['INCR', 'number']), 200, { result: 8 }],
  ['/', list(['MGET', 'key', 'none']), 200, { result: ['value', null] }],
  ['/', list(['HGETALL', 'none']), 200, { result: [] }],
  ['/', list(['ECHO', true]), 200, { result: 'true' }],
  ['/', list(['ECHO', 1.5]), 200, { result: '1.5' }],
  ['/', list('["ECHO", 12345678901234567890]'), 200, { result: '12345678901234567890' }],
  ['/', list('["ECHO", -0.1234567890123456789]'), 200, { result: '-0.12345678901234568' }],
  ['/', list(['ECHO', 'caf\u00e9 \u{1f600}']), 200, { result: 'caf\u00e9 \u{1f600}' }],
  ['/', list(['INCR', 'key']), 400, { error: expect.stringMatching(/^ERR value is not an int/) }],
  ['/', list(['LPUSH', 'key', 'x']), 400, { error: expect.stringMatching(/^WRONGTYPE /) }],
  ['/', list(['GET']), 400, { error: "ERR wrong number of arguments for 'get' command" }],
  ['/', list(['NOSUCH', 'x']), 400, { error: expect.stringMatching(/^ERR unknown command/) }],
  // invalid commands
  ['/', list([]), 400, { error: 'ERR empty command' }],
  ['/', list(['']), 400, { error: 'ERR empty command' }],
  ['/', list([7]), 400, { error: 'ERR empty command' }],
  ['/', list({}), 400, { error: 'ERR a command is not a list' }],
  ['/', list('{'), 400, { error: expect.stringMatching(/^ERR failed to parse/) }],
  ['/', list(''), 400, { error: expect.stringMatching(/^ERR failed to parse/) }],
  ['/', list(new Uint8Array([0x5b, 0xff])), 400, { error: 'ERR the body is not UTF-8' }],
  ['/', {}, 400, { error: expect.stringMatching(/^ERR failed to parse/) }],
  [
    '/',
    list(['SET', 'key', null]),
    400,
    { error: expect.stringMatching(/^ERR argument 2 is null/) },
  ],
  ['/', list(['SET', 'key', { a: 1 }]), 400, { error: expect.stringMatching(/^ERR argument 2/) }],
  ['/', list([['GET', 'key']]), 400, { error: 'ERR empty command' }],
  // commands in the path
  ['/get/key', {}, 200, { result: 'value' }],
  ['/get/key/', {}, 200, { result: 'value' }],
  ['/GET/key', { method: 'PUT' }, 200, { result: 'value' }],
  ['/get/key', { method: 'POST' }, 200, { result: 'value' }],
  ['/echo/a%20b%2Fc%3F%C3%A9', {}, 200, { result: 'a b/c?\u00e9' }],
  ['/echo/a+b', {}, 200, { result: 'a+b' }],
  ['/echo//', {}, 200, { result: '' }],
  ['/set/k/v/EX/100', {}, 200, { result: 'OK' }],
  ['/echo/%zz', {}, 400, { error: 'ERR broken percent-encoding' }],
  ['/echo', list('the body'), 200, { result: 'the body' }],
  ['/set/k?EX=100', list('the body'), 200, { result: 'OK' }],
  ['/set/key?NX', list('other'), 200, { result: null }],
  ['/set/key?NX&EX=100', list('other'), 200, { result: null }],
  ['/set/key?XX=&GET', list('other'), 200, { result: 'value' }],
  ['/echo?a%20b+c', {}, 200, { result: 'a b c' }],
  ['/echo?x&_token=ignored', {}, 200, { result: 'x' }],
  ['/mset/a/1?b=2', {}, 200, { result: 'OK' }],
  // batches
  [
    '/pipeline',
    list([
      ['SET', 'a', 1],
      ['INCR', 'key'],
      ['CONFIG', 'GET', '*'],
      ['GET', 'a'],
    ]),
    200,
    [
      { result: 'OK' },
      { error: expect.stringMatching(/^ERR value is not/) },
      { error: 'ERR CONFIG is not available over REST' },
      { result: '1' },
    ],
  ],
  ['/pipeline', list([]), 200, []],
  ['/pipeline', list([['SELECT', '1']]), 200, [{ error: 'ERR SELECT is not available over REST' }]],
  ['/pipeline', list({}), 400, { error: 'ERR the body is not a list of commands' }],
  ['/pipeline', list(['GET', 'key']), 400, { error: 'ERR a command is not a list' }],
  [
    '/pipeline',
    list([
      ['SET', 'key', 'x'],
      ['SET', 'k', null],
    ]),
    400,
    { error: expect.any(String) },
  ],
  ['/pipeline/more', list([]), 400, { error: 'ERR nothing follows /pipeline in a path' }],
  [
    '/multi-exec',
    list([
      ['SET', 'a', 1],
      ['INCR', 'key'],
      ['INCR', 'a'],
    ]),
    200,
    [{ result: 'OK' }, { error: expect.stringMatching(/^ERR value is not/) }, { result: 2 }],
  ],
  ['/multi-exec', list([]), 200, []],
  [
    '/multi-exec',
    list([['SET', 'key', 'x'], ['GET']]),
    400,
    { error: expect.stringMatching(/^EXECABORT .*wrong number of arguments for 'get'/) },
  ],
  [
    '/multi-exec',
    list([
      ['SET', 'key', 'x'],
      ['WATCH', 'a'],
    ]),
    400,
    { error: expect.stringMatching(/^EXECABORT .*WATCH is not available over REST/) },
  ],
  // tokens and permissions
  ['/get/key', { headers: {} }, 401, { error: 'WRONGPASS invalid or missing auth token' }],
  ['/get/key', { headers: { authorization: 'Bearer fullx' } }, 401, { error: expect.any(String) }],
  ['/get/key', { headers: { authorization: 'Bearer ful' } }, 401, { error: expect.any(String) }],
  ['/get/key', { headers: { authorization: 'Basic full' } }, 401, { error: expect.any(String) }],
  ['/get/key', { headers: { authorization: 'bearer full' } }, 200, { result: 'value' }],
  ['/get/key?_token=full', { headers: {} }, 200, { result: 'value' }],
  ['/get/key?_token=wrong', { headers: {} }, 401, { error: expect.any(String) }],
  [
    '/get/key?_token=full',
    { headers: { authorization: 'Bearer x' } },
    401,
    { error: expect.any(String) },
  ],
  ['/metrics', { headers: {} }, 401, { error: expect.any(String) }],
  ['/get/key', { method: 'DELETE' }, 405, { error: expect.any(String) }],
  ['/', { method: 'OPTIONS' }, 405, { error: expect.any(String) }],
  ['/get/key', { headers: READER }, 200, { result: 'value' }],
  ['/', { ...list(['MGET', 'key']), headers: READER }, 200, { result: ['value'] }],
  ...['set/key/x', 'del/key', 'incr/key', 'publish/c/m', 'flushall', 'eval/return%201/0'].map(
    (path): Row => [
      `/${path}`,
      { headers: READER },
      400,
      {
        error: expect.stringMatching(/^NOPERM this user has no permissions to run the '[a-z]+' c/),
      },
    ],
  ),
  ...['keys/*', 'scan/0', 'randomkey', 'eval_ro/return%201/0'].map(
    (path): Row => [
      `/${path}`,
      { headers: READER },
      400,
      { error: expect.stringMatching(/^NOPERM/) },
    ],
  ),
  [
    '/pipeline',
    {
      ...list([
        ['GET', 'key'],
        ['SET', 'key', 'x'],
      ]),
      headers: READER,
    },
    200,
    [{ result: 'value' }, { error: expect.stringMatching(/^NOPERM/) }],
  ],
  [
    '/multi-exec',
    {
      ...list([
        ['GET', 'key'],
        ['SET', 'key', 'x'],
      ]),
      headers: READER,
    },
    400,
    { error: expect.stringMatching(/^EXECABORT .*NOPERM/) },
  ],
  // refused requests
  ...`BLPOP BRPOP BLMOVE BZPOPMIN MONITOR CONFIG SHUTDOWN SELECT MULTI EXEC WATCH UNWATCH DISCARD
  SUBSCRIBE PSUBSCRIBE DEBUG CLIENT AUTH HELLO QUIT RESET WAIT REPLICAOF ACL CLUSTER`
    .split(/\s+/)
    .map(
      (name): Row => [
        '/',
        list([name.toLowerCase(), 'x']),
        400,
        { error: `ERR ${name} is not available over REST` },
      ],
    ),
  [
    '/',
    list(['XREAD', 'BLOCK', 0, 'STREAMS', 's', '$']),
    400,
    { error: 'ERR XREAD is not available over REST' },
  ],
  [
    '/',
    list(['XREADGROUP', 'group', 'Streams', 'c', 'block', 0, 'STREAMS', 's', '>']),
    400,
    { error: 'ERR XREADGROUP is not available over REST' },
  ],
  ['/monitor', list([]), 400, { error: 'ERR MONITOR is not available over REST' }],
  ['/subscribe', list([]), 400, { error: "ERR wrong number of arguments for 'subscribe' command" }],
  // encodings
  ['/get/key', { headers: { 'upstash-encoding': 'base64' } }, 200, { result: btoa('value') }],
  [
    '/mget/key/none',
    { headers: { 'upstash-encoding': 'base64' } },
    200,
    { result: [btoa('value'), null] },
  ],
  ['/set/k/v', { headers: { 'upstash-encoding': 'base64' } }, 200, { result: 'OK' }],
  ['/echo/OK', { headers: { 'upstash-encoding': 'base64' } }, 200, { result: 'OK' }],
  ['/ping', { headers: { 'upstash-encoding': 'base64' } }, 200, { result: btoa('PONG') }],
  [
    '/incr/key',
    { headers: { 'upstash-encoding': 'base64' } },
    400,
    { error: expect.stringMatching(/^ERR v/) },
  ],
  ['/echo/%C3%A9', { headers: { 'upstash-encoding': 'base64' } }, 200, { result: 'w6k=' }],
  ['/get/key', { headers: { 'upstash-response-format': 'json' } }, 200, { result: 'value' }],
  [
    '/get/key',
    { headers: { 'upstash-response-format': 'resp3' } },
    400,
    { error: expect.any(String) },
  ],
  [
    '/get/key',
    { headers: { 'upstash-response-format': 'resp2', 'upstash-encoding': 'base64' } },
    400,
    { error: 'ERR resp2 cannot be combined with base64' },
  ],
  [
    '/multi-exec',
    { ...list([['PING']]), headers: { 'upstash-response-format': 'resp2' } },
    400,
    { error: 'ERR resp2 is not available for /multi-exec' },
  ],
  ['/', { ...list(['PING']), headers: { 'content-type': 'text/plain' } }, 200, { result: 'PONG' }],
  [
    '/',
    { ...list(['PING']), headers: { 'content-type': 'application/json; charset=utf-8' } },
    200,
    { result: 'PONG' },
  ],
]

const RESP2: readonly (readonly [url: string, body: unknown, status: number, answer: string])[] = [
  ['/', ['SET', 'k', 'v'], 200, '+OK\r\n'],
  ['/', ['GET', 'key'], 200, '$5\r\nvalue\r\n'],
  ['/', ['ECHO', '\u00e9'], 200, '$2\r\n\u00e9\r\n'],
  ['/', ['GET', 'none'], 200, '$-1\r\n'],
  ['/', ['INCR', 'number'], 200, ':8\r\n'],
  ['/', ['MGET', 'key', 'none'], 200, '*2\r\n$5\r\nvalue\r\n$-1\r\n'],
  ['/', ['GET'], 400, "-ERR wrong number of arguments for 'get' command\r\n"],
  [
    '/pipeline',
    [['GET', 'key'], ['GET'], ['PING']],
    200,
    "*3\r\n$5\r\nvalue\r\n-ERR wrong number of arguments for 'get' command\r\n$4\r\nPONG\r\n",
  ],
]

/** Registers the tests, each on a Redis that is empty at first. */
export function describeProtocol(name: string, makeTransport: () => Promise<Transport>): void {
  describe(`the bridge over ${name}`, () => {
    let transport: Transport
    let app: Hono

    beforeEach(async () => {
      transport = await makeTransport()
      await transport.request({ path: [], body: ['FLUSHALL'] })
      await transport.request({ path: [], body: ['MSET', 'key', 'value', 'number', '7'] })
      app = bridge({
        redis: transport,
        token: 'full',
        readOnlyToken: 'reader',
        maxBodyBytes: 1_000,
      })
    })

    afterEach(() => transport.close())

    async function send(
      url: string,
      { method = 'GET', headers, body }: Sent = {},
    ): Promise<Response> {
      const text =
        body === undefined || typeof body === 'string' || body instanceof Uint8Array
          ? (body as string | Uint8Array<ArrayBuffer> | undefined)
          : JSON.stringify(body)
      // The token is added to the given headers, unless they contain an authorization.
      const who = headers && (Object.keys(headers).length === 0 || 'authorization' in headers)
      return app.request(url, {
        method,
        headers: who ? headers : { ...BEARER, ...headers },
        ...(text !== undefined && { body: text }),
      })
    }

    test.each(ROWS)('%s %j is answered with %i %j', async (url, sent, status, answer) => {
      const response = await send(url, sent)

      expect({ status: response.status, answer: await response.json() }).toEqual({ status, answer })
      expect(response.headers.get('content-type')).toMatch(/^application\/json/)
    })

    test.each(RESP2)('%s %j is answered in RESP2 with %i %j', async (url, body, status, answer) => {
      const headers = { 'upstash-response-format': 'resp2' }

      const response = await send(url, { method: 'POST', headers, body })

      expect({ status: response.status, answer: await response.text() }).toEqual({ status, answer })
      expect(response.headers.get('content-type')).toBe('application/octet-stream')
    })

    test('HEAD runs the command and answers without a body', async () => {
      const response = await send('/incr/number', { method: 'HEAD' })

      expect({ status: response.status, text: await response.text() }).toEqual({
        status: 200,
        text: '',
      })
      expect(await (await send('/get/number')).json()).toEqual({ result: '8' })
    })

    test('a request with an invalid argument runs no command', async () => {
      for (const path of ['/pipeline', '/multi-exec']) {
        const body = [
          ['SET', 'key', 'changed'],
          ['SET', 'k', null],
        ]
        expect((await send(path, { method: 'POST', body })).status).toBe(400)
      }
      await send('/multi-exec', { method: 'POST', body: [['SET', 'key', 'changed'], ['GET']] })

      expect(await (await send('/get/key')).json()).toEqual({ result: 'value' })
    })

    test('OK inside a list is encoded, because clients decode it there', async () => {
      await send('/set/ok/OK')
      const headers = { 'upstash-encoding': 'base64' }

      expect(await (await send('/mget/ok', { headers })).json()).toEqual({ result: [btoa('OK')] })
    })

    test('the sync token increases with every response', async () => {
      const tokens: number[] = []
      for (const url of ['/get/key', '/get', '/set/k/v']) {
        tokens.push(Number((await send(url)).headers.get('upstash-sync-token')))
      }

      expect(tokens).toEqual([...tokens].sort((a, b) => a - b))
      expect(new Set(tokens).size).toBe(3)
    })

    test('a body that is too long is refused, with and without Content-Length', async () => {
      const error = 'ERR max request size exceeded. Limit: 1000 bytes'
      const body = 'x'.repeat(1_001)
      const told = await send('/set/key', {
        method: 'POST',
        headers: { 'content-length': '1001' },
        body,
      })
      const untold = await send('/set/key', { method: 'POST', body })

      expect([told.status, await told.json()]).toEqual([400, { error }])
      expect([untold.status, await untold.json()]).toEqual([400, { error }])
      expect(await (await send('/get/key')).json()).toEqual({ result: 'value' })
    })

    test('concurrent transactions stay atomic among other writes', async () => {
      const rounds = Array.from({ length: 50 }, async (_, i) => {
        const transaction = send('/multi-exec', {
          method: 'POST',
          body: [
            ['SET', 'shared', `${i}`],
            ['GET', 'shared'],
            ['INCR', 'n'],
            ['INCR', 'n'],
          ],
        })
        const noise = [send('/set/shared/noise'), send('/incr/n')]
        const [, own, first, second] = (await (await transaction).json()) as { result: number }[]
        await Promise.all(noise)
        return own?.result === (`${i}` as never) && second?.result === (first?.result ?? 0) + 1
      })

      expect((await Promise.all(rounds)).filter((whole) => !whole)).toEqual([])
    })

    test('/health reports whether Redis answers, without a token', async () => {
      const healthy = await app.request('/health')
      await transport.close()
      const closed = await app.request('/health')

      expect([healthy.status, await healthy.json()]).toEqual([200, { status: 'ok' }])
      expect([closed.status, await closed.json()]).toEqual([503, { status: 'unavailable' }])
      expect((await send('/get/key')).status).toBe(503)
    })
  })
}
