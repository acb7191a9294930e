/**
 * An encrypted store for sessions of other libraries. Keys are texts, values can be anything, and neither is
 * readable in Redis.
 *
 * @module
 */

import { scan } from '../cache/scan.ts'
import { Cipher } from '../entry/cipher.ts'
import { checkFields, namePart, wholeNumber } from '../entry/option-checks.ts'
import { CorruptEntryError, InvalidKeyError } from '../errors.ts'
import { webPlatform } from '../platform/web.ts'
import type { RedisLink } from '../redis/link.ts'
import type { Command, Reply } from '../redis/requester.ts'
import { STORE_COUNT, STORE_END, STORE_PUT, STORE_TOUCH } from '../redis/scripts/store.ts'
import { linkBy, retiredBy, ringBy, type WireOptions } from './assemble.ts'
import type { NameKey, NameRing } from './name-ring.ts'
import type { SessionOptions } from './options.ts'
import { isTexts, malformed, optionalOf } from './replies.ts'
import { available } from './steps.ts'
import { Vault } from './vault.ts'

/** Options of a {@link SealedStore}. */
export interface SealedStoreOptions
  extends WireOptions,
    Pick<SessionOptions, 'keys' | 'nameKeys' | 'retiredKeys' | 'prefix'> {
  /** Second part of every name in Redis: 1 to 64 of `A-Za-z0-9_.-`. @default 'store' */
  readonly namespace?: string
  /** The largest encoded value, in bytes. @default 1_048_576 (1 MiB) */
  readonly maxValueBytes?: number
}

/** Options of `put`. */
export interface PutOptions {
  /** Lifetime in milliseconds. @default ten years */
  readonly ttlMs?: number | undefined
  /** Stores the value only if the key has one already. @default false */
  readonly ifPresent?: boolean
}

interface Kept {
  readonly key: string
  readonly value: unknown
}

const FIELDS = `redis platform deadline retries breaker keys nameKeys retiredKeys prefix namespace
  maxValueBytes`.split(/\s+/)
const FOREVER_MS = 315_360_000_000
/** How long Redis remembers that an entry has ended: longer than a save can be late. */
const REMEMBER_MS = 600_000
const ENDED = 'x'
const MAX_KEY_CHARS = 4_096
const PURPOSE = 'session-store'

/**
 * Stores encrypted values under hashed names. Redis expires entries; a damaged entry counts as absent. After
 * a change of the name keys, names made with older keys are read too.
 *
 * Every method rejects with `SessionUnavailableError` when Redis cannot be reached.
 */
export class SealedStore {
  readonly #link: RedisLink
  readonly #ring: NameRing
  readonly #vault: Vault
  readonly #base: string

  /** @throws {InvalidOptionError} When an option is unknown or out of its range. */
  constructor(options: SealedStoreOptions) {
    checkFields(options, 'options', FIELDS)
    const { keys, platform = webPlatform() } = options
    const namespace = namePart(options.namespace ?? 'store', 'namespace')
    this.#base = `${namePart(options.prefix ?? 'nc', 'prefix')}:${namespace}`
    this.#ring = ringBy(options, namespace)
    const maxBytes = wholeNumber(options.maxValueBytes ?? 1_048_576, 'maxValueBytes', 1, 2 ** 28)
    const retired = retiredBy(options)
    const cipher = new Cipher(keys, 'keys')
    this.#vault = new Vault({ platform, cipher, namespace, maxBytes, retired })
    this.#link = linkBy(options)
  }

