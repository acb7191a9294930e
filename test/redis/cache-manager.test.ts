import type { Transport } from '../../src/redis/requester.ts'
import { restTransport } from '../../src/redis/rest.ts'
import { tcpTransport } from '../../src/redis/tcp/index.ts'
import { describeManager } from '../contract/cache/manager-contract.ts'
import { useRedisBehindRest } from '../support/redis-behind-rest.ts'
import { describeWithRedis } from '../support/with-redis.ts'

describeWithRedis('before a redis-server,', () => {
  const running = useRedisBehindRest()

  /** All tests share one server, which is empty at the start of each test. */
  async function afresh(transport: Transport) {
    await running.behind.request({ path: [], body: ['FLUSHALL'] })
    return { transport, stop: () => transport.close() }
  }

  describeManager('tcp', () => afresh(tcpTransport({ url: running.server.url })))

  describeManager('rest', () =>
    afresh(
      restTransport({
        url: running.endpoint.url,
        token: running.endpoint.token,
        encoding: 'base64',
      }),
    ),
  )
})
