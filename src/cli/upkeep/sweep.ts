/**
 * Finds data of the cache in Redis that is no longer needed, and deletes it.
 *
 * Safe while the cache is in use. An entry is deleted only if the hard id of one of its tags is gone, which
 * never comes back, and only if it is still the entry that was checked. A marker is deleted only if no entry
 * carries it and it has not been used for longer than any load takes: each load reads the markers that its
 * entry will carry, so a marker of a load in progress was used within that time.
 *
 * @module
 */

import { scan } from '../../cache/scan.ts'
import { readTexts } from '../../cache/texts.ts'
import { isMarker, sameHard } from '../../entry/header.ts'
import { RemoteError } from '../../errors.ts'
import type { Platform } from '../../platform/platform.ts'
import type { RedisLink } from '../../redis/link.ts'
import { DROP_ENDLESS, DROP_ENTRY, DROP_IDLE } from '../../redis/scripts/upkeep.ts'
import { escapePrefix, globOf, markerKey, readName } from '../keys/names.ts'
import { readHeaders, type SurveyedEntry } from '../keys/survey.ts'

/** Options for {@link sweep}. */
export interface SweepOptions {
  readonly link: RedisLink
  readonly platform: Platform
  /** The prefix of the cache. */
  readonly prefix: string
  /** Markers that were used within this time are kept, in milliseconds. Must be longer than any load takes. */
  readonly idleMs: number
  /** Whether to delete what is found. */
  readonly apply: boolean
  /** Stops the sweep between two pages of keys. */
  readonly signal: AbortSignal
  /** Called with the number of keys that have been checked so far. */
  progress(keys: number): void
}

/** What a sweep has found. */
export interface SweepReport {
  readonly applied: boolean
  /** Whether all keys were checked. An interrupted sweep deletes no markers. */
  readonly complete: boolean
  readonly keys: number
  readonly entries: number
  readonly markers: number
  readonly leases: number
  /** Entries that were invalidated: no read will ever serve them. */
  readonly deadEntries: Count
  /** Markers that no entry carries, and that have not been used lately. */
  readonly idleMarkers: Count
  /** Leases without expiry, which no load creates. */
  readonly endlessLeases: Count
  /** Keys with names of entries that hold no entry. They are kept. */
  readonly unreadable: number
  /** Why markers were not checked; `null` if they were. */
  readonly markersSkipped: string | null
}

/** How many were found, and how many of these were deleted. */
export interface Count {
  readonly found: number
  readonly dropped: number
  readonly bytes?: number
}

const BATCH = 500

/** Sweeps the keys of one prefix. Scans the whole database. */
export function sweep(options: SweepOptions): Promise<SweepReport> {
  return new Sweep(options).run()
}

class Sweep {
  readonly #options: SweepOptions
  readonly #prefix: string
  readonly #startedAt: number
  /** Markers that exist, and markers that entries carry. */
  readonly #markers = new Set<string>()
  readonly #carried = new Set<string>()
  readonly #dead = { found: 0, dropped: 0, bytes: 0 }
  readonly #endless = { found: 0, dropped: 0 }
  readonly #idle = { found: 0, dropped: 0 }
  #keys = 0
  #entries = 0
  #leases = 0
  #unreadable = 0

  constructor(options: SweepOptions) {
    this.#options = options
    this.#prefix = escapePrefix(options.prefix)
    this.#startedAt = options.platform.now()
  }

  async run(): Promise<SweepReport> {
    const { link, apply, signal, progress } = this.#options
    let complete = true
    for await (const names of scan(link, `${globOf(this.#prefix)}:*`)) {
      await this.#page(names)
      this.#keys += names.length
      progress(this.#keys)
      if (signal.aborted) {
        complete = false
        break
      }
    }
    // After an incomplete scan, any marker may be carried by an entry that was not seen.
    const markersSkipped = complete ? await this.#dropMarkers() : 'the sweep was interrupted'
    return {
      applied: apply,
      complete,
      keys: this.#keys,
      entries: this.#entries,
      markers: this.#markers.size,
      leases: this.#leases,
      deadEntries: this.#dead,
      idleMarkers: this.#idle,
      endlessLeases: this.#endless,
      unreadable: this.#unreadable,
      markersSkipped,
    }
  }

  async #page(names: readonly string[]): Promise<void> {
    const entries: string[] = []
    const leases: string[] = []
    for (const name of names) {
      const { kind } = readName(this.#prefix, name)
      if (kind === 'entry') entries.push(name)
      else if (kind === 'lease') leases.push(name)
      else if (kind === 'marker') this.#markers.add(name)
    }
    this.#entries += entries.length
    this.#leases += leases.length
    await this.#leasesWithoutEnd(leases)
    for (let i = 0; i < entries.length; i += BATCH) {
      await this.#judge(await readHeaders(this.#options.link, entries.slice(i, i + BATCH)))
    }
  }

  async #leasesWithoutEnd(names: readonly string[]): Promise<void> {
    const { link, apply } = this.#options
    const lives = await Promise.all(names.map((name) => link.send(['PTTL', name])))
    const endless = names.filter((_, i) => lives[i] === -1)
    this.#endless.found += endless.length
    if (!apply) return
    const dropped = await Promise.all(endless.map((name) => link.run(DROP_ENDLESS, [name], [])))
    this.#endless.dropped += sum(dropped)
  }

