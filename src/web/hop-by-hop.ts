/**
 * Header fields that belong to one connection and not to the message (RFC 9110, section 7.6.1).
 *
 * @module
 */

import { listMembers } from './list-field.ts'

const HOP_BY_HOP = [
  'connection',
  // Met by the server that the request has reached. The `fetch` of Node refuses to send it.
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]

/** Takes out the fields of the hop the message came by, those that `Connection` names included. */
export function dropHopByHop(headers: Headers): void {
  const named = listMembers(headers.get('connection')).map((name) => name.toLowerCase())
  for (const name of [...HOP_BY_HOP, ...named]) {
    if (/^[!#$%&'*+.^_`|~\w-]+$/.test(name)) headers.delete(name)
  }
}
