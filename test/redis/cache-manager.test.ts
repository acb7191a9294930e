import type { Transport } from '../../src/redis/requester.ts'
import { restTransport } from '../../src/redis/rest.ts'
import { tcpTransport } from '../../src/redis/tcp/index.ts'
import { describeManager } from '../contract/cache/manager-contract.ts'
import { useRedisBehindRest } from '../support/redis-behind-rest.ts'
import { describeWithRedis } from '../support/with-redis.ts'

describeWithRedis('before a redis-server,', () => {
  const running = useRedisBehindRest()

  /** On the same server for all tests, each of which finds it empty. */
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
