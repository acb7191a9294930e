/**
 * Finds names in Redis with SCAN.
 *
 * @module
 */

import { InvalidKeyError } from '../errors.ts'
import { malformed } from '../redis/answer.ts'
import type { RedisLink } from '../redis/link.ts'
import type { Reply } from '../redis/requester.ts'
import type { CacheContext } from './context.ts'

const SCAN_COUNT = 1_000

/** The names that match, in pages as SCAN returns them. A name may come twice, and a page may be empty. */
export async function* scan(link: RedisLink, glob: string): AsyncGenerator<readonly string[]> {
  let cursor = '0'
  do {
    const reply = await link.send(['SCAN', cursor, 'MATCH', glob, 'COUNT', SCAN_COUNT])
    const [next, names] = parseScan(reply)
    // If the cursor did not change, the scan would never end.
    if (next !== '0' && next === cursor) throw malformed('SCAN')
    cursor = next
    yield names
  } while (cursor !== '0')
}

/** The keys of the entries in a namespace, without those of nested namespaces. */
export async function* listKeys({ link, names }: CacheContext): AsyncGenerator<string> {
  const [glob = ''] = names.keyspace.scanPatterns('*')
  let unreadable = 0
  for await (const page of scan(link, glob.replace(':[el]:', ':e:'))) {
    for (const name of page) {
      const key = names.keyspace.keyOf(name)
      if (key === undefined) unreadable++
      else yield key
    }
  }
  if (unreadable === 0) return
  // Thrown at the end, so that no caller takes the keys returned before for all keys.
  throw new InvalidKeyError(`${unreadable} names cannot be read as keys`)
}

function parseScan(reply: Reply): readonly [string, readonly string[]] {
  const [cursor, names] = Array.isArray(reply) ? reply : []
  if (typeof cursor !== 'string' || !Array.isArray(names)) throw malformed('SCAN')
  if (!names.every((name) => typeof name === 'string')) throw malformed('SCAN')
  return [cursor, names]
}
