/**
 * When a program may leave what it has said.
 *
 * @module
 */

import type { Writable } from 'node:stream'

/** Resolves once all that was written to the stream so far has been taken: a pipe takes what its reader has room for. */
export function written(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve())
  })
}
