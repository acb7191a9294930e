/**
 * Moves the entries of another cache in the same Redis into this one.
 *
 * Each key is moved in one atomic step, which compares it with what was read: what changed meanwhile is
 * left where it is, and what is there already, or is being loaded, is newer. So a migration may run while
 * both caches are in use, be ended at any time, and be run again: nothing is lost and nothing is moved
 * twice. A value counts as loaded when it was read, and keeps the time it had left.
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
import { UsageError } from '../usage-error.ts'
import type { Destination, Mapping } from './mapping.ts'
import type { OldTags } from './old-tags.ts'
import { readSource, type SourceFormat } from './source-value.ts'
import type { Tally } from './tally.ts'

/** What a migration goes by. */
export interface MigrationOptions {
  /** Any context of the cache: its link and codec are used. */
  readonly ctx: CacheContext
  readonly policy: Policy
  /** The context of a namespace. */
  contextAt(path: readonly string[]): CacheContext
  readonly mapping: Mapping
  readonly format: SourceFormat
  readonly oldTags: OldTags
  readonly tally: Tally
  /** Whether the keys stay where they are as well. */
  readonly keep: boolean
  /** How long an entry lives whose key had no end, in milliseconds. */
  readonly endlessMs: number
  /** How many keys a step takes. */
  readonly batch: number
  readonly dryRun: boolean
  readonly signal: AbortSignal
  /** Hears how many keys have been looked at in this run. */
  progress(keys: number): void
}

/** What came of it. The first two are of all runs of this migration. */
export interface MigrationReport {
  readonly dryRun: boolean
  /** Whether all keys have been looked at. */
  readonly complete: boolean
  /** Whether an earlier run had been ended, and this one went on. */
  readonly resumed: boolean
  /** In a dry run, what would be. */
  readonly moved: number
  /** There was a newer entry already. */
  readonly present: number
  /** A load of the key was under way: run it again. */
  readonly busy: number
  /** Changed while it was read: run it again. */
  readonly changed: number
  /** Ended while it was read. */
  readonly gone: number
  /** Not what the format says, or no value that can be stored; left alone. */
  readonly unreadable: number
  /** Names that the template does not fit, or that make no key; left alone. */
  readonly unmatched: number
}

/** A key that has somewhere to go. */
interface Candidate extends Destination {
  readonly source: string
  readonly ctx: CacheContext
}

/** One whose time left is known. */
interface Living extends Candidate {
  readonly lifeMs: number
}

/** One that was read. */
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

  /** @throws {UsageError} On a cluster, where a key and its entry are in two places. */
  constructor(options: MigrationOptions) {
    if (options.ctx.link.cluster) throw new UsageError('migrate does not work in a cluster')
    this.#options = options
  }

  async run(): Promise<MigrationReport> {
    const { tally, dryRun, signal } = this.#options
    const before = await tally.read()
    let cursor = dryRun ? '0' : before.cursor
    let complete = false
    while (!complete && !signal.aborted) {
      cursor = await this.#page(cursor)
      complete = cursor === '0'
      if (!dryRun) await tally.keep(cursor)
      this.#options.progress(this.#seen)
    }
    const { moved, present, ...counts } = this.#counts
    if (dryRun) return { dryRun, complete, resumed: false, moved, present, ...counts }
    const after = await tally.read()
    if (complete) await tally.drop()
    const { isResumed: resumed } = before
    return { dryRun, complete, resumed, moved: after.moved, present: after.present, ...counts }
  }

  /** @returns Where the scan goes on. */
  async #page(cursor: string): Promise<string> {
    const { ctx, mapping, batch } = this.#options
    const reply = await ctx.link.send(['SCAN', cursor, 'MATCH', mapping.glob, 'COUNT', batch])
    const [next, names] = Array.isArray(reply) ? (reply as [string, readonly string[]]) : ['0', []]
    const unique = [...new Set(names)]
    this.#seen += unique.length
    for (let i = 0; i < unique.length; i += batch) await this.#move(unique.slice(i, i + batch))
    return String(next)
  }

  async #move(names: readonly string[]): Promise<void> {
    const candidates = await this.#withLives(names.flatMap((name) => this.#candidate(name) ?? []))
    if (candidates.length === 0) return
    // Before the values are read: what is invalidated from here on is so for them too.
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
    const name = path.join('/')
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

  /** The markers of all candidates, created where they are missing: by their keys. */
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
      // A key of another type has no text, as one has that has ended by now: the step would not find it.
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

  /** The entry's text: fresh for as long as the key would have lived. */
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
  // An answer that makes no sense says nothing of what was done: the key is looked at again.
  return WORDS.has(reply) ? (reply as Word) : 'changed'
}
