/**
 * Reads the texts of keys, as new as a consistency token requires.
 *
 * @module
 */

import { list, text } from '../redis/answer.ts'
import type { Texts } from '../redis/gather.ts'
import type { RedisLink } from '../redis/link.ts'

/**
 * The texts of keys: one command, which all readers of one tick share; on a cluster one per key.
 *
 * @param after A consistency token: the answer is as new as the call that the token came from. A client with a
 * token of its own cannot tell which of the two is newer. So it reads once with each, and a key whose texts differ
 * counts as absent, which is safe: it can only cause a miss.
 */
export async function readTexts(
  link: RedisLink,
  keys: readonly string[],
  after: string | undefined,
): Promise<Texts> {
  const own = link.guarded.upstashSyncToken ?? ''
  if (after === undefined || after === own) return read(link, keys)
  const theirs = read(link, keys, after)
  if (own === '') return theirs
  const [mine, other] = await Promise.all([read(link, keys), theirs])
  return mine.map((found, i) => (found === other[i] ? found : null))
}

/**
 * As {@link readTexts}, and turns the texts into a result as soon as they arrive.
 *
 * @param shared Keys that other readers also need. Pass the same array object each time.
 */
export function makeOfTexts<T>(
  link: RedisLink,
  [keys, shared]: readonly [keys: readonly string[], shared: readonly string[]],
  after: string | undefined,
  make: (texts: Texts, shared: Texts) => T | Promise<T>,
): Promise<T> {
  if (after === undefined && !link.cluster) return link.read(keys, shared, make)
  return readTexts(link, [...keys, ...shared], after).then((texts) =>
    make(texts.slice(0, keys.length), texts.slice(keys.length)),
  )
}

async function read(link: RedisLink, keys: readonly string[], after?: string): Promise<Texts> {
  if (link.cluster) return Promise.all(keys.map(async (key) => text(await link.send(['GET', key]))))
  if (after === undefined) return link.read(keys)
  const replies = list(await link.readAfter(['MGET', ...keys], after), keys.length, 'MGET')
  return replies.map((reply) => text(reply, 'MGET'))
}
