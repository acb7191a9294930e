import { env } from 'cloudflare:workers'
import { durableTransport } from '../../src/redis/durable/index.ts'
import { describeManager } from '../contract/cache/manager-contract.ts'

let tests = 0

describeManager('a Durable Object, in workerd', async () => {
  // An object of its own for each test is an empty Redis.
  const transport = durableTransport({ namespace: env.REDIS, name: `contract-${tests++}` })
  return { transport, stop: () => transport.close() }
})
