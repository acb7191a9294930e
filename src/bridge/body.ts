/**
 * Reads the body of a request, up to a limit.
 *
 * @module
 */

import { readBounded } from '../entry/bounded-bytes.ts'
import { Problem } from './problem.ts'

const NOTHING = new Uint8Array()

/**
 * Reads the whole body.
 *
 * @throws {Problem} 400, if it ends early, or is longer than `maxBytes`; at once if its `content-length` says so.
 */
export async function readBody(request: Request, maxBytes: number): Promise<Uint8Array> {
  if (request.method === 'GET' || request.method === 'HEAD') return NOTHING
  const bytes = await readBounded(request, maxBytes).catch(() => {
    // The client has disconnected. Nobody sees the answer, but it is counted by its status.
    throw new Problem(400, 'ERR the body is not complete')
  })
  if (bytes) return bytes
  throw new Problem(400, `ERR max request size exceeded. Limit: ${maxBytes} bytes`)
}
