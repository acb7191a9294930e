/**
 * Network addresses as limits count them: one client, however it spells where it comes from.
 *
 * @module
 */

/** The longest spelling: eight groups, the last two dotted, with brackets and a zone. */
const MAX_LENGTH = 80
const OCTET = /^(?:0|[1-9]\d{0,2})$/
const GROUP = /^[0-9a-f]{1,4}$/i
const GROUPS = 8

/**
 * What an address counts as: itself for IPv4, its /64 for IPv6.
 *
 * A subscriber has a /64 at least (RFC 6177), so one client may send each request from another
 * address of it. An IPv4 address mapped into IPv6 (RFC 4291, section 2.5.5.2) is that IPv4 address.
 *
 * @returns Undefined for what is no address.
 */
export function addressGroup(text: string): string | undefined {
  if (text.length > MAX_LENGTH) return undefined
  const bare = text.trim().replace(/^\[(.*)\]$/, '$1')
  const octets = readIpv4(bare)
  if (octets) return octets.join('.')
  const groups = readIpv6(bare.replace(/%.*$/, ''))
  if (!groups) return undefined
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return groups.slice(6).flatMap(toOctets).join('.')
  }
  const network = groups.slice(0, 4).map((group) => group.toString(16))
  return `${network.join(':')}::/64`
}

function readIpv4(text: string): readonly number[] | undefined {
  const octets = text.split('.')
  const isAddress = octets.length === 4 && octets.every((octet) => OCTET.test(octet))
  if (!isAddress || octets.some((octet) => Number(octet) > 255)) return undefined
  return octets.map(Number)
}

function readIpv6(text: string): readonly number[] | undefined {
  const [head = '', tail, ...more] = text.split('::')
  if (more.length > 0 || (tail === undefined && text === '')) return undefined
  // Only the end of an address may be dotted.
  const before = readGroups(head, tail === undefined)
  const after = readGroups(tail ?? '', true)
  if (!before || !after) return undefined
  const missing = GROUPS - before.length - after.length
  // `::` stands for one group at least; without it none may be missing.
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined
  return [...before, ...new Array<number>(missing).fill(0), ...after]
}

function readGroups(text: string, mayBeDotted: boolean): readonly number[] | undefined {
  if (text === '') return []
  const parts = text.split(':')
  const groups: number[] = []
  for (const [position, part] of parts.entries()) {
    const isLast = position === parts.length - 1
    const octets = isLast && mayBeDotted ? readIpv4(part) : undefined
    const [a = 0, b = 0, c = 0, d = 0] = octets ?? []
    if (octets) groups.push(a * 256 + b, c * 256 + d)
    else if (GROUP.test(part)) groups.push(Number.parseInt(part, 16))
    else return undefined
  }
  return groups
}

function toOctets(group: number): readonly number[] {
  return [group >> 8, group & 0xff]
}
