import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bridge } from '../../../src/bridge/index.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { amount } from '../../support/deep.ts'
import { found } from '../../support/findings.ts'

const RUNS = amount(1_500, 50_000)

const word = fc.oneof(
  fc.constantFrom('GET', 'set', 'MGET', 'EVAL', 'SCAN', 'key', '0', '-1', '', 'EX', 'NX', 'XREAD'),
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.webSegment(),
)
const json = fc.oneof(
  fc.array(word, { maxLength: 5 }),
  fc.array(fc.array(fc.oneof(word, fc.double(), fc.constant(null)), { maxLength: 4 })),
  fc.jsonValue(),
)
const body = fc.oneof(
  json.map((value) => new TextEncoder().encode(JSON.stringify(value) ?? '')),
  fc.uint8Array({ maxLength: 64 }),
)
const path = fc.oneof(
  fc.constantFrom('/', '/pipeline', '/multi-exec', '/monitor', '/metrics', '/subscribe'),
  fc
    .array(word.map(encodeURIComponentSafely), { maxLength: 5 })
    .map((parts) => `/${parts.join('/')}`),
  fc.string({ unit: 'grapheme-ascii', maxLength: 20 }).map((text) => `/${text}`),
)
const query = fc.oneof(
  fc.constant(''),
  fc.webQueryParameters().map((text) => `?${text}`),
  fc.constantFrom('?_token=token', '?EX=100', '?NX', '?%ff', '?=&&=%'),
)
const header = fc.constantFrom('', 'base64', 'json', 'resp2', 'BASE64', 'nonsense')

function encodeURIComponentSafely(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}

test('any request is answered with a status and a body that the protocol defines', async ({
  task,
}) => {
  const app = bridge({ redis: embeddedTransport(), token: 'token', maxBodyBytes: 100_000 })
  const statuses: Record<string, number> = {}
  let run = 0

  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'),
      path,
      query,
      body,
      header,
      header,
      async (method, pathname, search, bytes, encoding, format) => {
        const response = await app.request(`http://localhost${pathname}${search}`, {
          method,
          headers: {
            authorization: 'Bearer token',
            'upstash-encoding': encoding,
            'upstash-response-format': format,
          },
          ...(method !== 'GET' && method !== 'HEAD' && { body: new Uint8Array(bytes) }),
        })
        run++
        statuses[response.status] = (statuses[response.status] ?? 0) + 1

        expect([200, 400, 405]).toContain(response.status)
        const type = response.headers.get('content-type') ?? ''
        if (type.startsWith('text/event-stream')) return void (await response.body?.cancel())
        const text = await response.text()
        if (method !== 'HEAD' && type.startsWith('application/json')) JSON.parse(text)
      },
    ),
    { numRuns: RUNS },
  )

  found(task, 'fuzzed requests to the bridge', { run, violations: 0 })
  expect(Object.keys(statuses).sort()).toEqual(['200', '400', '405'])
})
