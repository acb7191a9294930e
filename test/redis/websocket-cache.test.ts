import type { Transport } from '../../src/redis/requester.ts'
import { restTransport } from '../../src/redis/rest.ts'
import { tcpTransport } from '../../src/redis/tcp/index.ts'
import { describeWebSocketCache } from '../contract/websocket/presence-contract.ts'
import { useRedisBehindRest } from '../support/redis-behind-rest.ts'
import { describeWithRedis } from '../support/with-redis.ts'

describeWithRedis('before a redis-server,', () => {
  const running = useRedisBehindRest()

  /** All tests share one server, which is empty at the start of each test. */
  async function afresh(transport: Transport): Promise<Transport> {
    await running.behind.request({ path: [], body: ['FLUSHALL'] })
    return transport
  }

  describeWebSocketCache('tcp', () => afresh(tcpTransport({ url: running.server.url })))

  describeWebSocketCache('rest', () => {
    const { url, token } = running.endpoint
    return afresh(restTransport({ url, token, encoding: 'base64' }))
  })
})
