/**
 * Moves the entries of another cache in the same Redis into this one.
 *
 * Each key is moved in one atomic step, which checks that the old value is still the one that was read. A key
 * that has changed stays where it is. An entry that already exists, or is being loaded, is newer and is kept.
 * So a migration can run while both caches are in use, be interrupted at any time, and be run again: nothing
 * is lost or moved twice. A value counts as loaded when it was read, and keeps its remaining lifetime.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import type { CacheContext } from '../../cache/context.ts'
import { encode, sealEntry } from '../../cache/entry-text.ts'
import type { Marker } from '../../cache/names.ts'
import type { Policy } from '../../cache/options.ts'
import { lifetimesOf } from '../../entry/freshness.ts'
import { randomId } from '../../entry/id.ts'
import { InvalidKeyError, InvalidValueError } from '../../errors.ts'
import type { Reply } from '../../redis/requester.ts'
import { MARK } from '../../redis/scripts/protocol.ts'
import { MOVE_IN } from '../../redis/scripts/upkeep.ts'
import { escapePrefix } from '../keys/names.ts'
import { UsageError } from '../usage-error.ts'
import type { Destination, Mapping } from './mapping.ts'
import type { OldTags } from './old-tags.ts'
import { readSource, type SourceFormat } from './source-value.ts'
import type { Tally } from './tally.ts'

/** Options for {@link Migration}. */
export interface MigrationOptions {
  /** Any context of the cache: its link and codec are used. */
  readonly ctx: CacheContext
  readonly policy: Policy
  /** The start of this cache's own names, which are never old keys, whatever the mapping. */
  readonly prefix: string
  /** The context of a namespace. */
  contextAt(path: readonly string[]): CacheContext
  readonly mapping: Mapping
  readonly format: SourceFormat
  readonly oldTags: OldTags
  readonly tally: Tally
  /** Whether the old keys are kept. */
  readonly keep: boolean
  /** Lifetime of entries whose old key has no expiry, in milliseconds. */
  readonly endlessMs: number
  /** Keys per step. */
  readonly batch: number
  readonly dryRun: boolean
  readonly signal: AbortSignal
  /** Called with the number of keys that this run has checked so far. */
  progress(keys: number): void
}

/**
 * The result. `moved`, `present`, `busy` and `changed` count all runs of this migration; the other counts are of
 * this run.
 */
export interface MigrationReport {
  readonly dryRun: boolean
  /** Whether all keys have been checked. */
  readonly complete: boolean
  /** Whether this run continued an interrupted one. */
  readonly resumed: boolean
  /** In a dry run, how many would be moved. */
  readonly moved: number
  /** A newer entry existed already. */
  readonly present: number
  /** A load of the new key was running: run the migration again. */
  readonly busy: number
  /** The old value changed after it was read: run the migration again. */
  readonly changed: number
  /** The old key expired during the run. */
  readonly gone: number
  /** Not in the given format, or not storable; left unchanged. */
  readonly unreadable: number
  /** Names that do not match the template, or give no valid key; left unchanged. */
  readonly unmatched: number
}

/** An old key with its destination. */
interface Candidate extends Destination {
  readonly source: string
  readonly ctx: CacheContext
}

/** A candidate with its remaining lifetime. */
interface Living extends Candidate {
  readonly lifeMs: number
}

/** A candidate with its value. */
interface Read extends Living {
  readonly text: string
  readonly value: unknown
}

const LONGEST_MS = 315_360_000_000
const LEAST_MARKER_MS = 7 * 86_400_000

