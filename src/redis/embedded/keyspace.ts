/**
 * Stores the keys with their values and expiries, and counts their memory.
 *
 * @module
 */

import type { Platform } from '../../platform/platform.ts'
import { wrongType } from './command-error.ts'
import type { Entry } from './entry.ts'
import { chooseVictim, countUse, type EvictionPolicy, INITIAL_FREQUENCY } from './eviction.ts'
import { ExpiryIndex } from './expiry-index.ts'
import { type StringValue, toText } from './string-value.ts'
import { type Collection, isString, type Value } from './values.ts'

/** Overhead of a key in bytes, besides its text and its value. */
const ENTRY_BYTES = 112

/** The engine's options for its keyspace. */
export interface KeyspaceOptions {
  readonly platform: Platform
  readonly maxBytes: number
  readonly evictionPolicy: EvictionPolicy
}

/** Counters since the engine was created, named as in INFO. */
export interface KeyspaceStats {
  keyspace_hits: number
  keyspace_misses: number
  expired_keys: number
  evicted_keys: number
}

/** All keys of one engine. The time is fixed between two calls of {@link Keyspace.begin}. */
export class Keyspace {
  readonly stats: KeyspaceStats = {
    keyspace_hits: 0,
    keyspace_misses: 0,
    expired_keys: 0,
    evicted_keys: 0,
  }
  readonly maxBytes: number
  readonly evictionPolicy: EvictionPolicy
  /** Whether the policy depends on how often a key is used. */
  readonly countsUses: boolean
  /** Incremented by each change that a command makes, but not by expiry or eviction. */
  changes = 0
  /** Epoch milliseconds at which the running command, script or transaction began. */
  now = 0
  readonly #platform: Platform
  readonly #byKey = new Map<string, Entry>()
  #entries: Entry[] = []
  readonly #expiring = new ExpiryIndex()
  #usedBytes = 0
  #uses = 0

  constructor({ platform, maxBytes, evictionPolicy }: KeyspaceOptions) {
    this.#platform = platform
    this.maxBytes = maxBytes
    this.evictionPolicy = evictionPolicy
    this.countsUses = evictionPolicy.endsWith('-lfu')
  }

  /** The number of keys, including those that have expired but are not yet removed. */
  get size(): number {
    return this.#entries.length
  }

