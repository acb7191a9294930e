import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Transport } from '../../src/redis/requester.ts'
import { tcpTransport } from '../../src/redis/tcp/index.ts'
import { eventually } from '../support/eventually.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { describeWithRedis } from '../support/with-redis.ts'
import { type BridgeServer, startBridge } from '../unit/bridge/bridge-server.ts'

const APP = { username: 'SENTINEL-user', password: 'SENTINEL-password' }
const RULES = `${APP.username} on >${APP.password} ~* &* +@all`.split(' ')

describeWithRedis('the bridge before a Redis with an ACL user', () => {
  let server: RedisServer
  let admin: Transport
  let transport: Transport
  let bridge: BridgeServer

  beforeEach(async () => {
    server = await startRedisServer(['--user', ...RULES])
    admin = tcpTransport({ url: server.url })
    transport = tcpTransport({ host: '127.0.0.1', port: server.port, ...APP, strings: 'bytes' })
    bridge = await startBridge(transport, { heartbeatMs: 100 })
  })
  afterEach(async () => {
    await bridge.stop()
    await transport.close()
    await admin.close()
    await server.stop()
  })

  const setUser = (...rules: string[]): Promise<unknown> =>
    admin.request({ body: ['ACL', 'SETUSER', APP.username, ...rules] })
  const get = (path: string): Promise<Response> =>
    fetch(`${bridge.url}${path}`, { headers: { authorization: `Bearer ${bridge.token}` } })
  const seen = async (path: string): Promise<readonly [status: number, text: string]> => {
    const response = await get(path)
    return [response.status, await response.text()]
  }
  const refused = '{"error":"ERR the database did not answer: WRONGPASS"}'

  test('answers 503 with the reason while its user is refused, and recovers without a restart', async () => {
    expect(await seen('/set/key/value')).toEqual([200, '{"result":"OK"}'])

    await admin.request({ body: ['ACL', 'DELUSER', APP.username] })

    await eventually(async () => expect(await seen('/get/key')).toEqual([503, refused]))
    expect(await seen('/subscribe/chat')).toEqual([503, refused])
    expect((await seen('/health'))[0]).toBe(503)
    expect((await seen('/metrics'))[1]).not.toContain('SENTINEL')

    await setUser(...RULES.slice(1))
    await eventually(async () =>
      expect(await seen('/get/key')).toEqual([200, '{"result":"value"}']),
    )
    expect((await seen('/health'))[0]).toBe(200)
  })

  test('answers a command that its user may not run with NOPERM, and runs other commands', async () => {
    await setUser('resetchannels', '-lpush')
    await eventually(async () => expect((await seen('/ping'))[0]).toBe(200))

    const [status, text] = await seen('/lpush/list/value')

    expect([status, JSON.parse(text)]).toEqual([400, { error: expect.stringMatching(/^NOPERM/) }])
    expect(text).not.toContain(APP.password)
    expect(await seen('/subscribe/chat')).toEqual([
      400,
      '{"error":"NOPERM the user of Redis has no such right"}',
    ])
    expect(await seen('/set/key/value')).toEqual([200, '{"result":"OK"}'])
  })

  test('a stream survives the loss of its channel permission, and reports the gap', async () => {
    const { body } = await get('/subscribe/chat')
    let text = ''
    const reading = body?.pipeThrough(new TextDecoderStream()).pipeTo(
      new WritableStream({
        write: (chunk) => {
          text += chunk
        },
      }),
    )
    const begins = (): number => text.split('data: subscribe,chat,1\n\n').length - 1
    await eventually(() => expect(begins()).toBe(1))

    await setUser('resetchannels')
    await eventually(async () =>
      expect(await admin.request({ body: ['PUBSUB', 'NUMSUB', 'chat'] })).toEqual({
        result: ['chat', 0],
      }),
    )
    await setUser('&chat')

    await eventually(() => expect(begins()).toBe(2))
    await admin.request({ body: ['PUBLISH', 'chat', 'after'] })
    await eventually(() => expect(text).toContain('data: message,chat,after\n\n'))
    await bridge.stop()
    await reading
  })
})
