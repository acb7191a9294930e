/**
 * Changes an engine and saves it repeatedly until the process is killed. Prints each change
 * after it is acknowledged.
 *
 * @module
 */

import { writeSync } from 'node:fs'
import { FileSnapshot } from '../../../../src/redis/embedded/file/index.ts'
import { EmbeddedRedis } from '../../../../src/redis/embedded/index.ts'

const [, , path = ''] = process.argv
const engine = new EmbeddedRedis()
const snapshot = new FileSnapshot({ engine, path, outdated: 'restore' })
const filling = Array.from({ length: 2_000 }, (_, i) => `${i} ${'x'.repeat(500)}`)
engine.transaction([
  ['DEL', 'list'],
  ['RPUSH', 'list', ...filling],
])
for (;;) {
  for (let change = 0; change < 3; change++) {
    writeSync(1, `${engine.execute(['INCR', 'count']).result}\n`)
  }
  snapshot.save()
}
