/**
 * Reads what keys hold, as new as a caller demands.
 *
 * @module
 */

import { list, text } from '../redis/answer.ts'
import type { Texts } from '../redis/gather.ts'
import type { RedisLink } from '../redis/link.ts'

/**
 * The texts of keys: one command, which several readers of one tick share; on a cluster one a key.
 *
 * @param after A consistency token: the answer is as new as the call that it came from. A client
 * that has a token of its own cannot tell which of the two is newer, so both are asked for, and what
 * the answers do not agree on counts as absent: absence permits nothing.
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
 * As {@link readTexts}, and makes something of the texts at once.
 *
 * @param shared Keys that other readers ask for as well: the same list for all of them.
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
