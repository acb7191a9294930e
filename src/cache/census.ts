/**
 * Counts stored entries by namespace and tag, exactly or from a sample.
 *
 * @module
 */

import { type EntryHeader, headerIn } from '../entry/header.ts'
import { numberWithin } from '../entry/option-checks.ts'
import type { CacheContext } from './context.ts'
import type { CacheNamespace } from './namespace.ts'
import { partsOf } from './namespace-parts.ts'
import { scan } from './scan.ts'
import { readSegment } from './segment.ts'

/** Options for {@link takeCensus}. */
export interface CensusOptions {
  /** Most entries to read, with two commands each; 1 to 100_000. @default 500 */
  readonly mostEntries?: number
  /**
   * Most SCAN commands, each of which looks at about 1,000 names of the database, whoever wrote them; 1 to 10_000.
   * @default 50
   */
  readonly mostScans?: number
  /** Counts entries that carry one of these tags. @default none */
  readonly tags?: readonly string[]
}

/** The entries of one namespace that were read. */
export interface CensusOfNamespace {
  readonly entries: number
  /** Bytes of the stored entries, headers included, without the overhead of Redis for each key. */
  readonly bytes: number
  /** Mean time until entries can no longer be served, in milliseconds; `undefined` if no header could be read. */
  readonly meanLifeMs: number | undefined
  /** How many entries carry each tag. */
  readonly tags: ReadonlyMap<string, number>
  /** How many entries carry one of the tags given in the options. */
  readonly tagged: number
}

/** A census. */
export interface Census {
  /** Epoch milliseconds. */
  readonly at: number
  /** Whether every entry was read. If a bound is reached, the census counts as a sample, even if nothing was left. */
  readonly isWhole: boolean
  /** How many entries were read. */
  readonly entries: number
  /** By the path of the namespace. */
  readonly namespaces: ReadonlyMap<string, CensusOfNamespace>
}

/** Enough for nearly every header. An entry with a longer one is counted without its tags and lifetime. */
const HEADER_BYTES = 4_096

/**
 * Counts the entries of a namespace and of the namespaces inside it. SCAN returns names in no particular order,
 * so the first of them are a sample of all.
 *
 * @throws {InvalidOptionError} When a bound is out of range, or another copy of this package made the namespace.
 * @throws {InvalidKeyError} When one of `tags` is not valid.
 * @throws {RemoteError} When Redis cannot be reached; also `RemoteTimeoutError` and `CircuitOpenError`.
 */
export async function takeCensus(
  namespace: CacheNamespace,
  { mostEntries = 500, mostScans = 50, tags = [] }: CensusOptions = {},
): Promise<Census> {
  const { ctx } = partsOf(namespace, 'namespace')
  numberWithin(mostEntries, 'mostEntries', 1, 100_000)
  numberWithin(mostScans, 'mostScans', 1, 10_000)
  for (const tag of tags) ctx.names.keyspace.tag(tag)
  const { base } = ctx.names.keyspace
  const tally = new CensusTally(ctx, base, tags)
  let scans = 0
  let isWhole = true
  // Escaped names contain no characters that are special in a glob.
  for await (const page of scan(ctx.link, `${base}*:e:{*`)) {
    const found = page.filter((name) => tally.isNew(name))
    const taken = found.slice(0, mostEntries - tally.entries)
    await Promise.all(taken.map((name) => tally.add(name)))
    isWhole = taken.length === found.length && ++scans < mostScans
    if (!isWhole) break
  }
  return { at: tally.at, isWhole, entries: tally.entries, namespaces: tally.result() }
}

interface Count {
  entries: number
  bytes: number
  dated: number
  lifeMs: number
  tagged: number
  readonly tags: Map<string, number>
}

class CensusTally {
  readonly at: number
  readonly #ctx: CacheContext
  readonly #base: string
  readonly #rootPath: string
  readonly #tags: readonly string[]
  readonly #seen = new Set<string>()
  readonly #counts = new Map<string, Count>()
  readonly #segments = new Map<string, readonly string[]>()
  entries = 0

  constructor(ctx: CacheContext, base: string, tags: readonly string[]) {
    this.#ctx = ctx
    this.#base = base
    this.#tags = tags
    this.#rootPath = ctx.names.keyspace.path
    this.at = ctx.platform.now()
  }

  /** Whether a name is that of an entry in this namespace or one inside it, and was not seen before. */
  isNew(name: string): boolean {
    if (this.#pathOf(name) === undefined || this.#seen.has(name)) return false
    this.#seen.add(name)
    return true
  }

  async add(name: string): Promise<void> {
    const { link } = this.#ctx
    const [head, length] = await Promise.all([
      link.send(['GETRANGE', name, 0, HEADER_BYTES - 1]),
      link.send(['STRLEN', name]),
    ])
    // The entry has expired since SCAN found its name.
    if (typeof head !== 'string' || head === '') return
    const path = this.#pathOf(name) ?? ''
    const count = this.#counts.get(path) ?? {
      entries: 0,
      bytes: 0,
      dated: 0,
      lifeMs: 0,
      tagged: 0,
      tags: new Map<string, number>(),
    }
    this.#counts.set(path, count)
    this.entries++
    count.entries++
    count.bytes += Number(length)
    const header = headerIn(head)
    if (header) this.#addHeader(count, header, path)
  }

  result(): ReadonlyMap<string, CensusOfNamespace> {
    return new Map(
      [...this.#counts].map(([path, { entries, bytes, dated, lifeMs, tags, tagged }]) => [
        path,
        { entries, bytes, meanLifeMs: dated === 0 ? undefined : lifeMs / dated, tags, tagged },
      ]),
    )
  }

  #addHeader(count: Count, { staleUntil, stamps }: EntryHeader, path: string): void {
    count.dated++
    count.lifeMs += Math.max(0, staleUntil - this.at)
    if (this.#segmentsAt(path).some((segment) => stamps.has(segment))) count.tagged++
    for (const segment of stamps.keys()) {
      const { text, kind } = readSegment(segment)
      if (kind === 'tag') count.tags.set(text, (count.tags.get(text) ?? 0) + 1)
    }
  }

  /** The segments of the tags in the entries of a namespace. Hashed tags differ between namespaces. */
  #segmentsAt(path: string): readonly string[] {
    const known = this.#segments.get(path)
    if (known) return known
    const inner = path.slice(this.#rootPath.length + 1)
    const segments = inner === '' ? [] : inner.split('/').map(decodeURIComponent)
    const keyspace = segments.reduce((outer, name) => outer.child(name), this.#ctx.names.keyspace)
    const tags = this.#tags.map((tag) => keyspace.tag(tag))
    this.#segments.set(path, tags)
    return tags
  }

  #pathOf(name: string): string | undefined {
    const rest = name.slice(this.#base.length)
    const end = rest.indexOf(':e:{')
    if (!name.startsWith(this.#base) || end < 0 || (end > 0 && !rest.startsWith('/'))) {
      return undefined
    }
    return this.#rootPath + rest.slice(0, end)
  }
}
