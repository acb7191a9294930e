/**
 * Invalidates stored responses after a successful unsafe request (RFC 9111, section 4.4): those to its
 * URI, and to the URIs of the same origin that its answer names.
 *
 * @module
 */

import { backoffMs } from '../flight/backoff.ts'
import { effectiveUrl, primaryKey } from './key.ts'
import type { Settings } from './options.ts'

const FIELDS = ['location', 'content-location']
const RETRY = { baseMs: 250, capMs: 8_000 }
const MAX_RETRIES = 8

/** Deletes stored responses by URI. */
export class Invalidation {
  readonly #settings: Settings

  constructor(settings: Settings) {
    this.#settings = settings
  }

  /**
   * Deletes the responses to these URIs with all their variants, including those of the requesting user,
   * with one command. If Redis cannot be reached, the client still gets its answer, because its change has
   * succeeded: the deletion is retried in the background, and until then a reader may get the old response.
   *
   * @returns A `detail` for `Cache-Status` if the deletion failed, otherwise `undefined`.
   */
  async after(request: Request, answer: Headers): Promise<string | undefined> {
    const keys = this.#keysOf(request, answer)
    await this.#settings.colo?.delete(keys)
    try {
      await this.#settings.cache.delete(...keys)
      return undefined
    } catch {
      // The cache reports the failure as an event.
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
        // The cache reports this failure too. Retried, up to the limit.
      }
    }
  }
}
