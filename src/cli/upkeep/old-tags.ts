/**
 * Reads the tags of another cache from its sets: `cache:tags:<tag>` holds the names of the keys that have it.
 *
 * @module
 */

import { scan } from '../../cache/scan.ts'
import type { RedisLink } from '../../redis/link.ts'
import { globOf } from '../keys/names.ts'

/** The tags of each key, by the name of the key. */
export type OldTags = ReadonlyMap<string, readonly string[]>

const PAGE = 1_000

/** Reads all sets whose names start with `beginning`. Holds all keys and their tags in memory. */
export async function readOldTags(link: RedisLink, beginning: string): Promise<OldTags> {
  const tags = new Map<string, string[]>()
  for await (const names of scan(link, `${globOf(beginning)}*`)) {
    for (const name of names) {
      const tag = name.slice(beginning.length)
      for await (const members of membersOf(link, name)) {
        for (const member of members) add(tags, member, tag)
      }
    }
  }
  return tags
}

async function* membersOf(link: RedisLink, name: string): AsyncGenerator<readonly string[]> {
  let cursor = '0'
  do {
    const reply = await link.send(['SSCAN', name, cursor, 'COUNT', PAGE])
    const [next, members] = Array.isArray(reply) ? reply : ['0', []]
    yield members as readonly string[]
    cursor = String(next)
  } while (cursor !== '0')
}

function add(tags: Map<string, string[]>, member: string, tag: string): void {
  const known = tags.get(member)
  if (!known) tags.set(member, [tag])
  else if (!known.includes(tag)) known.push(tag)
}
