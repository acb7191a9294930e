import { env } from 'cloudflare:workers'
import { describe, test } from 'vitest'
import { durableTransport } from '../../src/redis/durable/index.ts'
import type { Transport } from '../../src/redis/requester.ts'
import { transportContract } from '../../src/testing/contract/transport-contract.ts'
import { describeManager } from '../contract/cache/manager-contract.ts'

/** The object's first request waits for its runtime, which takes long on a busy machine. */
const PATIENT = { lua: false, timeoutMs: 18_000 }

let tests = 0

/** A new object for each test, that is an empty Redis. */
function connect(): Transport {
  return durableTransport({ namespace: env.REDIS, name: `contract-${tests++}` })
}

describe('the durable transport, in workerd, keeps the contract:', () => {
  for (const { name, run } of transportContract(connect, PATIENT)) test(name, run)
})

describeManager('a Durable Object, in workerd', async () => {
  const transport = connect()
  return { transport, stop: () => transport.close() }
})
