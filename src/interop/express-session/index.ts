/**
 * Sessions of express-session, sealed: nothing of them is readable in Redis, and a request that was
 * under way during a logout does not bring its session back.
 *
 * Exported as `'nearcache/interop/express-session'`.
 *
 * @module
 */

import { InvalidOptionError } from '../../errors.ts'
import { webPlatform } from '../../platform/web.ts'
import { SealedStore, type SealedStoreOptions } from '../../session/sealed-store.ts'

/** A session as express-session keeps it. */
export interface ExpressSession {
  readonly cookie: { readonly expires?: unknown; readonly originalMaxAge?: unknown }
}

/** What a method calls when it has ended, beside settling what it returns. */
export type Callback<Value = void> = (error?: unknown, value?: Value) => void

/** Options of the store. */
export interface ExpressStoreOptions extends Omit<SealedStoreOptions, 'namespace'> {
  /** Second part of every name in Redis. @default 'express' */
  readonly namespace?: string
  /** How long a session is kept whose cookie has no expiry, in seconds. @default 86_400 */
  readonly ttl?: number
}

/** The methods that express-session calls. All of them return a promise as well. */
export interface ExpressStore {
  get(id: string, callback?: Callback<unknown>): Promise<unknown>
  /** Stores a session, unless it was destroyed within the last ten minutes. */
  set(id: string, session: ExpressSession, callback?: Callback): Promise<void>
  /** Prolongs a session without writing it. */
  touch(id: string, session: ExpressSession, callback?: Callback): Promise<void>
  destroy(id: string, callback?: Callback): Promise<void>
  /** By SCAN, as are the three after it: for maintenance. */
  all(callback?: Callback<unknown[]>): Promise<unknown[]>
  ids(callback?: Callback<string[]>): Promise<string[]>
  length(callback?: Callback<number>): Promise<number>
  clear(callback?: Callback): Promise<void>
}

type Constructor<Base> = new (options?: never) => Base

/**
 * Makes a store for express-session, on its own `Store`.
 *
 * With Redis away, every call fails, and so does the request: a visitor is never taken for a new one.
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
  { ttl = 86_400, namespace = 'express', ...options }: ExpressStoreOptions,
): Base & ExpressStore {
  if (!(ttl > 0)) throw new InvalidOptionError('ttl', 'a number of seconds above 0')
  const sealed = new SealedStore({ ...options, namespace })
  const { platform = webPlatform() } = options
  const lifeMs = ({ cookie: { expires } }: ExpressSession): number => {
    const at = (expires as { getTime?(): number } | null | undefined)?.getTime?.()
    return at === undefined ? ttl * 1_000 : at - platform.now()
  }
  const destroy = (id: string): Promise<void> => sealed.end(id)
  async function entries(): Promise<(readonly [string, object])[]> {
    const found: (readonly [string, object])[] = []
    for await (const [id, session] of sealed.entries()) found.push([id, session as object])
    return found
  }
  const methods: ExpressStore = {
    get: (id, callback) => tell(sealed.get(id), callback),
    set: (id, session, callback) => {
      const ttlMs = lifeMs(session)
      // Whatever else hangs on the session, such as its request, is not stored.
      const plain: unknown = JSON.parse(JSON.stringify(session))
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
    clear: (callback) => tell(sealed.clear(), callback),
  }
  return Object.assign(new Store(), methods)
}

/** Settles as `work` does, and tells the callback too. With one, a failure is its business. */
function tell<Value>(work: Promise<Value>, callback?: Callback<Value>): Promise<Value> {
  if (callback === undefined) return work
  const told = work.then(
    (value) => callback(undefined, value),
    (error: unknown) => callback(error),
  )
  // What a callback throws is no failure of the store.
  return told.then(() => work.catch(() => undefined as Value))
}
