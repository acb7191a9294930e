/**
 * The HTTP cache: what a shared or private cache does with a request, for whoever can make the response
 * (RFC 9111). Redis away, every request is sent on.
 *
 * Responses lie in the cache under the URI; where they vary, the first one lies there and says where the
 * others are. So the cache's own promise holds for each of them: none is served that was being made when
 * one of its tags was invalidated, or its URI by an unsafe request.
 *
 * @module
 */

import type { EntryOptions } from '../cache/options.ts'
import { carriedOn } from '../platform/carried-on.ts'
import { answerFrom, notModified, withFields } from './answer.ts'
import { addCacheStatus, type CacheStatus, type Forwarded } from './cache-status.ts'
import { isUnmodified } from './etag.ts'
import { Invalidation } from './invalidation.ts'
import { variantKey } from './key.ts'
import { type Live, Load, MAX_LIFE_MS, OriginError } from './load.ts'
import type { Settings } from './options.ts'
import { STORED_SCHEMA, type Stored, type StoredResponse } from './stored-response.ts'
import { Unshared } from './unshared.ts'
import { ageOf, isChosen, judge, mayAnswerOnError, secondaryOf } from './verdict.ts'
import { type Visit, visitOf, type Ways } from './visit.ts'

/** Methods that change nothing (RFC 9110, section 9.2.1, and QUERY). */
export const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY'])

/** For our own tier; a nearer cache has no use for it. */
const OWN_TARGET = 'nearcache-cache-control'

/** Where a response lies: at the URI, or beside it as a variant under this mark. */
interface Spot {
  readonly key: string
  readonly mark: string | undefined
}

/** One HTTP cache, in whatever form it is used. */
export class ResponseCache {
  readonly #settings: Settings
  readonly #invalidation: Invalidation
  readonly #unshared: Unshared

  constructor(settings: Settings) {
    this.#settings = settings
    this.#invalidation = new Invalidation(settings)
    this.#unshared = new Unshared(settings.platform)
  }

  /** Answers a request. @throws Whatever the origin failed with, unchanged. */
  async handle(request: Request, ways: Ways): Promise<Response> {
    if (!SAFE.has(request.method)) {
      return carriedOn(this.#settings.platform, this.#change(request, ways))
    }
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    if (!isRead || hasBody(request.headers)) return this.#forward(request, ways, 'method')
    if (opensWebSocket(request.headers)) return this.#forward(request, ways, 'bypass')
    const remember = (key: string): void => this.#unshared.add(key)
    const visit = visitOf(this.#settings, request, ways, remember)
    if (visit === undefined) return this.#forward(request, ways, 'bypass')
    const spot = { key: visit.key, mark: undefined }
    if (visit.directives.has('no-store')) return this.#pass(visit, 'request')
    return this.#mayLoad(visit) ? this.#read(visit, spot) : this.#readStored(visit, spot)
  }

  /** Whether what is loaded for this request is what would be stored. */
  #mayLoad({ request, headers, directives, isPersonal, key }: Visit): boolean {
    if (request.method === 'HEAD' || headers.has('range')) return false
    if (directives.has('only-if-cached')) return false
    return !(isPersonal && this.#unshared.has(key))
  }

  /** Sends an unsafe request on; when it has succeeded, drops what it may have changed. */
  async #change(request: Request, { origin }: Ways): Promise<Response> {
    const response = await origin(request)
    const isDone = response.status >= 200 && response.status < 400
    const detail = isDone && (await this.#invalidation.after(request, response.headers))
    return this.#told(response, response.body, {
      fwd: 'method',
      ...(detail && { detail }),
    })
  }

