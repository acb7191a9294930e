/**
 * One load of a response: asks the origin, streams the answer to the first client, and converts it to
 * what is stored.
 *
 * @module
 */

import type { LoadContext } from '../cache/loader.ts'
import { randomId } from '../entry/id.ts'
import {
  completed,
  type Exchange,
  exchange,
  isAbout,
  isLongerThan,
  isRedirect,
  isServerError,
  isTruncated,
} from './exchange.ts'
import type { Settings } from './options.ts'
import { Recording } from './recording.ts'
import { type Terms, termsOf } from './rules.ts'
import {
  PASS,
  type Place,
  refreshed,
  type Stored,
  type StoredResponse,
  toStored,
  updatedFields,
} from './stored-response.ts'
import { setTags } from './tags.ts'
import { isChosen, judge, mayAnswerOnError, secondaryOf, type Verdict } from './verdict.ts'
import type { Visit } from './visit.ts'

/** An answer of the origin that is being streamed to the client. */
export interface Live {
  readonly kind: 'live'
  readonly response: Response
  /** The recording of the body, if the response is to be stored. */
  readonly recording: Recording | undefined
  /** Why the response is not stored, if `Cache-Status` reports it. */
  readonly detail?: 'invalid-tags'
}

/** The result of a load, for the request that ran it. */
export type LoadResult =
  | Live
  | { readonly kind: 'stored'; readonly stored: StoredResponse }
  | { readonly kind: 'failed'; readonly error: unknown }

/** The longest lifetime of entries and of the markers of their tags. */
export const MAX_LIFE_MS: number = 30 * 86_400_000
/** After a load with nothing to store, other requests do not wait for each other for this long. */
const PASS_MS = 10_000
/** The origin answered with an error, and the stored response may be served instead. */
export class OriginError extends Error {}

/** The load of one request. It runs only if the cache needs it. */
export class Load {
  readonly #settings: Settings
  readonly #visit: Visit
  /** The mark of the resource's variants, if this load is of a variant. */
  readonly #mark: string | undefined
  readonly #live = Promise.withResolvers<Live>()
  readonly #result = Promise.withResolvers<LoadResult>()
  #hasStarted = false
  #mayStore = false
  #isLeft = false
  #current: Live | undefined
  #found: StoredResponse | undefined
  /** Verdict on the last value found, even if that value is a variant for other requests. */
  #verdict: Verdict | undefined

  constructor(settings: Settings, visit: Visit, mark: string | undefined) {
    this.#settings = settings
    this.#visit = visit
    this.#mark = mark
  }

  /** Whether this load has started. False if the request joined the load of another one. */
  get hasStarted(): boolean {
    return this.#hasStarted
  }

  /** Whether the loaded response may be stored: see {@link LoadContext.mayStore}. */
  get mayStore(): boolean {
    return this.#mayStore
  }

  /** Resolves when the client can be answered from the origin's response; otherwise never settles. */
  get live(): Promise<Live> {
    return this.#live.promise
  }

  /** The result of the load. Never rejects, and settles only if the load has started. */
  get result(): Promise<LoadResult> {
    return this.#result.promise
  }

  /** Whether this load is of one variant of a resource that is known to have several. */
  get isVariant(): boolean {
    return this.#mark !== undefined
  }

  /** The last stored response for this request. */
  get found(): StoredResponse | undefined {
    return this.#found
  }

  /**
   * Whether a newer response could not be loaded: `stored` is the one that was found, and the load to
   * replace it has failed, in this request or another. False if a load has brought `stored`.
   */
  async wasInVain(stored: StoredResponse): Promise<boolean> {
    const found = this.#found
    if (found?.receivedAt !== stored.receivedAt || found.requestedAt !== stored.requestedAt) {
      return false
    }
    return !this.#hasStarted || (await this.#result.promise).kind === 'failed'
  }

  /** How fresh a stored value is for this request: the cache's option `freshness`. */
  freshnessOf(value: Stored): Verdict {
    const verdict = this.#judge(value)
    this.#verdict = verdict
    return verdict
  }

