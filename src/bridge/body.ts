/**
 * Reads the body of a request, up to a limit.
 *
 * @module
 */

import { readAtMost } from '../entry/bounded-bytes.ts'
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
  const { bytes, isWhole } = await readAtMost(request.body, maxBytes)
  if (!isWhole) throw tooLarge(maxBytes)
  return bytes
}

function tooLarge(maxBytes: number): Problem {
  return new Problem(400, `ERR max request size exceeded. Limit: ${maxBytes} bytes`)
}
