/**
 * A driver of unstorage whose keys and values are not readable in Redis.
 *
 * Exported as `'nearcache/interop/unstorage'`.
 *
 * @module
 */

import { SealedStore, type SealedStoreOptions } from '../../session/sealed-store.ts'

/** Options of the driver. */
export interface UnstorageOptions extends Omit<SealedStoreOptions, 'namespace'> {
  /** Second part of every name in Redis. @default 'unstorage' */
  readonly namespace?: string
  /** How long an item is stored, in seconds; 0 is ten years. @default ten years */
  readonly ttl?: number
}

/** The driver in the form that unstorage expects. */
export interface UnstorageDriver {
  readonly name: string
  hasItem(key: string): Promise<boolean>
  getItem(key: string): Promise<string | null>
  setItem(key: string, value: string, options?: { readonly ttl?: number }): Promise<void>
  removeItem(key: string): Promise<void>
  getKeys(base?: string): Promise<string[]>
  clear(base?: string): Promise<void>
}

/**
 * Makes a driver. Listing and clearing read all names by SCAN: use them for maintenance only.
 *
 * @example
 * ```ts no-check
 * const storage = createStorage({ driver: unstorageDriver({ redis, keys }) })
 * ```
 */
export function unstorageDriver({
  ttl,
  namespace = 'unstorage',
  ...options
}: UnstorageOptions): UnstorageDriver {
  const sealed = new SealedStore({ ...options, namespace })
  async function keysUnder(base = ''): Promise<string[]> {
    const keys: string[] = []
    for await (const [key] of sealed.entries()) if (key.startsWith(base)) keys.push(key)
    return keys
  }
  return {
    name: 'nearcache',
    hasItem: async (key) => (await sealed.get(key)) !== undefined,
    getItem: async (key) => ((await sealed.get(key)) ?? null) as string | null,
    setItem: async (key, value, { ttl: own = ttl } = {}) => {
      await sealed.put(key, value, { ttlMs: own ? own * 1_000 : undefined })
    },
    removeItem: async (key) => {
      await sealed.delete(key)
    },
    getKeys: keysUnder,
    clear: async (base = '') => {
      if (base === '') await sealed.clear()
      else for (const key of await keysUnder(base)) await sealed.delete(key)
    },
  }
}