  #judge(value: Stored): Verdict {
    if (value.kind === 'pass') return 'fresh'
    // Another variant. At the primary key it only leads to the variants, and so it is fresh enough.
    if (!isChosen(value, this.#visit)) return this.#mark === undefined ? 'fresh' : 'stale-if-error'
    this.#found = value
    const verdict = judge(value, this.#visit)
    return verdict === 'stale' && !this.#visit.behind ? 'stale-if-error' : verdict
  }

  /** The client was answered with a stored response, and will not read the loaded one. */
  leave(): void {
    this.#isLeft = true
    if (this.#current) this.#drop(this.#current)
  }

  #drop({ recording, response }: Live): void {
    if (recording) recording.leave()
    else this.#visit.defer(response.body?.cancel() ?? Promise.resolve())
  }

  /** The loader of the cache. */
  async run(context: LoadContext<Stored>): Promise<Stored> {
    this.#hasStarted = true
    this.#mayStore = context.mayStore
    try {
      return await this.#load(context)
    } catch (error) {
      this.#result.resolve({ kind: 'failed', error })
      throw error
    }
  }

  async #load(context: LoadContext<Stored>): Promise<Stored> {
    const previous = context.previous?.kind === 'response' ? context.previous : undefined
    const chosen = previous && isChosen(previous, this.#visit) ? previous : undefined
    let answer = await this.#ask(chosen)
    if (chosen && answer.status === 304) {
      const stored = this.#refresh(context, chosen, answer)
      if (stored) return stored
      answer = await this.#insteadOf(answer, chosen)
    }
    if (chosen && isServerError(answer) && mayAnswerOnError(chosen, this.#now())) {
      await answer.response.body?.cancel()
      throw new OriginError('The origin answered with an error')
    }
    const terms = this.#termsOf(answer)
    if (!terms || isLongerThan(answer.headers, this.#settings.maxBodyBytes)) {
      return this.#pass(context, chosen, answer)
    }
    if (!setTags(context, this.#settings, this.#visit.request, answer.response)) {
      return this.#pass(context, chosen, answer, 'invalid-tags')
    }
    return this.#record(context, { answer, terms, place: this.#placeOf(terms, previous) })
  }

  /** A response reached by a redirect belongs to another URI, so it is not stored. */
  #termsOf(answer: Exchange): Terms | undefined {
    if (answer.response.redirected) return undefined
    if (this.#visit.keepsRedirects === false && isRedirect(answer)) return undefined
    return termsOf(this.#asked(answer), answer, this.#visit.rules)
  }

  #now(): number {
    return this.#settings.platform.now()
  }

  #asked({ requestedAt }: Pick<Exchange, 'requestedAt'>) {
    return { headers: this.#visit.headers, requestedAt }
  }

  #ask(stored: StoredResponse | undefined): Promise<Exchange> {
    const { origin, behind } = this.#visit
    // If the stored value may be served, the client already has it, and this load is in the background.
    const isBehind = this.#verdict !== undefined && this.#verdict !== 'stale-if-error'
    const asked = (isBehind && behind) || origin
    return exchange(this.#visit, asked, stored, this.#settings.platform)
  }

  /** The answer in place of a 304. Asks again only if it has to, as a Hono context answers only once. */
  #insteadOf(answer: Exchange, stored: StoredResponse): Exchange | Promise<Exchange> {
    return isAbout(answer, stored) ? completed(stored, answer) : this.#ask(undefined)
  }

  /** The stored response with the fields of a 304; `undefined` if the 304 cannot update it. */
  #refresh(
    context: LoadContext<Stored>,
    stored: StoredResponse,
    answer: Exchange,
  ): StoredResponse | undefined {
    // A cookie is only for the client that asked, so it must not be stored for others.
    if (!isAbout(answer, stored) || answer.headers.has('set-cookie')) return undefined
    const received = {
      status: stored.status,
      headers: updatedFields(stored, answer.headers, answer.receivedAt),
      receivedAt: answer.receivedAt,
    }
    const terms = termsOf(this.#asked(answer), received, this.#visit.rules)
    const place = { secondary: stored.secondary, mark: stored.mark }
    if (!terms || secondaryOf(this.#visit, terms.vary) !== place.secondary) return undefined
    const fresh = refreshed(stored, received, answer.requestedAt, terms)
    const update = new Response(null, { headers: received.headers })
    if (!setTags(context, this.#settings, this.#visit.request, update)) return undefined
    this.#keep(context, terms, received.receivedAt)
    this.#result.resolve({ kind: 'stored', stored: fresh })
    return fresh
  }

  /** Stores nothing: the client gets the answer unchanged, and other requests do not wait for each other. */
  #pass(
    context: LoadContext<Stored>,
    chosen: StoredResponse | undefined,
    { response }: Exchange,
    detail?: 'invalid-tags',
  ): Stored {
    this.#goLive({ kind: 'live', response, recording: undefined, ...(detail && { detail }) })
    return this.#nothing(context, chosen)
  }

  #nothing(context: LoadContext<Stored>, chosen: StoredResponse | undefined): Stored {
    if (this.#visit.isPersonal) this.#visit.rememberUnshared()
    // Keeps a stored response that is still useful. A response to credentials says nothing about others.
    if (this.#visit.isPersonal || (chosen && mayAnswerOnError(chosen, this.#now()))) context.skip()
    context.setTtl(PASS_MS)
    context.setTags([])
    return PASS
  }

  async #record(context: LoadContext<Stored>, plan: Plan): Promise<Stored> {
    const { answer, terms, place } = plan
    const { response, receivedAt, requestedAt } = answer
    const recording = new Recording(response.body, this.#settings.maxBodyBytes)
    this.#goLive({ kind: 'live', response, recording })
    const body = await recording.whole
    if (body === undefined || isTruncated(response.headers, body.length)) {
      return this.#nothing(context, undefined)
    }
    const { status, statusText, headers } = response
    const content = { body, received: { status, statusText, headers, receivedAt }, requestedAt }
    const stored = await toStored(content, terms, place, this.#settings.etag)
    this.#keep(context, terms, receivedAt)
    return stored
  }

  #goLive(live: Live): void {
    this.#current = live
    if (this.#isLeft) this.#drop(live)
    this.#live.resolve(live)
    this.#result.resolve(live)
  }

  #keep(context: LoadContext<Stored>, terms: Terms, receivedAt: number): void {
    const leftMs = terms.lifeMs - (this.#now() - receivedAt)
    context.setTtl(Math.min(Math.max(1, leftMs), MAX_LIFE_MS))
  }

  #placeOf({ vary }: Terms, previous: StoredResponse | undefined): Place {
    const secondary = secondaryOf(this.#visit, vary)
    if (this.#mark !== undefined) return { secondary, mark: this.#mark }
    // The other variants remain reachable as long as `Vary` names the same fields.
    const isSame = previous !== undefined && previous.vary.join() === vary.join()
    return { secondary, mark: isSame ? previous.mark : randomId() }
  }
}

interface Plan {
  readonly answer: Exchange
  readonly terms: Terms
  readonly place: Place
}
