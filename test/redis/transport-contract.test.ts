import { Redis } from 'ioredis'
import { Redis as OlderRedis } from 'ioredis-5'
import { afterAll, beforeAll, describe, test } from 'vitest'
import type { Transport } from '../../src/redis/requester.ts'
import { restTransport } from '../../src/redis/rest.ts'
import { type TcpClient, tcpTransport } from '../../src/redis/tcp/index.ts'
import { transportContract } from '../../src/testing/contract/transport-contract.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { type RestEndpoint, startRestEndpoint } from '../support/rest-endpoint.ts'
import { describeWithRedis } from '../support/with-redis.ts'

const TIMEOUT = { timeoutMs: 15_000 }
/** A caller's own clients, with their default options. */
const CLIENTS: readonly (readonly [name: string, make: (port: number) => TcpClient])[] = [
  ['a client of ioredis 6', (port) => new Redis(port)],
  ['a client of ioredis 5', (port) => new OlderRedis(port)],
]

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

  for (const [name, make] of CLIENTS) {
    describe(`the tcp transport (on ${name}) keeps the contract:`, () => {
      let client: TcpClient

      beforeAll(() => {
        client = make(server.port)
      })

      afterAll(() => client.disconnect())

      const connectTo = async (): Promise<Transport> => {
        await client.call('FLUSHALL', [])
        return tcpTransport({ client })
      }
      for (const { name, run } of transportContract(connectTo, TIMEOUT)) test(name, run)
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
