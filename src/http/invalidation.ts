/**
 * What a successful unsafe request makes of the stored responses it may have changed (RFC 9111,
 * section 4.4): those to its own URI, and to the ones that the answer names, on the same origin.
 *
 * @module
 */

import { backoffMs } from '../flight/backoff.ts'
import { effectiveUrl, primaryKey } from './key.ts'
import type { Settings } from './options.ts'

const FIELDS = ['location', 'content-location']
const RETRY = { baseMs: 250, capMs: 8_000 }
const MAX_RETRIES = 8

/** Drops stored responses by URI. */
export class Invalidation {
  readonly #settings: Settings

  constructor(settings: Settings) {
    this.#settings = settings
  }

  /**
   * Drops the responses to these URIs with all their variants, those of the user who asked included:
   * one command. Where Redis cannot be reached the client is not told that his change failed, since it
   * did not: the call is made again behind the answer, and a reader who can reach Redis before that
   * still finds what was there.
   *
   * @returns A word on what went wrong, or `undefined`.
   */
  async after(request: Request, answer: Headers): Promise<string | undefined> {
    const keys = this.#keysOf(request, answer)
    await this.#settings.colo?.delete(keys)
    try {
      await this.#settings.cache.delete(...keys)
      return undefined
    } catch {
      // The failure is reported as an event of the cache.
      this.#settings.platform.defer(this.#retry(keys))
      return 'invalidation-pending'
    }
  }

  #keysOf(request: Request, answer: Headers): readonly string[] {
    const { query, user } = this.#settings
    const own = new URL(request.url)
    const named = FIELDS.map((name) => answer.get(name))
      .map((text) => (text !== null && URL.canParse(text, own) ? new URL(text, own) : own))
      .filter(({ origin }) => origin === own.origin)
    const urls = [own, ...named].map(({ href }) => effectiveUrl(href, query))
    const whose = user?.(request)
    const users = whose === undefined ? [undefined] : [undefined, whose]
    const keys = urls.flatMap((url) => users.map((one) => primaryKey(url, one) ?? []))
    return [...new Set(keys.flat())]
  }

  async #retry(keys: readonly string[]): Promise<void> {
    const { cache, platform } = this.#settings
    for (let attempt = 0; attempt < MAX_RETRIES; attempt++) {
      await platform.delay(backoffMs(RETRY, attempt, platform.random()))
      try {
        return await cache.delete(...keys)
      } catch {
        // As before: tried again, or given up.
      }
    }
  }
}