  /** The value of a key: one command, and one more for each older name key. */
  async get(key: string): Promise<unknown> {
    const names = this.#namesOf(key)
    const texts = await Promise.all(names.map((name) => this.#send('GET', name)))
    const at = texts.findIndex((text) => text !== null)
    const text = optionalOf('get', texts[at] ?? null)
    const kept = await this.#open(names[at] ?? '', text)
    return kept?.key === key ? kept.value : undefined
  }

  /** Like {@link get}, but deletes the value in the same command: of two concurrent callers, one gets it. */
  async take(key: string): Promise<unknown> {
    const names = this.#namesOf(key)
    const texts = await Promise.all(names.map((name) => this.#send('GETDEL', name)))
    const at = texts.findIndex((text) => text !== null)
    const kept = await this.#open(names[at] ?? '', optionalOf('take', texts[at] ?? null))
    return kept?.value
  }

  /**
   * Stores a value: one command, and one more for each older name key.
   *
   * @returns Whether it was stored. It is not if {@link end} was called for the key within the last ten
   *   minutes, or if `ifPresent` is set and the key has no value.
   * @throws {InvalidValueError} When the value cannot be encoded, or is too large.
   */
  async put(key: string, value: unknown, options: PutOptions = {}): Promise<boolean> {
    const { ttlMs = FOREVER_MS, ifPresent = false } = options
    const [name = '', ...older] = this.#namesOf(key)
    const text = await this.#vault.seal({ key, value } satisfies Kept, placeOf(name))
    const write = (mustExist: boolean): Promise<Reply> => {
      const args = [text, lifeOf(ttlMs), mustExist ? 1 : 0]
      return available('put', this.#link.run(STORE_PUT, [name], args))
    }
    let stored = await write(ifPresent)
    if (stored === 0 && ifPresent && (await this.#isAmong(older))) stored = await write(false)
    if (stored !== 0 && stored !== 1) throw malformed('put')
    // Only now: an older name may hold the value that must exist, or that the entry has ended.
    if (stored === 1) await Promise.all(older.map((one) => this.#send('DEL', one)))
    return stored === 1
  }

  /** Stores a value, unless the key has one or has ended. @returns Whether it was stored. */
  async add(key: string, value: unknown, ttlMs: number): Promise<boolean> {
    const [name = ''] = this.#namesOf(key)
    const text = await this.#vault.seal({ key, value } satisfies Kept, placeOf(name))
    return (await this.#send('SET', name, text, 'NX', 'PX', lifeOf(ttlMs))) !== null
  }

  /** Prolongs an entry that is in use. @returns Whether there is one. */
  async touch(key: string, ttlMs: number): Promise<boolean> {
    return this.#live('touch', key, lifeOf(ttlMs))
  }

  /** The remaining lifetime of an entry, in milliseconds; 0 if there is none. */
  async remaining(key: string): Promise<number> {
    const lives = await Promise.all(
      this.#namesOf(key).map(async (name) => {
        const [life, length] = await Promise.all([
          this.#send('PTTL', name),
          this.#send('STRLEN', name),
        ])
        return Number(length) > ENDED.length ? Number(life) : 0
      }),
    )
    return Math.max(0, ...lives)
  }

  /** @returns Whether there was an entry. */
  async delete(key: string): Promise<boolean> {
    return this.#live('delete', key, 0)
  }

  /** Deletes an entry, and prevents a save in progress from restoring it. */
  async end(key: string): Promise<void> {
    await Promise.all(this.#namesOf(key).map((name) => this.#end(name)))
  }

  /** Increments a counter. The count is not encrypted; its lifetime starts with the first increment. */
  async count(key: string, ttlMs: number): Promise<number> {
    const name = this.#besideOf('count', key)
    const counted = await available('count', this.#link.run(STORE_COUNT, [name], [lifeOf(ttlMs)]))
    if (typeof counted !== 'number') throw malformed('count')
    return counted
  }

  /**
   * Adds members to a collection, safely with concurrent calls. Members of the same name are replaced.
   *
   * @param members By name.
   */
  async addMembers(
    key: string,
    members: ReadonlyMap<string, unknown>,
    ttlMs: number,
  ): Promise<void> {
    const name = this.#besideOf('members', key)
    if (members.size === 0) return
    const fields = await Promise.all(
      [...members].map(async ([member, value]) => [
        this.#ring.primary.nameOf(member),
        await this.#vault.seal({ key: member, value } satisfies Kept, placeOf(name)),
      ]),
    )
    await Promise.all([
      this.#send('HSET', name, ...fields.flat()),
      this.#send('PEXPIRE', name, lifeOf(ttlMs)),
    ])
  }

  /** The members of a collection, by name. */
  async members(key: string): Promise<ReadonlyMap<string, unknown>> {
    const lists = this.#ring.keys.map(async (ringKey) => {
      const name = this.#besideOf('members', key, ringKey)
      const texts = await this.#send('HVALS', name)
      if (!isTexts(texts)) throw malformed('members')
      return Promise.all(texts.map((text) => this.#open(name, text)))
    })
    // Of members with the same name, the one under the primary key is the last.
    const kept = (await Promise.all(lists)).reverse().flat()
    return new Map(kept.flatMap((one) => (one ? [[one.key, one.value]] : [])))
  }

  /** Removes members from a collection. */
  async removeMembers(key: string, members: readonly string[]): Promise<void> {
    const lists = this.#ring.keys.map((ringKey) => {
      const name = this.#besideOf('members', key, ringKey)
      return ['HDEL', name, ...members.map((one) => ringKey.nameOf(one))] as const
    })
    if (members.length > 0) await Promise.all(lists.map((command) => this.#send(...command)))
  }

  /** All entries, by SCAN: for maintenance, not for requests. */
  async *entries(): AsyncGenerator<readonly [key: string, value: unknown]> {
    const seen = new Set<string>()
    for await (const names of scan(this.#link, `${this.#base}:k:*`)) {
      const fresh = names.filter((name) => !seen.has(name))
      for (const name of fresh) seen.add(name)
      const kept = await Promise.all(
        fresh.map(async (name) =>
          this.#open(name, optionalOf('entries', await this.#send('GET', name))),
        ),
      )
      for (const one of kept) if (one !== undefined) yield [one.key, one.value]
    }
  }

  /** Deletes all entries, by SCAN. */
  async clear(): Promise<void> {
    for await (const names of scan(this.#link, `${this.#base}:k:*`)) {
      await Promise.all(names.map((name) => this.#touch('clear', name, 0)))
    }
  }

  /** Deletes all entries, by SCAN, and prevents saves in progress from restoring them. */
  async endAll(): Promise<void> {
    for await (const names of scan(this.#link, `${this.#base}:k:*`)) {
      await Promise.all(names.map((name) => this.#end(name)))
    }
  }

  /** Whether one of the names has an entry that has not ended. */
  async #isAmong(names: readonly string[]): Promise<boolean> {
    const texts = await Promise.all(names.map((name) => this.#send('GET', name)))
    return texts.some((text) => text !== null && text !== ENDED)
  }

  #end(name: string): Promise<Reply> {
    return available('end', this.#link.run(STORE_END, [name], [REMEMBER_MS]))
  }

  /** Gives an entry that has not ended a new lifetime; 0 deletes it. @returns Whether there was one. */
  async #live(operation: string, key: string, lifeMs: number): Promise<boolean> {
    const names = this.#namesOf(key)
    const touched = await Promise.all(names.map((name) => this.#touch(operation, name, lifeMs)))
    return touched.includes(1)
  }

  #touch(operation: string, name: string, lifeMs: number): Promise<Reply> {
    return available(operation, this.#link.run(STORE_TOUCH, [name], [lifeMs]))
  }

  #send(...command: Command): Promise<Reply> {
    return available(command[0].toLowerCase(), this.#link.send(command))
  }

  /** The name of a counter or collection. Counters are named with the primary key only. */
  #besideOf(kind: 'members' | 'count', key: string, ringKey = this.#ring.primary): string {
    checkKey(key)
    return `${this.#base}:${kind}:${ringKey.nameOf(key)}`
  }

  #namesOf(key: string): string[] {
    checkKey(key)
    return this.#ring.keys.map((ringKey: NameKey) => `${this.#base}:k:${ringKey.nameOf(key)}`)
  }

  async #open(name: string, text: string | undefined): Promise<Kept | undefined> {
    if (text === undefined || text === ENDED) return undefined
    try {
      return (await this.#vault.open(text, placeOf(name))) as Kept
    } catch (error) {
      if (error instanceof CorruptEntryError) return undefined
      throw error
    }
  }
}

function checkKey(key: unknown): void {
  if (typeof key === 'string' && key !== '' && key.length <= MAX_KEY_CHARS) return
  throw new InvalidKeyError(`key is not a text of 1 to ${MAX_KEY_CHARS} characters`)
}

function placeOf(name: string): { purpose: string; key: string; header: string } {
  return { purpose: PURPOSE, key: name, header: '' }
}

function lifeOf(ttlMs: number): number {
  return Math.min(Math.max(1, Math.ceil(ttlMs)), FOREVER_MS)
}
