import { tcpTransport } from '../../src/redis/tcp/index.ts'
import { describeCli } from '../support/cli-contract.ts'
import { startRedisCluster } from '../support/redis-cluster.ts'
import { findRedisServer, startRedisServer } from '../support/redis-server.ts'
import { describeWithRedis } from '../support/with-redis.ts'
import { startBridge } from '../unit/bridge/bridge-server.ts'

describeWithRedis('nearcache', () => {
  describeCli('redis-server', async () => {
    const server = await startRedisServer()
    const transport = tcpTransport({ url: server.url })
    return {
      transport,
      host: { env: { REDIS_HOST: '127.0.0.1', REDIS_PORT: `${server.port}` } },
      async stop() {
        await transport.close()
        await server.stop()
      },
    }
  })

  describeCli('redis-server behind the bridge', async () => {
    const server = await startRedisServer()
    const transport = tcpTransport({ url: server.url })
    const bridge = await startBridge(transport)
    const env = { UPSTASH_REDIS_REST_URL: bridge.url, UPSTASH_REDIS_REST_TOKEN: bridge.token }
    return {
      transport,
      host: { env },
      async stop() {
        await bridge.stop()
        await transport.close()
        await server.stop()
      },
    }
  })

  describeCli(
    'a cluster of three nodes',
    async () => {
      const cluster = await startRedisCluster(findRedisServer() ?? '')
      const transport = tcpTransport({ cluster: { nodes: cluster.nodes } })
      return {
        transport,
        host: { env: { REDIS_URL: `redis://127.0.0.1:${cluster.nodes[0]?.port}` } },
        async stop() {
          await transport.close()
          await cluster.stop()
        },
      }
    },
    { isCluster: true },
  )
})
