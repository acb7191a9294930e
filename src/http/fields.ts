/**
 * Header fields: lists, and which of them belong to one connection and not to the message.
 *
 * @module
 */

/** Fields of one hop, never stored and never passed on (RFC 9110, section 7.6.1). */
const HOP_BY_HOP = [
  'connection',
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

/** Fields of a request that make it conditional or partial: the cache answers these itself. */
export const CONDITIONAL: readonly string[] = [
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'range',
]

/** The members of a list field, split at commas outside of quotes; empty ones are left out. */
export function listMembers(field: string | null): string[] {
  const members = field?.match(/(?:"(?:[^"\\]|\\.)*"|[^,])+/g) ?? []
  return members.map((member) => member.trim()).filter((member) => member !== '')
}

/** Takes out the fields of the hop the message came by, those that `Connection` names included. */
export function dropHopByHop(headers: Headers): void {
  const named = listMembers(headers.get('connection')).map((name) => name.toLowerCase())
  for (const name of [...HOP_BY_HOP, ...named]) {
    if (/^[!#$%&'*+.^_`|~\w-]+$/.test(name)) headers.delete(name)
  }
}

/** All fields but cookies, as pairs with names in lower case. */
export function pairsOf(headers: Headers): [string, string][] {
  return [...headers].filter(([name]) => name !== 'set-cookie')
}
