/**
 * Contract of every cache, on any Redis. Runtime-neutral: drivers in `test/` run it on each transport
 * and in each runtime.
 *
 * @module
 */

import { describe, test } from 'vitest'
import type { Transport } from '../../../src/redis/requester.ts'
import { cacheContract } from '../../../src/testing/contract/cache-contract.ts'
import { intercept, type MakeTransport, useBench } from './bench.ts'
import { describeCarrying } from './carrying.ts'
import { describeInvalidation } from './invalidation.ts'
import { describeLoaders } from './loaders.ts'
import { describeMany } from './many.ts'
import { describeNamespaces } from './namespaces.ts'
import { describeNear } from './near.ts'
import { describeObservation } from './observation.ts'
import { describePatterns } from './patterns.ts'
import { describeProtection } from './protection.ts'
import { describeReads } from './reads.ts'
import { describeSharing } from './sharing.ts'
import { describeWrites } from './writes.ts'

/** The first request to a runtime that is still starting may take long on a busy machine. */
const PATIENT = { timeoutMs: 18_000 }

/** Registers the contract's tests, each on an empty Redis from `makeTransport`. */
export function describeManager(name: string, makeTransport: MakeTransport): void {
  describe(`RedisCacheManager on ${name}`, () => {
    const bench = useBench(makeTransport)
    describeReads(bench)
    describeLoaders(bench)
    describeWrites(bench)
    describeInvalidation(bench)
    describeSharing(bench)
    describeNamespaces(bench)
    describePatterns(bench)
    describeMany(bench)
    describeCarrying(bench)
    describeNear(bench)
    describeProtection(bench)
    describeObservation(bench)

    describe('keeps the published contract:', () => {
      const make = (): Promise<Transport> => connect(makeTransport)
      for (const { name: sentence, run } of cacheContract(make, PATIENT)) test(sentence, run)
    })
  })
}

/** The transport, whose `close` also stops the Redis behind it. */
async function connect(makeTransport: MakeTransport): Promise<Transport> {
  const { transport, stop } = await makeTransport()
  return { ...intercept(transport, (request) => transport.request(request)), close: stop }
}
