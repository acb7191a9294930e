/**
 * The size of the heap after garbage collection, for tests of memory use. Node only.
 *
 * @module
 */

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes in use after garbage collection. */
export function liveHeapBytes(): number {
  collect()
  return process.memoryUsage().heapUsed
}
