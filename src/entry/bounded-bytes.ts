/**
 * Reads what somebody else sends, who may not come to an end.
 *
 * @module
 */

import { type Bytes, concatBytes } from './bytes.ts'

/** What has been read. */
export interface Bounded {
  /** At most as many as were allowed. */
  readonly bytes: Bytes
  readonly isWhole: boolean
}

/** Reads a stream to its end, or to the first byte too many; the rest is not read. */
export async function readAtMost(
  stream: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<Bounded> {
  const reader = stream?.getReader()
  const parts: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done = true, value } = (await reader?.read()) ?? {}
    if (done || !value) return { bytes: concatBytes(parts), isWhole: true }
    parts.push(value)
    length += value.byteLength
    if (length > maxBytes) {
      await reader?.cancel()
      return { bytes: concatBytes(parts).subarray(0, maxBytes), isWhole: false }
    }
  }
}
