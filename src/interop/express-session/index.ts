/**
 * Sessions of express-session, sealed: nothing of them is readable in Redis, and a request that was
 * under way during a logout does not bring its session back.
 *
 * Exported as `'nearcache/interop/express-session'`.
 *
 * @module
 */

import { instantOf } from '../../entry/iso-time.ts'
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
  /**
   * The store of before, such as that of connect-redis, while sessions move from it: one that is not here
   * is looked for there, and is stored here under the id that its visitor has in a cookie. A logout ends
   * it in both. @default none
   */
  readonly from?: FormerStore
}

/** What is asked of a store that sessions move from. */
export interface FormerStore {
  get(id: string, callback: (error?: unknown, session?: object | null) => void): unknown
  destroy(id: string, callback: (error?: unknown) => void): unknown
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

/** `session.Store` is abstract to TypeScript, and is none. */
type Constructor<Base> = abstract new (options?: never) => Base

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
  { ttl = 86_400, namespace = 'express', from, ...options }: ExpressStoreOptions,
): Base & ExpressStore {
  if (!(ttl > 0)) throw new InvalidOptionError('ttl', 'a number of seconds above 0')
  const sealed = new SealedStore({ ...options, namespace })
  const { platform = webPlatform() } = options
  const lifeMs = ({ cookie: { expires } }: ExpressSession): number => {
    // As JSON has it, or as express-session does.
    const at =
      typeof expires === 'string'
        ? instantOf(expires)
        : (expires as { getTime?(): number } | null | undefined)?.getTime?.()
    return at === undefined ? ttl * 1_000 : at - platform.now()
  }
  async function destroy(id: string): Promise<void> {
    // There first: what is only there is not to move here once it has ended here.
    await (from && settled((callback) => from.destroy(id, callback)))
    await sealed.end(id)
  }
  async function moved(id: string): Promise<unknown> {
    const session = await (from && settled<object>((callback) => from.get(id, callback)))
    if (!session) return undefined
    const plain = plainOf(session)
    const ttlMs = lifeMs(plain as unknown as ExpressSession)
    return ttlMs > 0 && (await sealed.put(id, plain, { ttlMs })) ? plain : undefined
  }
  async function entries(): Promise<(readonly [string, object])[]> {
    const found: (readonly [string, object])[] = []
    for await (const [id, session] of sealed.entries()) found.push([id, session as object])
    return found
  }
  const methods: ExpressStore = {
    get: (id, callback) =>
      tell(
        sealed.get(id).then((session) => session ?? moved(id)),
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
    clear: (callback) => tell(sealed.clear(), callback),
  }
  return Object.assign(new (Store as new () => Base)(), methods)
}

/** Whatever else hangs on the session, such as its request, is not stored. */
function plainOf(session: object): object {
  return JSON.parse(JSON.stringify(session)) as object
}

/** What a method with a callback comes to. */
function settled<Value>(
  call: (callback: (error?: unknown, value?: Value | null) => void) => unknown,
): Promise<Value | undefined> {
  return new Promise((resolve, reject) => {
    call((error, value) => (error ? reject(error) : resolve(value ?? undefined)))
  })
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
