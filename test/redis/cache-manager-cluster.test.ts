import { afterAll, beforeAll } from 'vitest'
import type { Transport } from '../../src/redis/requester.ts'
import { tcpTransport } from '../../src/redis/tcp/index.ts'
import { describeManager } from '../contract/cache/manager-contract.ts'
import { type RedisCluster, startRedisCluster } from '../support/redis-cluster.ts'
import { findRedisServer } from '../support/redis-server.ts'
import { describeWithRedis } from '../support/with-redis.ts'

describeWithRedis('before a Redis Cluster of three nodes,', () => {
  let cluster: RedisCluster
  let behind: Transport

  beforeAll(async () => {
    cluster = await startRedisCluster(findRedisServer() ?? '')
    behind = tcpTransport({ cluster: { nodes: cluster.nodes } })
  }, 20_000)

  afterAll(async () => {
    await behind.close()
    await cluster.stop()
  })

  describeManager('tcp, a cluster', async () => {
    await behind.request({ path: [], body: ['FLUSHALL'] })
    const transport = tcpTransport({ cluster: { nodes: cluster.nodes } })
    return { transport, stop: () => transport.close() }
  })
})
