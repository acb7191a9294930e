/**
 * Reads data of untrusted senders, up to a limit.
 *
 * @module
 */

import { type Bytes, concatBytes } from './bytes.ts'

/** The bytes that were read. */
export interface Bounded {
  /** At most as many as allowed. */
  readonly bytes: Bytes
  readonly isWhole: boolean
}

/** Reads a stream to its end, or until it exceeds `maxBytes`; then cancels it. */
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
 * The whole body of a request; `undefined` if it is longer than `maxBytes`, or Content-Length says so. A body with
 * a Content-Length ends there, so it is read in one call. A body without one may never end.
 */
export async function readBounded(request: Request, maxBytes: number): Promise<Bytes | undefined> {
  const length = request.headers.get('content-length')
  if (length !== null) {
    return Number(length) <= maxBytes ? new Uint8Array(await request.arrayBuffer()) : undefined
  }
  const { bytes, isWhole } = await readAtMost(request.body, maxBytes)
  return isWhole ? bytes : undefined
}
