/**
 * Reads the body of a request, up to a limit.
 *
 * @module
 */

import { concatBytes } from '../entry/bytes.ts'
import { Problem } from './problem.ts'

const NOTHING = new Uint8Array()

/**
 * Reads all of it.
 *
 * @throws {Problem} 400, when it is longer than `maxBytes`: told from its header where there is one.
 */
export async function readBody(
  request: Request,
  length: string | undefined,
  maxBytes: number,
): Promise<Uint8Array> {
  if (request.method === 'GET' || request.method === 'HEAD') return NOTHING
  if (length !== undefined) {
    if (!(Number(length) <= maxBytes)) throw tooLarge(maxBytes)
    return new Uint8Array(await request.arrayBuffer())
  }
  const reader = request.body?.getReader()
  if (!reader) return NOTHING
  const parts: Uint8Array[] = []
  let bytes = 0
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    bytes += part.value.byteLength
    if (bytes > maxBytes) {
      await reader.cancel()
      throw tooLarge(maxBytes)
    }
    parts.push(part.value)
  }
  return concatBytes(parts)
}

function tooLarge(maxBytes: number): Problem {
  return new Problem(400, `ERR max request size exceeded. Limit: ${maxBytes} bytes`)
}
