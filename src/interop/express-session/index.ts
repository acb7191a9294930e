/**
 * Encrypted sessions of express-session: nothing of them is readable in Redis, and a request that is in
 * progress during a log-out does not restore its session.
 *
 * Exported as `'nearcache/interop/express-session'`.
 *
 * @module
 */

import { instantOf, isoTime } from '../../entry/iso-time.ts'
import { InvalidOptionError } from '../../errors.ts'
import { webPlatform } from '../../platform/web.ts'
import { SealedStore, type SealedStoreOptions } from '../../session/sealed-store.ts'

/** A session in the form of express-session. */
export interface ExpressSession {
  readonly cookie: { readonly expires?: unknown; readonly originalMaxAge?: unknown }
}

/** A callback that a method calls when it is done, besides settling the promise it returns. */
export type Callback<Value = void> = (error?: unknown, value?: Value) => void

/** Options of the store. */
export interface ExpressStoreOptions extends Omit<SealedStoreOptions, 'namespace'> {
  /** Second part of every name in Redis. @default 'express' */
  readonly namespace?: string
  /** How long a session is stored if its cookie has no expiry, in seconds. @default 86_400 */
  readonly ttl?: number
  /**
   * The previous store, such as that of connect-redis, while sessions move from it. A session that is not
   * here is read from there, and stored here under the same id. A log-out ends it in both, and so does `clear`
   * if that store has one. @default none
   */
  readonly from?: FormerStore
}

/** The methods of a previous store that are called. */
export interface FormerStore {
  get(id: string, callback: (error?: unknown, session?: object | null) => void): unknown
  destroy(id: string, callback: (error?: unknown) => void): unknown
  clear?(callback: (error?: unknown) => void): unknown
}

/** The methods that express-session calls. All of them return a promise as well. */
export interface ExpressStore {
  get(id: string, callback?: Callback<unknown>): Promise<unknown>
  /** Stores a session, unless it was destroyed within the last ten minutes. */
  set(id: string, session: ExpressSession, callback?: Callback): Promise<void>
  /** Prolongs a session without writing it. */
  touch(id: string, session: ExpressSession, callback?: Callback): Promise<void>
  destroy(id: string, callback?: Callback): Promise<void>
  /** Uses SCAN, as do the three methods below: for maintenance. */
  all(callback?: Callback<unknown[]>): Promise<unknown[]>
  ids(callback?: Callback<string[]>): Promise<string[]>
  length(callback?: Callback<number>): Promise<number>
  clear(callback?: Callback): Promise<void>
}

const LONGEST_REQUEST_MS = 60_000

/** TypeScript sees `session.Store` as abstract, but it is not. */
type Constructor<Base> = abstract new (options?: never) => Base

/**
 * Makes a store for express-session, as an instance of its own `Store`.
 *
 * If Redis cannot be reached, every call fails, and so does the request: an existing visitor never gets a new
 * session for that reason.
 *
 * @param Store `session.Store` of express-session.
 * @throws {InvalidOptionError} When an option is unknown or out of its range.
 *
 * @example
 * ```ts no-check
 * import session from 'express-session'
 * app.use(session({ secret, store: expressSessionStore(session.Store, { redis, keys }) }))
 * ```
 */
export function expressSessionStore<Base extends object>(
  Store: Constructor<Base>,
  { ttl = 86_400, namespace = 'express', from, ...options }: ExpressStoreOptions,
): Base & ExpressStore {
  if (!(ttl > 0)) throw new InvalidOptionError('ttl', 'a number of seconds above 0')
  const sealed = new SealedStore({ ...options, namespace })
  const { platform = webPlatform() } = options
  const lifeMs = ({ cookie: { expires } }: ExpressSession): number => {
    // A text as in JSON, or a `Date` as in express-session.
    const at =
      typeof expires === 'string'
        ? instantOf(expires)
        : (expires as { getTime?(): number } | null | undefined)?.getTime?.()
    return at === undefined ? ttl * 1_000 : at - platform.now()
  }
  /**
   * A session whose cookie does not end before its request does. The stored expiry is that of the last write:
   * a session that is still there has been prolonged since, and saving it with that expiry would end it.
   */
  const current = (session: ExpressSession): ExpressSession => {
    const { cookie } = session
    const lifetime = Number(cookie.originalMaxAge)
    if (!(lifetime > 0) || lifeMs(session) > LONGEST_REQUEST_MS) return session
    const expires = isoTime(platform.now() + lifetime)
    return { ...session, cookie: { ...cookie, expires } }
  }
  async function destroy(id: string): Promise<void> {
    // In the previous store first: otherwise a session that is only there could move here after it has ended
    // here.
    await (from && settled((callback) => from.destroy(id, callback)))
    await sealed.end(id)
  }
  async function clear(): Promise<void> {
    await (from?.clear && settled((callback) => from.clear?.(callback)))
    await sealed.endAll()
  }
  async function moved(id: string): Promise<unknown> {
    const session = await (from && settled<object>((callback) => from.get(id, callback)))
    if (!session) return undefined
    const plain = current(plainOf(session) as ExpressSession)
    const ttlMs = lifeMs(plain)
    // Another request may have moved the session meanwhile, and changed it or ended it.
    return ttlMs > 0 && (await sealed.add(id, plain, ttlMs)) ? plain : sealed.get(id)
  }
  async function entries(): Promise<(readonly [string, object])[]> {
    const found: (readonly [string, object])[] = []
    for await (const [id, session] of sealed.entries()) found.push([id, session as object])
    return found
  }
  const methods: ExpressStore = {
    get: (id, callback) =>
      tell(
        sealed
          .get(id)
          .then((session) => session ?? moved(id))
          .then((session) => session && current(session as ExpressSession)),
        callback,
      ),
    set: (id, session, callback) => {
      const ttlMs = lifeMs(session)
      const plain = plainOf(session)
      const stored = async (): Promise<void> => {
        if (ttlMs > 0) await sealed.put(id, plain, { ttlMs })
        else await destroy(id)
      }
      return tell(stored(), callback)
    },
    touch: (id, session, callback) => {
      const touched = async (): Promise<void> => {
        await sealed.touch(id, lifeMs(session))
      }
      return tell(touched(), callback)
    },
    destroy: (id, callback) => tell(destroy(id), callback),
    all: (callback) =>
      tell(
        entries().then((found) => found.map(([id, session]) => ({ id, ...session }))),
        callback,
      ),
    ids: (callback) =>
      tell(
        entries().then((found) => found.map(([id]) => id)),
        callback,
      ),
    length: (callback) =>
      tell(
        entries().then((found) => found.length),
        callback,
      ),
    clear: (callback) => tell(clear(), callback),
  }
  return Object.assign(new (Store as new () => Base)(), methods)
}

/** Other properties of the session object, such as its request, are not stored. */
function plainOf(session: object): object {
  return JSON.parse(JSON.stringify(session)) as object
}

/** The result of a method with a callback, as a promise. */
function settled<Value>(
  call: (callback: (error?: unknown, value?: Value | null) => void) => unknown,
): Promise<Value | undefined> {
  return new Promise((resolve, reject) => {
    call((error, value) => (error ? reject(error) : resolve(value ?? undefined)))
  })
}

/** Settles like `work`, and calls the callback. With a callback, a failure is passed only to it. */
function tell<Value>(work: Promise<Value>, callback?: Callback<Value>): Promise<Value> {
  if (callback === undefined) return work
  const told = work.then(
    (value) => callback(undefined, value),
    (error: unknown) => callback(error),
  )
  // An error of the callback is not a failure of the store.
  return told.then(() => work.catch(() => undefined as Value))
}