/** A migration, to be run once. */
export class Migration {
  readonly #options: MigrationOptions
  readonly #contexts = new Map<string, CacheContext>()
  readonly #counts = {
    moved: 0,
    present: 0,
    busy: 0,
    changed: 0,
    gone: 0,
    unreadable: 0,
    unmatched: 0,
  }
  #seen = 0

  /** @throws {UsageError} On a cluster, where an old key and its entry are on different nodes. */
  constructor(options: MigrationOptions) {
    if (options.ctx.link.cluster) throw new UsageError('migrate does not work in a cluster')
    this.#options = options
  }

  async run(): Promise<MigrationReport> {
    const { tally, dryRun, signal } = this.#options
    const before = await tally.read()
    let cursor = '0'
    if (!dryRun) {
      cursor = before.cursor
      this.#counts.busy = before.busy
      this.#counts.changed = before.changed
    }
    let complete = false
    while (!complete && !signal.aborted) {
      cursor = await this.#page(cursor)
      complete = cursor === '0'
      if (!dryRun) await tally.keep(cursor, this.#counts)
      this.#options.progress(this.#seen)
    }
    const { moved, present, ...counts } = this.#counts
    if (dryRun) return { dryRun, complete, resumed: false, moved, present, ...counts }
    const after = await tally.read()
    if (complete) await tally.drop()
    const { isResumed: resumed } = before
    return { dryRun, complete, resumed, moved: after.moved, present: after.present, ...counts }
  }

  /** @returns The cursor of the next page. */
  async #page(cursor: string): Promise<string> {
    const { ctx, mapping, batch, prefix } = this.#options
    const own = `${escapePrefix(prefix)}:`
    const reply = await ctx.link.send(['SCAN', cursor, 'MATCH', mapping.glob, 'COUNT', batch])
    const [next, names] = Array.isArray(reply) ? (reply as [string, readonly string[]]) : ['0', []]
    const unique = [...new Set(names)].filter((name) => !name.startsWith(own))
    this.#seen += unique.length
    for (let i = 0; i < unique.length; i += batch) await this.#move(unique.slice(i, i + batch))
    return String(next)
  }

  async #move(names: readonly string[]): Promise<void> {
    const candidates = await this.#withLives(names.flatMap((name) => this.#candidate(name) ?? []))
    if (candidates.length === 0) return
    // Markers are read before the values, so that an invalidation from here on applies to these values too.
    const stamps = this.#options.dryRun ? new Map() : await this.#mark(candidates)
    const read = await this.#read(candidates)
    const words = await Promise.all(read.map((one) => this.#store(one, stamps)))
    for (const word of words) this.#counts[word]++
  }

  #candidate(source: string): Candidate | undefined {
    const { mapping, oldTags } = this.#options
    const to = mapping.of(source)
    try {
      if (!to) throw new InvalidKeyError('no such name')
      const ctx = this.#contextAt(to.path)
      const tags = [...new Set([...to.tags, ...(oldTags.get(source) ?? [])])]
      ctx.names.keyspace.namesOf(to.key)
      for (const tag of tags) ctx.names.tag(tag)
      return { ...to, tags, source, ctx }
    } catch (error) {
      if (!(error instanceof InvalidKeyError)) throw error
      this.#counts.unmatched++
      return undefined
    }
  }

  #contextAt(path: readonly string[]): CacheContext {
    const name = JSON.stringify(path)
    const ctx = this.#contexts.get(name) ?? this.#options.contextAt(path)
    this.#contexts.set(name, ctx)
    return ctx
  }

  async #withLives(candidates: readonly Candidate[]): Promise<readonly Living[]> {
    const { ctx, endlessMs } = this.#options
    const lives = await Promise.all(candidates.map(({ source }) => ctx.link.send(['PTTL', source])))
    return candidates.flatMap((candidate, i): Living[] => {
      const life = Number(lives[i])
      if (life === -2) this.#counts.gone++
      if (life === -2) return []
      return [
        { ...candidate, lifeMs: life < 0 ? endlessMs : Math.min(Math.max(1, life), LONGEST_MS) },
      ]
    })
  }

  /** The markers of all candidates, by key. Creates those that are missing. */
  async #mark(candidates: readonly Living[]): Promise<ReadonlyMap<string, string>> {
    const { ctx } = this.#options
    const keys = [...new Set(candidates.flatMap((one) => markersOf(one).map(({ key }) => key)))]
    const longest = candidates.reduce((most, { lifeMs }) => Math.max(most, lifeMs), 0)
    const life = Math.max(LEAST_MARKER_MS, 2 * longest)
    const made = await ctx.link.run(MARK, keys, [randomId(), life])
    const texts: readonly Reply[] = Array.isArray(made) ? made : []
    return new Map(keys.map((key, i) => [key, String(texts[i])]))
  }

  async #read(candidates: readonly Living[]): Promise<readonly Read[]> {
    const { ctx, format } = this.#options
    const texts = await ctx.link.read(candidates.map(({ source }) => source))
    return candidates.flatMap((candidate, i): Read[] => {
      const text = texts[i]
      // A key of another type has no text. Nor has one that has expired, which the atomic step could not find.
      const found =
        typeof text === 'string'
          ? readSource(text, format, ctx.codec.maxValueBytes)
          : ({ kind: 'unreadable' } as const)
      if (found.kind === 'value') return [{ ...candidate, text: String(text), value: found.value }]
      this.#counts.unreadable++
      return []
    })
  }

  async #store(one: Read, stamps: ReadonlyMap<string, string>): Promise<Word | 'unreadable'> {
    const { dryRun, keep, tally, ctx } = this.#options
    const { entry, lease } = one.ctx.names.keyspace.namesOf(one.key)
    try {
      const text = await this.#compose(one, stamps)
      if (dryRun) return (await ctx.link.send(['EXISTS', entry])) === 1 ? 'present' : 'moved'
      const digest = createHash('sha1').update(one.text).digest('hex')
      const keys = [one.source, entry, lease, tally.key]
      const args = [digest, text, one.lifeMs, keep ? 1 : 0]
      return wordOf(await ctx.link.run(MOVE_IN, keys, args))
    } catch (error) {
      if (error instanceof InvalidValueError) return 'unreadable'
      throw error
    }
  }

  /** The text of the entry, which is fresh for the remaining lifetime of the old key. */
  async #compose(
    { ctx, key, value, lifeMs, ...one }: Read,
    stamps: ReadonlyMap<string, string>,
  ): Promise<string> {
    const { policy } = this.#options
    const encoded = await encode(ctx, policy, value)
    const header = {
      ...lifetimesOf({
        now: ctx.platform.now(),
        ttlMs: lifeMs,
        staleWhileRevalidateMs: 0,
        staleIfErrorMs: 0,
      }),
      writeId: randomId(),
      loadMs: 0,
      encoding: encoded.encoding,
      stamps: new Map(
        markersOf({ ctx, key, ...one }).map(({ segment, key: name }) => [
          segment,
          stamps.get(name) ?? '0.0',
        ]),
      ),
    }
    return sealEntry(ctx, key, header, encoded)
  }
}

function markersOf({ ctx, key, tags }: Pick<Candidate, 'ctx' | 'key' | 'tags'>): readonly Marker[] {
  return ctx.names.markers(key, tags)
}

type Word = 'moved' | 'present' | 'busy' | 'changed' | 'gone'

const WORDS: ReadonlySet<unknown> = new Set(['moved', 'present', 'busy', 'changed', 'gone'])

function wordOf(reply: Reply): Word {
  // An unknown reply does not say what was done. As "changed", the key is checked again by the next run.
  return WORDS.has(reply) ? (reply as Word) : 'changed'
}
