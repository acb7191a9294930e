/**
 * Corrects the fields of responses from `fetch`, which decodes bodies but leaves the fields unchanged.
 *
 * @module
 */

import { listMembers } from '../web/list-field.ts'
import { withFields } from './answer.ts'
import { weaken } from './etag.ts'

/** The content codings that `fetch` decodes in every runtime. */
const DECODED = new Set(['gzip', 'x-gzip', 'deflate', 'br'])

/**
 * The response with fields that fit its decoded body: no coding, no length, and a weak `ETag`, because
 * the origin's strong one stands for the encoded bytes.
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
