/**
 * Encrypted sessions of hono-sessions. A request that is in progress while a session is deleted does not
 * restore it.
 *
 * Exported as `'nearcache/interop/hono-sessions'`.
 *
 * @module
 */

import { InvalidOptionError } from '../../errors.ts'
import { SealedStore, type SealedStoreOptions } from '../../session/sealed-store.ts'

/** Options of the store. */
export interface HonoSessionsOptions extends Omit<SealedStoreOptions, 'namespace'> {
  /** Second part of every name in Redis. @default 'hono' */
  readonly namespace?: string
  /** How long a session is stored after the last write, in seconds. @default 86_400 */
  readonly ttl?: number
}

/** The store in the form that hono-sessions expects. */
export class HonoSessionsStore {
  readonly #sealed: SealedStore
  readonly #ttlMs: number

  /** @throws {InvalidOptionError} When an option is unknown or out of its range. */
  constructor({ ttl = 86_400, namespace = 'hono', ...options }: HonoSessionsOptions) {
    if (!(ttl > 0)) throw new InvalidOptionError('ttl', 'a number of seconds above 0')
    this.#sealed = new SealedStore({ ...options, namespace })
    this.#ttlMs = ttl * 1_000
  }

  async getSessionById<Data>(id?: string): Promise<Data | null> {
    if (!id) return null
    return ((await this.#sealed.get(id)) ?? null) as Data | null
  }

  async createSession(id: string, data: unknown): Promise<void> {
    await this.#sealed.put(id, data, { ttlMs: this.#ttlMs })
  }

  /** Stores data of a session that still exists. */
  async persistSessionData(id: string, data: unknown): Promise<void> {
    await this.#sealed.put(id, data, { ttlMs: this.#ttlMs, ifPresent: true })
  }

  deleteSession(id: string): Promise<void> {
    return this.#sealed.end(id)
  }
}