  async #forward(request: Request, { origin }: Ways, fwd: Forwarded): Promise<Response> {
    const response = await origin(request)
    return this.#told(response, response.body, { fwd })
  }

  /** Reads from the cache, and loads if need be. */
  async #read(visit: Visit, { key, mark }: Spot): Promise<Response> {
    const load = new Load(this.#settings, visit, mark)
    const copy = await this.#copyOf(visit, key)
    if (copy) return this.#answerStored(visit, load, copy, 'colo')
    const reading: Promise<Reading> = this.#settings.cache
      .getOrSet(key, (context) => load.run(context), this.#options(visit, load))
      .then((value: Stored) => ({ value }))
      .catch((error: unknown) => ({ error }))
    const first = await Promise.race([load.live, reading])
    if ('kind' in first) {
      // What is left of the load goes on behind the answer, and then the copy of what it replaces goes.
      const { colo, platform } = this.#settings
      platform.defer(reading.then(() => load.seen && colo?.delete([key])))
      return this.#answerLive(visit, load, first)
    }
    return this.#answerRead(visit, load, first, { key, mark })
  }

  #options({ behind }: Visit, load: Load): EntryOptions<Stored> {
    return {
      ttl: MAX_LIFE_MS,
      jitter: 0,
      earlyRefresh: 0,
      lateTags: true,
      // HTTP says when a response is stale. These are for those that a soft invalidation makes so.
      staleWhileRevalidate: behind ? 1 : 0,
      staleIfError: 1,
      freshness: (value) => load.freshnessOf(value),
      compression: this.#settings.compression,
      schema: STORED_SCHEMA,
    }
  }

  async #answerRead(visit: Visit, load: Load, reading: Reading, spot: Spot): Promise<Response> {
    const stored = reading.value?.kind === 'response' ? reading.value : undefined
    if (stored && isChosen(stored, visit)) {
      if (judge(stored, visit) !== 'stale-if-error' || wasRefreshed(load, stored, visit)) {
        load.leave()
        this.#keepCopy(visit, load, spot.key, stored)
        return this.#answerStored(visit, load, stored)
      }
      if (mayAnswerOnError(stored, this.#now()) && (await load.wasInVain(stored))) {
        return this.#answerOnError(visit, stored)
      }
    } else if (stored && spot.mark === undefined) {
      load.leave()
      return this.#read(visit, variantOf(visit, stored))
    }
    return this.#answerResult(visit, load)
  }

  /** The cache has nothing that may be served: what this request's own load came to, or a new one. */
  async #answerResult(visit: Visit, load: Load): Promise<Response> {
    if (load.hasStarted) {
      const result = await load.result
      if (result.kind === 'live') return this.#answerLive(visit, load, result)
      if (result.kind === 'stored') return this.#answerStored(visit, load, result.stored)
      if (!(result.error instanceof OriginError)) throw result.error
    }
    return this.#pass(visit, forwardedFor(load))
  }

  /** Answers what the cache has, and sends on what it has not without storing what comes. */
  async #readStored(visit: Visit, { key, mark }: Spot): Promise<Response> {
    const load = new Load(this.#settings, visit, mark)
    const options = this.#options(visit, load)
    const { value } = await this.#settings.cache.lookup(key, options)
    const stored: StoredResponse | undefined = value?.kind === 'response' ? value : undefined
    if (stored && isChosen(stored, visit)) return this.#answerStored(visit, load, stored)
    if (stored && mark === undefined) return this.#readStored(visit, variantOf(visit, stored))
    if (visit.directives.has('only-if-cached')) {
      const response = new Response(null, { status: 504 })
      return this.#told(response, null, { detail: 'not-cached' })
    }
    return this.#pass(visit, forwardedFor(load))
  }

  /** Sends a request on for its own client alone. */
  async #pass({ request, url, origin }: Visit, fwd: Forwarded): Promise<Response> {
    const { method, headers, signal, redirect } = request
    const isSame = url.href === request.url
    const sent = isSame ? request : new Request(url, { method, headers, signal, redirect })
    const response = await origin(sent)
    return this.#told(response, response.body, { fwd })
  }

  #answerLive(visit: Visit, load: Load, { response, recording, detail }: Live): Response {
    const body = recording ? recording.stream() : response.body
    const stored = recording !== undefined && load.mayStore
    const status = { fwd: forwardedFor(load), stored, key: visit.key, ...(detail && { detail }) }
    const isOk = response.status === 200
    if (isOk && isUnmodified(visit.headers, response.headers, this.#now())) {
      visit.defer(body?.cancel() ?? Promise.resolve())
      const answer = notModified(response.headers)
      return this.#told(answer, null, { ...status, fwdStatus: 200 })
    }
    return this.#told(response, body, status)
  }

  /** The copy of this data centre, where there is one that may answer. */
  async #copyOf(visit: Visit, key: string): Promise<StoredResponse | undefined> {
    const { colo } = this.#settings
    if (colo === undefined || visit.rules.audience === 'private') return undefined
    const copy = await colo.get(key)
    return copy && isChosen(copy, visit) && judge(copy, visit) === 'fresh' ? copy : undefined
  }

  #keepCopy(visit: Visit, load: Load, key: string, stored: StoredResponse): void {
    const { colo } = this.#settings
    if (colo === undefined || visit.rules.audience === 'private' || load.seen !== 'fresh') return
    visit.defer(colo.put(key, stored, visit.askedAt))
  }

  #answerStored(visit: Visit, load: Load, stored: StoredResponse, detail?: string): Response {
    const answer = answerFrom(stored, visit.request, this.#now())
    const isNew = load.hasStarted && stored.receivedAt >= visit.askedAt
    const status: CacheStatus = isNew
      ? { fwd: forwardedFor(load), fwdStatus: 304, stored: load.mayStore }
      : stored.receivedAt > visit.askedAt
        ? { fwd: 'uri-miss', collapsed: true }
        : { hit: true, ttl: this.#ttlOf(stored), ...(detail && { detail }) }
    return this.#told(answer, answer.body, { ...status, key: visit.key })
  }

  #answerOnError(visit: Visit, stored: StoredResponse): Response {
    const answer = answerFrom(stored, visit.request, this.#now())
    const ttl = this.#ttlOf(stored)
    return this.#told(answer, answer.body, { hit: true, ttl, detail: 'stale-if-error' })
  }

  #ttlOf(stored: StoredResponse): number {
    return Math.floor((stored.lifetimeMs - ageOf(stored, this.#now())) / 1_000)
  }

  #now(): number {
    return this.#settings.platform.now()
  }

  #told(
    response: Response,
    body: ReadableStream<Uint8Array> | null,
    { key, ...status }: CacheStatus,
  ): Response {
    const { cacheStatus } = this.#settings
    return withFields(response, body, (headers) => {
      headers.delete(OWN_TARGET)
      if (cacheStatus === 'off') return
      const told = cacheStatus === 'debug' && key !== undefined ? { ...status, key } : status
      addCacheStatus(headers, 'nearcache', told)
    })
  }
}

/** A body may decide the answer, and is in no key. */
function hasBody(headers: Headers): boolean {
  return headers.has('transfer-encoding') || (headers.get('content-length') ?? '0') !== '0'
}

/** What it gets is no page, and a page is not what it wants. */
function opensWebSocket(headers: Headers): boolean {
  return headers.get('upgrade')?.toLowerCase() === 'websocket'
}

/** What the cache came up with: a value, or the failure of a load. */
interface Reading {
  readonly value?: Stored
  readonly error?: unknown
}

/** Whether it is what this request's own load brought: it may be stale already, and was asked for. */
function wasRefreshed(load: Load, stored: StoredResponse, { askedAt }: Visit): boolean {
  return load.hasStarted && stored.requestedAt >= askedAt
}

function variantOf(visit: Visit, { vary, mark }: StoredResponse): Spot {
  return { key: variantKey(visit.key, mark, secondaryOf(visit, vary)), mark }
}

function forwardedFor({ seen, isVariant }: Load): Forwarded {
  if (seen === undefined) return isVariant ? 'vary-miss' : 'uri-miss'
  return seen === 'fresh' ? 'miss' : 'stale'
}
