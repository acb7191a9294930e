/**
 * Finds which build of a model is behind its name: Ollama may replace a model under the same name.
 *
 * @module
 */

import { isObject, parseObject } from '../../entry/json-object.ts'
import { settledWithin, TIMED_OUT } from '../../flight/deadline.ts'
import { fullName } from './ollama.ts'
import type { ProxyPolicy, Upstream } from './options.ts'
import { forwarded } from './upstream.ts'

/** How long a request waits for the list of models, at most. */
const WAIT_MS = 2_000

type Known = ReadonlyMap<string, string>

/** The digests of the models of one server, as this isolate last saw them. */
export class Digests {
  readonly #policy: ProxyPolicy
  readonly #upstream: Upstream
  #known: { readonly digests: Known; readonly at: number } | undefined
  #looking: Promise<Known | undefined> | undefined
  /** Grows when earlier results become invalid. */
  #era = 0

  constructor(policy: ProxyPolicy, upstream: Upstream) {
    this.#policy = policy
    this.#upstream = upstream
  }

  /** The digest of a model. If the server does not answer: the last one known, or `undefined`. */
  async of(model: string, headers: Headers): Promise<string | undefined> {
    const { digestsMs, platform } = this.#policy
    if (digestsMs === false) return undefined
    const known = this.#known
    if (known && platform.now() - known.at < digestsMs) return known.digests.get(model)
    this.#looking ??= this.#look(headers)
    const looking = this.#looking
    const digests = await settledWithin(platform, WAIT_MS, looking)
    if (digests === TIMED_OUT && this.#looking === looking) this.#looking = undefined
    return (digests === TIMED_OUT ? this.#known?.digests : digests)?.get(model)
  }

  /** Makes the next request look again: a model may have been replaced. */
  forget(): void {
    this.#era++
    if (this.#known) this.#known = { ...this.#known, at: Number.NEGATIVE_INFINITY }
    this.#looking = undefined
  }

  async #look(headers: Headers): Promise<Known | undefined> {
    const { platform, fetch } = this.#policy
    const at = platform.now()
    const era = this.#era
    try {
      const own = forwarded(headers, this.#upstream)
      own.delete('content-type')
      const url = `${this.#upstream.url}/api/tags`
      const request = new Request(url, { headers: own, redirect: 'manual' })
      const response = await fetch(request)
      const digests = response.ok ? digestsIn(await response.text()) : undefined
      if (digests && era === this.#era) this.#known = { digests, at }
    } catch {
      // Any failure of the server: the request itself will report it.
    } finally {
      if (era === this.#era) this.#looking = undefined
    }
    return this.#known?.digests
  }
}

function digestsIn(text: string): Known | undefined {
  const models = parseObject(text)?.['models']
  if (!Array.isArray(models)) return undefined
  return new Map(
    models.filter(isObject).flatMap(({ name, digest }) => {
      return typeof name === 'string' && typeof digest === 'string'
        ? [[fullName(name), digest]]
        : []
    }),
  )
}
