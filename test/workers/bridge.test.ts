import { bridge } from 'nearcache/bridge'
import { embeddedTransport } from 'nearcache/redis/embedded'
import { expect, test } from 'vitest'

const headers = { authorization: 'Bearer token' }

test('the bridge runs in workerd: commands, batches, base64, RESP2', async () => {
  const app = bridge({ redis: embeddedTransport(), token: 'token' })
  const post = async (path: string, body: unknown, more: Record<string, string> = {}) => {
    const sent = { method: 'POST', headers: { ...headers, ...more }, body: JSON.stringify(body) }
    const response = await app.request(path, sent)
    return new TextDecoder().decode(await response.arrayBuffer())
  }

  expect(await post('/', ['SET', 'key', 'caf\u00e9'])).toBe('{"result":"OK"}')
  expect(await post('/pipeline', [['GET', 'key'], ['GET']])).toBe(
    `[{"result":"caf\u00e9"},{"error":"ERR wrong number of arguments for 'get' command"}]`,
  )
  expect(
    await post('/multi-exec', [
      ['INCR', 'n'],
      ['INCR', 'n'],
    ]),
  ).toBe('[{"result":1},{"result":2}]')
  expect(await post('/', ['GET', 'key'], { 'upstash-encoding': 'base64' })).toBe(
    '{"result":"Y2Fmw6k="}',
  )
  expect(await post('/', ['STRLEN', 'key'], { 'upstash-response-format': 'resp2' })).toBe(':5\r\n')
})

test('a subscription in workerd is a stream of events', async () => {
  const app = bridge({ redis: embeddedTransport(), token: 'token' })
  const response = await app.request('/subscribe/chat', { method: 'POST', headers })
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()

  await app.request('/publish/chat/hello', { headers })

  expect((await reader?.read())?.value).toBe('data: subscribe,chat,1\n\n')
  expect((await reader?.read())?.value).toBe('data: message,chat,hello\n\n')
  await reader?.cancel()
})