  /** Reads the markers after the headers: a marker that differs by then never gets its old id back. */
  async #judge(entries: readonly SurveyedEntry[]): Promise<void> {
    const { link } = this.#options
    const stamped = entries.map((entry) => ({ entry, stamps: this.#stampsOf(entry) }))
    const keys = [...new Set(stamped.flatMap(({ stamps }) => [...stamps.keys()]))]
    const current = new Map<string, unknown>()
    for (let i = 0; i < keys.length; i += BATCH) {
      const part = keys.slice(i, i + BATCH)
      const texts = await readTexts(link, part, undefined)
      for (const [j, key] of part.entries()) current.set(key, texts[j])
    }
    const dead: SurveyedEntry[] = []
    for (const { entry, stamps } of stamped) {
      if (!entry.header) this.#unreadable++
      else if (isDead(stamps, current)) dead.push(entry)
      else for (const key of stamps.keys()) this.#carried.add(key)
    }
    await this.#dropEntries(dead)
  }

  #stampsOf({ name, header }: SurveyedEntry): ReadonlyMap<string, string> {
    const known = readName(this.#prefix, name)
    if (known.kind !== 'entry' || !header) return new Map()
    const { path } = known
    return new Map(
      [...header.stamps].map(([segment, stamp]) => [markerKey(this.#prefix, path, segment), stamp]),
    )
  }

  async #dropEntries(dead: readonly SurveyedEntry[]): Promise<void> {
    const { link, apply } = this.#options
    const sizes = await Promise.all(dead.map(({ name }) => link.send(['STRLEN', name])))
    this.#dead.found += dead.length
    this.#dead.bytes += sum(sizes)
    if (!apply) return
    const dropped = await Promise.all(
      dead.map(({ name, prefix }) => link.run(DROP_ENTRY, [name], [prefix])),
    )
    this.#dead.dropped += sum(dropped)
  }

  /** @returns Why markers could not be checked; `null` if they were. */
  async #dropMarkers(): Promise<string | null> {
    const { platform, idleMs } = this.#options
    const candidates = [...this.#markers].filter((name) => !this.#carried.has(name))
    // The scan misses only entries stored after it began, whose loads used their markers less than `idleMs` earlier.
    const seconds = Math.ceil((idleMs + platform.now() - this.#startedAt) / 1_000)
    try {
      for (let i = 0; i < candidates.length; i += BATCH) {
        await this.#dropIdle(candidates.slice(i, i + BATCH), seconds)
      }
      return null
    } catch (error) {
      // `ERR`, as with an LFU policy. Other refusals, such as `NOPERM` and `READONLY`, are not about the time of use.
      if (!(error instanceof RemoteError) || error.reason !== 'ERR') throw error
      return 'Redis does not report when they were last used; they expire on their own'
    }
  }

  async #dropIdle(names: readonly string[], seconds: number): Promise<void> {
    const { link, apply } = this.#options
    if (apply) {
      const dropped = await Promise.all(names.map((name) => link.run(DROP_IDLE, [name], [seconds])))
      this.#idle.dropped += sum(dropped)
      this.#idle.found += sum(dropped)
      return
    }
    const idle = await Promise.all(names.map((name) => link.send(['OBJECT', 'IDLETIME', name])))
    this.#idle.found += idle.filter((found) => found !== null && Number(found) >= seconds).length
  }
}

function isDead(
  stamps: ReadonlyMap<string, string>,
  current: ReadonlyMap<string, unknown>,
): boolean {
  for (const [key, stamp] of stamps) {
    const marker = current.get(key)
    if (!isMarker(marker) || !sameHard(marker, stamp)) return true
  }
  return false
}

function sum(replies: readonly unknown[]): number {
  return replies.reduce<number>((all, one) => all + (typeof one === 'number' ? one : 0), 0)
}
