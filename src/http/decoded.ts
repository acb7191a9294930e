/**
 * What `fetch` does to responses: it decodes their bodies, and leaves the fields as they were.
 *
 * @module
 */

import { listMembers } from '../web/list-field.ts'
import { withFields } from './answer.ts'
import { weaken } from './etag.ts'

/** The codings that every runtime's `fetch` takes off. */
const DECODED = new Set(['gzip', 'x-gzip', 'deflate', 'br'])

/**
 * The response with fields that fit its decoded body: no coding, no length, and a weak `ETag`, as its
 * bytes are not the ones that the origin has a strong one for.
 */
export function asDecoded(response: Response): Response {
  const codings = listMembers(response.headers.get('content-encoding'))
  const isDecoded = codings.length > 0 && codings.every((one) => DECODED.has(one.toLowerCase()))
  if (!isDecoded) return response
  return withFields(response, response.body, (headers) => {
    headers.delete('content-encoding')
    headers.delete('content-length')
    const tag = headers.get('etag')
    if (tag !== null) headers.set('etag', weaken(tag))
  })
}
