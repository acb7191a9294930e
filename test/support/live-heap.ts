/**
 * The heap of this process without its garbage, for tests of what is kept. Node only.
 *
 * @module
 */

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes in use once what nothing refers to is gone. */
export function liveHeapBytes(): number {
  collect()
  return process.memoryUsage().heapUsed
}
