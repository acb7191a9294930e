/**
 * Waits until the output of the process is written.
 *
 * @module
 */

import type { Writable } from 'node:stream'

/** Resolves once all earlier writes to the stream are handed over. A full pipe waits for its reader. */
export function written(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve())
  })
}
