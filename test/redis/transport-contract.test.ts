import type { Transport } from '../../src/redis/requester.ts'
import { restTransport } from '../../src/redis/rest.ts'
import { tcpTransport } from '../../src/redis/tcp/index.ts'
import { startRedisServer } from '../support/redis-server.ts'
import { type RestEndpoint, startRestEndpoint } from '../support/rest-endpoint.ts'
import { describeWithRedis } from '../support/with-redis.ts'
import { describeTransport } from './transport-contract.ts'

describeWithRedis('before a redis-server,', () => {
  for (const encoding of ['none', 'base64'] as const) {
    let server: Awaited<ReturnType<typeof startRedisServer>>
    let tcp: Transport
    let endpoint: RestEndpoint

    describeTransport(`rest (encoding ${encoding})`, {
      async start() {
        server = await startRedisServer()
        tcp = tcpTransport({ url: server.url })
        endpoint = await startRestEndpoint({ requester: tcp })
      },
      async stop() {
        await endpoint.stop()
        await tcp.close()
        await server.stop()
      },
      async connect() {
        await tcp.request({ body: ['FLUSHALL'] })
        return restTransport({ url: endpoint.url, token: endpoint.token, encoding })
      },
    })
  }

  for (const poolSize of [1, 3]) {
    let server: Awaited<ReturnType<typeof startRedisServer>>

    describeTransport(`tcp (poolSize ${poolSize})`, {
      async start() {
        server = await startRedisServer()
      },
      stop: () => server.stop(),
      async connect() {
        const transport = tcpTransport({ url: server.url, poolSize })
        await transport.request({ body: ['FLUSHALL'] })
        return transport
      },
    })
  }
})
