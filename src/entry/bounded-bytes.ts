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

/**
 * The whole body of a request; nothing of one that is longer than `maxBytes`, or says so. HTTP ends a body
 * where its header says, so that such a one is read at once; any other may have no end.
 */
export async function readBounded(request: Request, maxBytes: number): Promise<Bytes | undefined> {
  const length = request.headers.get('content-length')
  if (length !== null) {
    return Number(length) <= maxBytes ? new Uint8Array(await request.arrayBuffer()) : undefined
  }
  const { bytes, isWhole } = await readAtMost(request.body, maxBytes)
  return isWhole ? bytes : undefined
}
