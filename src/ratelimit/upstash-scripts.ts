/**
 * Runs the scripts of `@upstash/ratelimit` also on Redis servers other than Upstash.
 *
 * The scripts' first line, `#!lua flags=allow-key-locking`, lets Upstash run scripts with different keys
 * in parallel. Other Redis servers do not know the flag and refuse such scripts.
 *
 * @module
 */

import { RemoteError } from '../errors.ts'
import type { RedisLink } from '../redis/link.ts'
import type { Command, Reply } from '../redis/requester.ts'
import { sha1Hex } from '../redis/scripts/digest.ts'

const FLAGS = /^#!.*\n/

/** Sends EVALSHA and EVAL, without the script's first line if the server refuses it. */
export class UpstashScripts {
  readonly #link: RedisLink
  /** From the hash of a whole script to the hash of the script without its first line. */
  readonly #plain = new Map<string, string>()

  constructor(link: RedisLink) {
    this.#link = link
  }

  /** Throws as {@link RedisLink.send} does. */
  async run([name, script = '', ...rest]: Command): Promise<Reply> {
    if (name.toUpperCase() === 'EVAL') return this.#eval(String(script), rest)
    return this.#link.send([name, this.#plain.get(String(script)) ?? script, ...rest])
  }

  async #eval(lua: string, rest: readonly (string | number)[]): Promise<Reply> {
    const plain = lua.replace(FLAGS, '')
    try {
      return await this.#link.send(['EVAL', lua, ...rest])
    } catch (error) {
      const mayBeFlags = error instanceof RemoteError && error.reason === 'ERR' && plain !== lua
      if (!mayBeFlags) throw error
    }
    const reply = await this.#link.send(['EVAL', plain, ...rest])
    this.#plain.set(sha1Hex(lua), sha1Hex(plain))
    return reply
  }
}
