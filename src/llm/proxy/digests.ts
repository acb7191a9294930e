/**
 * Which build of a model is behind its name: Ollama replaces one by another under the same name.
 *
 * @module
 */

import { isObject, parseObject } from '../../entry/json-object.ts'
import { settledWithin, TIMED_OUT } from '../../flight/deadline.ts'
import { fullName } from './ollama.ts'
import type { ProxyPolicy, Upstream } from './options.ts'
import { forwarded } from './upstream.ts'

/** A look at what models there are must not hold a question up for longer. */
const WAIT_MS = 2_000

type Known = ReadonlyMap<string, string>

/** The digests of the models of one server, as this isolate last saw them. */
export class Digests {
  readonly #policy: ProxyPolicy
  readonly #upstream: Upstream
  #known: { readonly digests: Known; readonly at: number } | undefined
  #looking: Promise<Known | undefined> | undefined
  /** Grows when what was seen before counts for nothing. */
  #era = 0

  constructor(policy: ProxyPolicy, upstream: Upstream) {
    this.#policy = policy
    this.#upstream = upstream
  }

  /** The digest of a model; the last one known while the server does not tell, or `undefined`. */
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

  /** Looks anew at the next question: a model may have been replaced. */
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
      // Whatever is wrong with the server, the question itself will tell.
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
