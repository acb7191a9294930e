/**
 * A cache for the queries of a tRPC router, with invalidation after its mutations.
 *
 * @module
 */

import { defaultCache } from '../cache/default-cache.ts'
import type { InvalidateOptions } from '../cache/invalidate.ts'
import type { CacheNamespace } from '../cache/namespace.ts'
import { checkTagList } from '../cache/policy.ts'
import { checkFields, oneOf } from '../entry/option-checks.ts'
import { callListener } from '../platform/listener.ts'
import { type Answer, answer } from './answer.ts'
import { type ProcedureCall, read } from './call.ts'
import { type InvalidatedTags, type InvalidatesOptions, invalidateAfter } from './invalidate.ts'
import type { BypassReason, CacheMeta, CacheMiddlewareOptions } from './options.ts'
import { keyOf, prepare, procedureTag, userTag } from './prepare.ts'
import { checkMiddlewareOptions, type Plan, planOf } from './resolve-options.ts'
import { HttpNotes, type ResponseMetaInput, type ResponseMetaOutput } from './response-meta.ts'

/** A middleware of tRPC, as a structural type. */
export type Middleware = <Result>(call: ProcedureCall<Result>) => Promise<Result>

/** Selects an entry of a procedure. */
export interface EntryOf {
  /** The context of the call, or the part of it that `user`, `varyBy` and `keyGenerator` read. */
  readonly ctx?: unknown
  /** The procedure's scope. @default that of the middleware */
  readonly scope?: 'user' | 'public'
}

/** What a middleware has counted since it was created, in this isolate. */
export interface MiddlewareStats {
  /** Answers from the cache, or from the resolver of a concurrent call. */
  readonly hits: number
  /** Queries whose resolver ran after the cache was asked. */
  readonly misses: number
  /** Queries that bypassed the cache, by reason. */
  readonly bypassed: Readonly<Record<BypassReason, number>>
  readonly invalidations: number
  readonly invalidationErrors: number
  /** Hits in percent of hits and misses; 0 before the first. */
  readonly hitRate: number
  /** How often `onCacheHit`, `onCacheMiss` or `onCacheBypass` threw or rejected; their errors are ignored. */
  readonly callbackErrors: number
}

/** A middleware for queries and mutations, with methods to invalidate its entries. */
export interface CacheMiddleware extends Middleware {
  /**
   * A middleware for mutations: invalidates these tags after success, before the call returns. If that fails,
   * the call fails with the cache's error although the mutation has been made.
   *
   * @throws {InvalidOptionError} When the tags are neither a list nor a function, or an option is unknown.
   */
  invalidates(tags: InvalidatedTags, options?: InvalidatesOptions): Middleware
  /**
   * The key of an entry in its namespace.
   *
   * @param input As the client sends it.
   * @throws {InvalidKeyError} When the input cannot be part of a key, or the user is not known.
   */
  keyOf(path: string, input: unknown, of?: EntryOf): string
  /**
   * Drops one entry. Throws like {@link keyOf}. Like all methods below, rejects if Redis has not confirmed
   * it.
   */
  delete(path: string, input: unknown, of?: EntryOf): Promise<void>
  invalidateTags(tags: readonly string[], options?: InvalidateOptions): Promise<void>
  /** Drops all entries of a procedure. */
  invalidateProcedure(path: string): Promise<void>
  /** Drops all entries of a user, for example after a change of role. */
  invalidateUser(id: string | number | bigint): Promise<void>
  /** Drops all of the namespace. */
  clear(): Promise<void>
  stats(): MiddlewareStats
  /** For the `responseMeta` option of tRPC's adapters: see the option `http`. */
  responseMeta(input: ResponseMetaInput): ResponseMetaOutput
}

/**
 * Creates a middleware that answers queries from the cache. Put it before or after `.input()`, and after your
 * authorisation: everything after it is skipped on a hit.
 *
 * Errors, mutations, subscriptions, streams and async iterables are never cached. The cache never makes a
 * query fail, and never runs its resolver twice.
 *
 * @throws {InvalidOptionError | InvalidKeyError} When an option is unknown or out of its range. Invalid
 *   options in a procedure's `.meta()` make its calls fail.
 *
 * @example
 * ```ts no-check
 * const cacheMiddleware = createCacheMiddleware({ namespace: 'api', defaultTTL: 900 })
 * const emails = router({
 *   list: procedure.use(cacheMiddleware).input(schema).query(({ input }) => service.list(input)),
 *   send: procedure.use(cacheMiddleware.invalidates(['emails'])).mutation(() => service.send()),
 * })
 * ```
 */
export function createCacheMiddleware(options: CacheMiddlewareOptions = {}): CacheMiddleware {
  const desk = new Desk(options)
  const middleware: Middleware = (call) => desk.handle(call)
  const spaceOf = (): CacheNamespace => desk.space
  const key = (path: string, rawInput: unknown, { ctx, scope = options.scope }: EntryOf = {}) =>
    keyOf(options, { path, rawInput, ctx, isPublic: scope === 'public' })

  return Object.assign(middleware, {
    invalidates: (tags: InvalidatedTags, how: InvalidatesOptions = {}) =>
      desk.invalidates(tags, how),
    keyOf: key,
    delete: async (path: string, input: unknown, of?: EntryOf) =>
      spaceOf().delete(key(path, input, of)),
    invalidateTags: async (tags: readonly string[], how?: InvalidateOptions) =>
      spaceOf().invalidateTags(tags, how),
    invalidateProcedure: async (path: string) => spaceOf().invalidateTags([procedureTag(path)]),
    invalidateUser: async (id: string | number | bigint) => spaceOf().invalidateTags([userTag(id)]),
    clear: async () => spaceOf().clear(),
    stats: () => desk.stats(),
    responseMeta: (input: ResponseMetaInput) => desk.notes.responseMeta(input),
  })
}