  /** Keys that have an expiry. */
  get volatileSize(): number {
    return this.#expiring.entries.length
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** A uniformly distributed integer in [0, bound). */
  draw(bound: number): number {
    return Math.floor(this.#platform.random() * bound)
  }

  /** Reads the clock. The time is used until the next call. */
  begin(): void {
    this.now = Math.floor(this.#platform.now())
  }

  /** The live entry of a key, counted as used. Removes the entry if it has expired. */
  find(key: string): Entry | undefined {
    const entry = this.peek(key)
    if (entry === undefined) return undefined
    entry.lastUse = ++this.#uses
    if (this.countsUses) countUse(entry, this.now, () => this.#platform.random())
    entry.usedAt = this.now
    return entry
  }

  /** As {@link find}, without counting it as used. */
  peek(key: string): Entry | undefined {
    const entry = this.#byKey.get(key)
    if (entry === undefined || entry.expiresAt > this.now) return entry
    this.#expire(entry)
    return undefined
  }

  /** As {@link find}, and counts a hit or a miss. */
  look(key: string): Entry | undefined {
    const entry = this.find(key)
    if (entry === undefined) this.stats.keyspace_misses++
    else this.stats.keyspace_hits++
    return entry
  }

  /** The string at a key as text, for reading. @throws {CommandError} When it holds a collection. */
  text(key: string): string | undefined {
    const value = this.look(key)?.value
    if (value === undefined || typeof value === 'string') return value
    if (value instanceof Uint8Array) return toText(value)
    throw wrongType()
  }

  /** The string at a key as it is stored. @throws {CommandError} When it holds a collection. */
  string(key: string): StringValue | undefined {
    const value = this.look(key)?.value
    if (value === undefined || isString(value)) return value
    throw wrongType()
  }

  /** The collection at a key, for reading. @throws {CommandError} When it holds another type. */
  read<C extends Collection>(key: string, kind: new () => C): C | undefined {
    const value = this.look(key)?.value
    if (value === undefined || value instanceof kind) return value
    throw wrongType()
  }

  /**
   * The collection at a key, or a new one, for changing. A change takes effect only with {@link save}, so that
   * a command that fails before it leaves no empty collection behind.
   */
  open<C extends Collection>(key: string, kind: new () => C): C {
    return this.read(key, kind) ?? new kind()
  }

  /** Records the change of a collection: stores a new one, deletes an empty one. */
  save(key: string, value: Collection): void {
    this.changes++
    const entry = this.#byKey.get(key)
    if (value.size === 0) {
      if (entry) this.#remove(entry)
    } else if (entry) {
      entry.value = value
      this.#weigh(entry)
    } else {
      this.#insert(key, value)
    }
  }

  /** Stores a value and replaces any existing value and its expiry. */
  set(key: string, value: Value, expiresAt: number = Infinity): void {
    this.setExpiry(this.replace(key, value), expiresAt)
  }

  /** Stores a value and keeps the expiry of an existing one. */
  replace(key: string, value: Value): Entry {
    this.changes++
    const entry = this.find(key)
    if (entry === undefined) return this.#insert(key, value)
    entry.value = value
    this.#weigh(entry)
    return entry
  }

  delete(key: string): boolean {
    const entry = this.peek(key)
    if (entry === undefined) return false
    this.changes++
    this.#remove(entry)
    return true
  }

  /** Sets when a key expires; Infinity for never. An instant that has already come deletes the key at once. */
  setExpiry(entry: Entry, expiresAt: number): void {
    this.changes++
    if (expiresAt <= this.now) {
      this.#remove(entry)
      return
    }
    entry.expiresAt = expiresAt
    if (expiresAt === Infinity) this.#expiring.delete(entry)
    else this.#expiring.add(entry)
  }

  /** The entry at a position of [0, size), or undefined if it has expired. Removes nothing. */
  entryAt(position: number): Entry | undefined {
    const entry = this.#entries[position]
    return entry && entry.expiresAt > this.now ? entry : undefined
  }

  /** All live entries. The keyspace must not change during the iteration. */
  *entries(): IterableIterator<Entry> {
    for (const entry of this.#entries) if (entry.expiresAt > this.now) yield entry
  }

  /** Keys that have not expired. */
  countLive(): number {
    let expired = 0
    for (const entry of this.#expiring.entries) if (entry.expiresAt <= this.now) expired++
    return this.size - expired
  }

  clear(): void {
    this.changes++
    this.#byKey.clear()
    this.#entries = []
    this.#expiring.clear()
    this.#usedBytes = 0
  }

  /** Removes some of the expired keys that no command reads. */
  sweep(): void {
    if (this.#expiring.entries.length > 0) this.#expiring.sweep(this.now, this.#expire)
  }

  /** Evicts until memory is within its limit. Returns whether it is. */
  makeRoom(): boolean {
    while (this.#usedBytes > this.maxBytes) {
      if (this.evictionPolicy === 'noeviction') return false
      const isVolatileOnly = this.evictionPolicy.startsWith('volatile-')
      const victim = chooseVictim(
        isVolatileOnly ? this.#expiring.entries : this.#entries,
        this.evictionPolicy,
        this.now,
        () => this.#platform.random(),
      )
      if (victim === undefined) return false
      this.stats.evicted_keys++
      this.#remove(victim)
    }
    return true
  }

  #insert(key: string, value: Value): Entry {
    const entry: Entry = {
      key,
      value,
      expiresAt: Infinity,
      bytes: 0,
      length: undefined,
      lastUse: ++this.#uses,
      usedAt: this.now,
      frequency: INITIAL_FREQUENCY,
      position: this.#entries.length,
      volatilePosition: -1,
    }
    this.#entries.push(entry)
    this.#byKey.set(key, entry)
    this.#weigh(entry)
    return entry
  }

  #weigh(entry: Entry): void {
    const { key, value } = entry
    const bytes = ENTRY_BYTES + key.length + (isString(value) ? value.length : value.bytes)
    this.#usedBytes += bytes - entry.bytes
    entry.bytes = bytes
    entry.length = undefined
  }

  readonly #expire = (entry: Entry): void => {
    this.stats.expired_keys++
    this.#remove(entry)
  }

  #remove(entry: Entry): void {
    this.#usedBytes -= entry.bytes
    this.#byKey.delete(entry.key)
    const last = this.#entries.pop()
    if (last && last !== entry) {
      last.position = entry.position
      this.#entries[entry.position] = last
    }
    this.#expiring.delete(entry)
  }
}
