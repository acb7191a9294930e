/**
 * Runs the published contracts in the test runner of Node, as authors of transports do.
 *
 * @module
 */

import { describe, test } from 'node:test'
import { embeddedTransport } from 'nearcache/redis/embedded'
import { cacheContract, transportContract } from 'nearcache/testing'

const CONTRACTS = {
  transportContract: transportContract(() => embeddedTransport(), { lua: false }),
  cacheContract: cacheContract(() => embeddedTransport()),
}

for (const [contract, cases] of Object.entries(CONTRACTS)) {
  describe(contract, () => {
    for (const { name, run } of cases) test(name, run)
  })
}
