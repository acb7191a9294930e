import { afterAll, beforeAll } from 'vitest'
import type { Transport } from '../../src/redis/requester.ts'
import { restTransport } from '../../src/redis/rest.ts'
import { tcpTransport } from '../../src/redis/tcp/index.ts'
import { describeManager } from '../contract/cache/manager-contract.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { describeWithRedis } from '../support/with-redis.ts'
import { type BridgeServer, startBridge } from '../unit/bridge/bridge-server.ts'

describeWithRedis('through the bridge to a redis-server,', () => {
  let server: RedisServer
  let behind: Transport
  let bridge: BridgeServer

  beforeAll(async () => {
    server = await startRedisServer()
    behind = tcpTransport({ url: server.url, strings: 'bytes' })
    bridge = await startBridge(behind)
  })
  afterAll(async () => {
    await bridge.stop()
    await behind.close()
    await server.stop()
  })

  describeManager('rest', async () => {
    await behind.request({ path: [], body: ['FLUSHALL'] })
    const transport = restTransport({ url: bridge.url, token: bridge.token })
    return { transport, stop: () => transport.close() }
  })
})
