/**
 * The HTTP cache (RFC 9111), shared or private, in front of any origin. If Redis is down, every request
 * is forwarded.
 *
 * A response is stored under its URI. If responses vary, the first is stored there and its mark leads to
 * the others. So the guarantee of the underlying cache holds for each of them: a response whose load was
 * running when one of its tags, or its URI, was invalidated is never served to later requests.
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

/** Safe methods (RFC 9110, section 9.2.1, and QUERY). */
export const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY'])

/** Addressed to this cache; removed from answers, because other caches have no use for it. */
const OWN_TARGET = 'nearcache-cache-control'

/** Where a response is stored: under the URI, or as a variant under this mark. */
interface Spot {
  readonly key: string
  readonly mark: string | undefined
}

/** The cache behind all public forms: handlers, `fetch`, the proxy, middleware. */
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

  /** Whether the answer to this request would be a whole response that may be stored. */
  #mayLoad({ request, headers, directives, isPersonal, key }: Visit): boolean {
    if (request.method === 'HEAD' || headers.has('range')) return false
    if (directives.has('only-if-cached')) return false
    return !(isPersonal && this.#unshared.has(key))
  }

  /** Forwards an unsafe request, and invalidates what it may have changed, unless it was refused. */
  async #change(request: Request, { origin, hasFailed }: Ways): Promise<Response> {
    let response: Response
    try {
      response = await origin(request)
    } catch (error) {
      // The origin may have applied the request before its answer was lost.
      await this.#invalidation.after(request, new Headers())
      throw error
    }
    const { status } = response
    const isDone = status >= 200 && (status < 400 || (status >= 500 && hasFailed?.()))
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

  /** Reads from the cache, and loads on a miss. */
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
      // The load finishes in the background; then the copy of the replaced response is deleted.
      const { colo, platform } = this.#settings
      platform.defer(reading.then(() => load.found && colo?.delete([key])))
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
      // The rules of HTTP decide when a response is stale. These windows only serve soft invalidations.
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

  /** With nothing stored to serve, answers with the result of this request's load, or forwards it. */
  async #answerResult(visit: Visit, load: Load): Promise<Response> {
    if (load.hasStarted) {
      const result = await load.result
      if (result.kind === 'live') return this.#answerLive(visit, load, result)
      if (result.kind === 'stored') return this.#answerStored(visit, load, result.stored)
      if (!(result.error instanceof OriginError)) throw result.error
    }
    return this.#pass(visit, forwardedFor(load, visit))
  }

  /** Answers from the cache. On a miss, forwards the request without storing the response. */
  async #readStored(visit: Visit, { key, mark }: Spot): Promise<Response> {
    const load = new Load(this.#settings, visit, mark)
    const options = this.#options(visit, load)
    const { value } = await this.#settings.cache.lookup(key, options)
    const stored: StoredResponse | undefined = value?.kind === 'response' ? value : undefined
    if (stored && isChosen(stored, visit)) return this.#answerStored(visit, load, stored)
    if (stored && mark === undefined) return this.#readStored(visit, variantOf(visit, stored))
    if (visit.directives.has('only-if-cached')) {
      const response = new Response(null, { status: 504 })
      return this.#told(response, null, { detail: 'not-cached', key: visit.key })
    }
    return this.#pass(visit, forwardedFor(load, visit))
  }

  /** Forwards a request without storing or sharing the response. */
  async #pass({ request, url, origin, key }: Visit, fwd: Forwarded): Promise<Response> {
    const { method, headers, signal, redirect } = request
    const isSame = url.href === request.url
    const sent = isSame ? request : new Request(url, { method, headers, signal, redirect })
    const response = await origin(sent)
    return this.#told(response, response.body, { fwd, key })
  }

  #answerLive(visit: Visit, load: Load, { response, recording, detail }: Live): Response {
    const body = recording ? recording.stream() : response.body
    const stored = recording !== undefined && load.mayStore
    const status = {
      fwd: forwardedFor(load, visit),
      stored,
      key: visit.key,
      ...(detail && { detail }),
    }
    const isOk = response.status === 200
    if (isOk && isUnmodified(visit.headers, response.headers, this.#now())) {
      visit.defer(body?.cancel() ?? Promise.resolve())
      const answer = notModified(response.headers)
      return this.#told(answer, null, { ...status, fwdStatus: 200 })
    }
    return this.#told(response, body, status)
  }

  /** The copy in this data centre, if there is a fresh one for this request. */
  async #copyOf(visit: Visit, key: string): Promise<StoredResponse | undefined> {
    const { colo } = this.#settings
    if (colo === undefined || visit.rules.audience === 'private') return undefined
    const copy = await colo.get(key)
    return copy && isChosen(copy, visit) && judge(copy, visit) === 'fresh' ? copy : undefined
  }

  #keepCopy(visit: Visit, load: Load, key: string, stored: StoredResponse): void {
    const { colo } = this.#settings
    if (colo === undefined || visit.rules.audience === 'private') return
    const isFresh = load.found !== undefined && judge(load.found, visit) === 'fresh'
    if (isFresh) visit.defer(colo.put(key, stored, visit.askedAt))
  }

  #answerStored(visit: Visit, load: Load, stored: StoredResponse, detail?: string): Response {
    const answer = answerFrom(stored, visit.request, this.#now())
    const isNew = load.hasStarted && stored.receivedAt >= visit.askedAt
    const status: CacheStatus = isNew
      ? { fwd: forwardedFor(load, visit), fwdStatus: 304, stored: load.mayStore }
      : stored.receivedAt > visit.askedAt
        ? { fwd: 'uri-miss', collapsed: true }
        : { hit: true, ttl: this.#ttlOf(stored), ...(detail && { detail }) }
    return this.#told(answer, answer.body, { ...status, key: visit.key })
  }

  #answerOnError(visit: Visit, stored: StoredResponse): Response {
    const answer = answerFrom(stored, visit.request, this.#now())
    const ttl = this.#ttlOf(stored)
    const status = { hit: true, ttl, detail: 'stale-if-error', key: visit.key }
    return this.#told(answer, answer.body, status)
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

/** A request with a body is not cached: the body may change the response, but is not in the key. */
function hasBody(headers: Headers): boolean {
  return headers.has('transfer-encoding') || (headers.get('content-length') ?? '0') !== '0'
}

/** A WebSocket handshake is not cached, and must not be answered with a stored page. */
function opensWebSocket(headers: Headers): boolean {
  return headers.get('upgrade')?.toLowerCase() === 'websocket'
}

/** The result of reading the cache: a value, or the error of a load. */
interface Reading {
  readonly value?: Stored
  readonly error?: unknown
}

/** Whether this request's load brought the response: it is served even if it is already stale. */
function wasRefreshed(load: Load, stored: StoredResponse, { askedAt }: Visit): boolean {
  return load.hasStarted && stored.requestedAt >= askedAt
}

function variantOf(visit: Visit, { vary, mark }: StoredResponse): Spot {
  return { key: variantKey(visit.key, mark, secondaryOf(visit, vary)), mark }
}

function forwardedFor({ found, isVariant }: Load, visit: Visit): Forwarded {
  if (found === undefined) return isVariant ? 'vary-miss' : 'uri-miss'
  if (judge(found, visit) === 'fresh') return 'miss'
  // A fresh response that the client's directives do not accept (RFC 9211, section 2.2).
  return ageOf(found, visit.askedAt) < found.lifetimeMs ? 'request' : 'stale'
}
