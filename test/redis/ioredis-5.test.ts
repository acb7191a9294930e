/**
 * Runs the tests of the transport with the oldest supported ioredis.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { isDeep } from '../support/deep.ts'

vi.mock('ioredis', () => import('ioredis-5'))

test('the tested version is the oldest supported one', async () => {
  const manifest = (path: string) =>
    JSON.parse(readFileSync(join(import.meta.dirname, '../..', path), 'utf8'))
  const { version } = manifest('node_modules/ioredis-5/package.json')
  const { Redis } = await import('ioredis')

  expect(manifest('package.json').peerDependencies.ioredis).toBe(`^${version} || ^6.0.0`)
  expect(new Redis({ lazyConnect: true }).options).not.toHaveProperty('protocol')
})

await import('./tcp.test.ts')
await import('./tcp-cluster.test.ts')
if (isDeep) {
  await import('./tcp-bytes.test.ts')
  await import('./tcp-faults.test.ts')
  await import('./tcp-sentinel.test.ts')
  await import('./tcp-subscription.test.ts')
}