type Counts = { -readonly [Name in Exclude<keyof MiddlewareStats, 'hitRate' | 'bypassed'>]: number }

/** The state of one middleware. */
class Desk {
  readonly notes = new HttpNotes()
  readonly #options: CacheMiddlewareOptions
  readonly #plan: Plan
  readonly #plans = new WeakMap<object, Plan>()
  #space: { readonly cache: CacheNamespace; readonly space: CacheNamespace } | undefined
  readonly #counts: Counts = {
    hits: 0,
    misses: 0,
    invalidations: 0,
    invalidationErrors: 0,
    callbackErrors: 0,
  }
  readonly #bypassed: Record<BypassReason, number> = {
    disabled: 0,
    declined: 0,
    'no-user': 0,
    'no-key': 0,
    unstorable: 0,
    'failed-option': 0,
  }

  constructor(options: CacheMiddlewareOptions) {
    checkMiddlewareOptions(options)
    this.#options = options
    this.#plan = planOf(options)
  }

  /** The namespace of the entries. It is created again when start-up has replaced the default cache. */
  get space(): CacheNamespace {
    const { cache = defaultCache(), namespace = 'trpc' } = this.#options
    if (this.#space?.cache !== cache) this.#space = { cache, space: cache.namespace(namespace) }
    return this.#space.space
  }

  async handle<Result>(call: ProcedureCall<Result>): Promise<Result> {
    const said = (call.meta as CacheMeta | undefined)?.cache
    if (call.type === 'subscription') return call.next()
    if (said === false) return call.type === 'query' ? this.#past(call, 'disabled') : call.next()
    const plan = this.#planOf(said)
    if (call.type === 'query') return this.#query(call, plan)
    if (plan.invalidates === undefined) return call.next()
    return invalidateAfter(call, this.#invalidation(plan.invalidates, 'success'))
  }

  invalidates(tags: InvalidatedTags, options: InvalidatesOptions): Middleware {
    if (typeof tags !== 'function') checkTagList(tags, 'tags')
    checkFields(options, 'options', ['after'])
    const { after = 'success' } = options
    oneOf(after, 'after', ['success', 'settled'])
    return (call) =>
      call.type === 'mutation'
        ? invalidateAfter(call, this.#invalidation(tags, after))
        : call.next()
  }

  stats(): MiddlewareStats {
    const { hits, misses } = this.#counts
    const hitRate = hits + misses === 0 ? 0 : (100 * hits) / (hits + misses)
    return { ...this.#counts, bypassed: { ...this.#bypassed }, hitRate }
  }

  async #query<Result>(call: ProcedureCall<Result>, plan: Plan): Promise<Result> {
    const prepared = await prepare(this.#options, plan, call)
    if (prepared.kind === 'bypass') return this.#past(call, prepared.reason, prepared.error)
    const { dataTags } = plan
    const { transformer } = this.#options
    const found = await answer(call, { space: this.space, prepared, dataTags, transformer })
    this.#tell(call.path, prepared.key, found)
    if (found.kind !== 'bypass') this.notes.note(call, plan.http)
    return found.result
  }

  #past<Result>(
    call: ProcedureCall<Result>,
    reason: BypassReason,
    error?: unknown,
  ): Promise<Result> {
    this.#bypass(call.path, reason, error)
    return call.next()
  }

  #bypass(path: string, reason: BypassReason, error: unknown): void {
    this.#bypassed[reason]++
    this.#call(() => this.#options.onCacheBypass?.(reason, path, error))
  }

  #tell(path: string, key: string, found: Answer<unknown>): void {
    const { onCacheHit, onCacheMiss } = this.#options
    if (found.kind === 'bypass') {
      this.#bypass(path, found.reason, found.error)
    } else if (found.kind === 'hit') {
      this.#counts.hits++
      const outcome = read(found.result)
      this.#call(() => onCacheHit?.(key, outcome.ok ? outcome.data : undefined))
    } else {
      this.#counts.misses++
      this.#call(() => onCacheMiss?.(key))
    }
  }

  #call(callback: () => unknown): void {
    callListener(callback, [], () => {
      this.#counts.callbackErrors++
    })
  }

  #planOf(said: CacheMeta['cache']): Plan {
    if (said === undefined || said === false) return this.#plan
    const known = this.#plans.get(said)
    if (known) return known
    const plan = planOf(this.#options, said)
    this.#plans.set(said, plan)
    return plan
  }

  #invalidation(tags: InvalidatedTags, after: 'success' | 'settled') {
    const count = (kind: 'invalidations' | 'invalidationErrors'): void => {
      this.#counts[kind]++
    }
    return { space: this.space, tags, after, onError: this.#options.onInvalidationError, count }
  }
}
