import { afterAll, beforeAll, describe, test } from 'vitest'
import type { Transport } from '../../src/redis/requester.ts'
import { restTransport } from '../../src/redis/rest.ts'
import { tcpTransport } from '../../src/redis/tcp/index.ts'
import { transportContract } from '../../src/testing/contract/transport-contract.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { type RestEndpoint, startRestEndpoint } from '../support/rest-endpoint.ts'
import { describeWithRedis } from '../support/with-redis.ts'

const TIMEOUT = { timeoutMs: 15_000 }

describeWithRedis('before a redis-server,', () => {
  let server: RedisServer

  beforeAll(async () => {
    server = await startRedisServer()
  })

  afterAll(() => server.stop())

  async function connect(poolSize: number): Promise<Transport> {
    const transport = tcpTransport({ url: server.url, poolSize })
    await transport.request({ body: ['FLUSHALL'] })
    return transport
  }

  for (const poolSize of [1, 3]) {
    describe(`the tcp transport (poolSize ${poolSize}) keeps the contract:`, () => {
      for (const { name, run } of transportContract(() => connect(poolSize), TIMEOUT)) {
        test(name, run)
      }
    })
  }

  for (const encoding of ['none', 'base64'] as const) {
    describe(`the rest transport (encoding ${encoding}) keeps the contract:`, () => {
      let tcp: Transport
      let endpoint: RestEndpoint

      beforeAll(async () => {
        tcp = await connect(1)
        endpoint = await startRestEndpoint({ requester: tcp })
      })

      afterAll(async () => {
        await endpoint.stop()
        await tcp.close()
      })

      const make = async (): Promise<Transport> => {
        await tcp.request({ body: ['FLUSHALL'] })
        return restTransport({ url: endpoint.url, token: endpoint.token, encoding })
      }
      for (const { name, run } of transportContract(make, TIMEOUT)) test(name, run)
    })
  }
})
