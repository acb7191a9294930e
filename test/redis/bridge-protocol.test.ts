import { afterAll, beforeAll } from 'vitest'
import { tcpTransport } from '../../src/redis/tcp/index.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { describeWithRedis } from '../support/with-redis.ts'
import { describeProtocol } from '../unit/bridge/protocol.ts'

describeWithRedis('before a redis-server,', () => {
  let server: RedisServer

  beforeAll(async () => {
    server = await startRedisServer()
  })
  afterAll(() => server.stop())

  describeProtocol('tcp with strings of bytes', async () =>
    tcpTransport({ url: server.url, strings: 'bytes' }),
  )
  describeProtocol('tcp with text', async () => tcpTransport({ url: server.url }))
})
