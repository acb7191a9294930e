/**
 * Makes the suite of connect-redis load our store and client instead of its own.
 *
 * @module
 */

import { join } from 'node:path'

export default {
  test: { include: ['connect-redis/index.test.ts'], testTimeout: 60_000 },
  resolve: { alias: [{ find: /^redis$/, replacement: join(import.meta.dirname, 'redis.mjs') }] },
}
