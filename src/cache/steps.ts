/**
 * The atomic steps of the protocol: what docs/consistency.md calls look, acquire, commit, take,
 * delete, hard, soft, late and release, each sent as the commands it is made of.
 *
 * On Redis Cluster markers live in other slots than the entry. Steps that touch both are then sent
 * as several commands, in the order that the protocol allows.
 *
 * @module
 */

import { WRITE_ID_RANGE, writePrefix } from '../entry/header.ts'
import { randomId } from '../entry/id.ts'
import type { EntryNames } from '../entry/key.ts'
import { untilDone } from '../flight/every.ts'
import type { Grant } from '../flight/single-flight.ts'
import { carriedOn } from '../platform/carried-on.ts'
import type { Platform } from '../platform/platform.ts'
import { list, malformed, text, yes } from '../redis/answer.ts'
import { mayBeApplied } from '../redis/failure.ts'
import type { Texts } from '../redis/gather.ts'
import type { RedisLink } from '../redis/link.ts'
import * as scripts from '../redis/scripts/protocol.ts'
import type { Script } from '../redis/scripts/script.ts'
import { MarkerTexts } from './marker-texts.ts'
import type { Marker } from './names.ts'
import { type Look, lookOf } from './sight.ts'
import { markerMs, stampsOf } from './stamps.ts'
import { makeOfTexts, readTexts } from './texts.ts'

/**
 * What it is waited for before each attempt to give a lease in doubt back, in milliseconds: at the first, a
 * circuit that has opened may have closed.
 */
const DOUBT_MS = [2_000, 4_000, 8_000]

/** A write on its way: what to store under which right. */
export interface Commit {
  readonly token: string
  readonly entry: string
  readonly writeId: string
  /** How long Redis keeps the entry, in milliseconds. */
  readonly lifeMs: number
}

/** On which terms a lease is asked for. */
export interface AcquireTerms {
  /** Which entry the caller has seen: see `prefixOf`. */
  readonly prefix: string
  readonly leaseMs: number
  /** How long the entry that follows may be of use, in milliseconds. */
  readonly lifeMs: number
}

/** A {@link Grant} with the right to store. */
export interface Lease extends Grant {
  readonly token: string
}

/** The steps on one Redis. Each resolves when Redis has answered, and rejects as the link does. */
export class Steps {
  readonly #link: RedisLink
  readonly #platform: Platform
  readonly #texts = new MarkerTexts()

  constructor(link: RedisLink, platform: Platform) {
    this.#link = link
    this.#platform = platform
  }

  /**
   * Reads entry, lease and markers: one command, which several readers of one tick share; two with a
   * consistency token (`after`) of others.
   *
   * @param make What to make of it, at once. @default nothing else
   */
  look<T = Look>(
    { entry, lease }: EntryNames,
    markers: readonly Marker[],
    after?: string,
    make: (look: Look) => T | Promise<T> = (look) => look as T,
  ): Promise<T> {
    const keys = this.#texts.keysOf(markers)
    return makeOfTexts(this.#link, [[entry, lease], keys], after, (own, found) =>
      make(lookOf(this.#texts.found(markers, found), own[0], own[1])),
    )
  }

  /** Looks at many entries at once, and at the union of their markers: one command. */
  lookMany(
    targets: readonly { readonly names: EntryNames }[],
    markers: readonly Marker[],
    { withLeases, after }: { readonly withLeases: boolean; readonly after: string | undefined },
  ): Promise<readonly Look[]> {
    const entries = targets.map(({ names }) => names.entry)
    const leases = withLeases ? targets.map(({ names }) => names.lease) : []
    const keys = this.#texts.keysOf(markers)
    return makeOfTexts(this.#link, [[...entries, ...leases], keys], after, (own, texts) => {
      const found = this.#texts.found(markers, texts)
      return entries.map((_, i) => lookOf(found, own[i], own[entries.length + i]))
    })
  }

  /** Reads markers alone; at least one. */
  async lookAt(markers: readonly Marker[], after?: string): Promise<Look['markers']> {
    const keys = markers.map(({ key }) => key)
    return this.#texts.found(markers, await readTexts(this.#link, keys, after))
  }

  /** Reads the first bytes of an entry, and markers: enough to know that a copy is still good. */
  async verify(name: string, markerKeys: readonly string[]): Promise<readonly [string, Texts]> {
    const [start, end] = WRITE_ID_RANGE
    const [prefix, found] = await Promise.all([
      this.#link.send(['GETRANGE', name, start, end]),
      readTexts(this.#link, markerKeys, undefined),
    ])
    return [String(prefix), found]
  }

  /**
   * Asks for the right to load and store; `undefined` if somebody else holds it, or has stored
   * another entry than the one with `prefix`.
   */
  acquire(
    names: EntryNames,
    markers: readonly Marker[],
    { prefix, leaseMs, lifeMs }: AcquireTerms,
  ): Promise<Lease | undefined> {
    return this.#grant(scripts.ACQUIRE, names, markers, leaseMs, lifeMs, prefix)
  }

  /** First half of a set: nobody older may store, and nothing older is left to be served. */
  take(
    names: EntryNames,
    markers: readonly Marker[],
    leaseMs: number,
    lifeMs: number,
  ): Promise<Lease> {
    return this.#grant(scripts.TAKE, names, markers, leaseMs, lifeMs) as Promise<Lease>
  }

  /** Runs a script that grants a lease. */
  async #grant(
    script: Script,
    names: EntryNames,
    markers: readonly Marker[],
    leaseMs: number,
    lifeMs: number,
    ...prefix: readonly string[]
  ): Promise<Lease | undefined> {
    const { cluster } = this.#link
    const nonce = randomId()
    const stamped = cluster ? [] : markers
    const keys = [names.lease, names.entry, ...stamped.map(({ key }) => key)]
    try {
      const args = [nonce, leaseMs, markerMs(lifeMs), ...prefix]
      // What is granted must be heard.
      const reply = await carriedOn(this.#platform, this.#link.run(script, keys, args))
      if (reply === 0 && prefix.length > 0) return undefined
      const [token, ...made] = list(reply, keys.length - 1)
      if (typeof token !== 'string') throw malformed()
      const stamps = cluster ? await this.#mark(markers, nonce, lifeMs) : stampsOf(markers, made)
      return { token, stamps }
    } catch (error) {
      const isInDoubt = mayBeApplied(error)
      // On a cluster it may be that only the markers could not be made.
      if (isInDoubt || cluster) this.disown(names, nonce, isInDoubt)
      throw error
    }
  }

  /**
   * Gives back, behind the answer, what nothing will be stored under: all would wait for its end. Who does
   * not answer is asked again.
   *
   * @param isInDoubt Whether it may have been granted unheard, and may still be: then not at once.
   */
  disown(names: EntryNames, token: string, isInDoubt: boolean): void {
    const pausesMs = isInDoubt ? DOUBT_MS : [0, ...DOUBT_MS]
    const giveBack = (): Promise<void> => this.release(names, token)
    this.#platform.defer(untilDone(this.#platform, pausesMs, giveBack))
  }

  /** Stores, if the lease is still the caller's. */
  async commit(names: EntryNames, { token, entry, writeId, lifeMs }: Commit): Promise<boolean> {
    const args = [token, entry, lifeMs, writePrefix(writeId)]
    return yes(await this.#link.run(scripts.COMMIT, [names.entry, names.lease], args))
  }

  /** Gives the lease back, if it is still the caller's: by its token, or by the nonce it was asked with. */
  release(names: EntryNames, token: string): Promise<void> {
    return this.prolong(names, token, 0)
  }

  /** Has the lease end in so many milliseconds from now, if it is still the caller's. */
  async prolong(names: EntryNames, token: string, ms: number): Promise<void> {
    yes(await this.#link.run(scripts.RELEASE, [names.lease], [token, ms]))
  }

  /** Puts another text in the place of the entry that has this write id. */
  async replace(name: string, { entry, writeId, lifeMs }: Omit<Commit, 'token'>): Promise<boolean> {
    const args = [writePrefix(writeId), entry, lifeMs]
    return yes(await this.#link.run(scripts.REPLACE, [name], args))
  }

  /** A set in one request: the entry's text is completed with the stamps where it is stored. */
  async store(
    names: EntryNames,
    markers: readonly Marker[],
    [before, after]: readonly [string, string],
    lifeMs: number,
  ): Promise<void> {
    const args = [randomId(), markerMs(lifeMs), lifeMs, before, after]
    const keys = [names.entry, names.lease, ...markers.map(({ key }) => key)]
    const segments = markers.map(({ segment }) => segment)
    yes(await this.#link.run(scripts.STORE, keys, [...args, ...segments]))
  }

  /**
   * Drops entries with their leases. The two of a key share a slot and go in one command: between two,
   * a load would still have its lease, and could put back the entry that is gone.
   */
  async delete(names: readonly EntryNames[]): Promise<void> {
    const pairs = names.map(({ entry, lease }) => [entry, lease])
    await this.#drop(this.#link.cluster ? pairs : [pairs.flat()])
  }

  /** Deletes keys: one command, or on a cluster one a key. */
  async drop(keys: readonly string[]): Promise<void> {
    await this.#drop(this.#link.cluster ? keys.map((key) => [key]) : [keys])
  }

  async #drop(commands: readonly (readonly string[])[]): Promise<void> {
    await Promise.all(
      commands.map(async (keys) => {
        if (typeof (await this.#link.send(['DEL', ...keys])) !== 'number') throw malformed('DEL')
      }),
    )
  }

  /** Hard invalidation: without its marker no entry is valid. */
  async hard(markers: readonly Marker[], epoch: Marker): Promise<void> {
    const keys = markers.map(({ key }) => key)
    if (!this.#link.cluster) return this.drop([epoch.key, ...keys])
    // A load with late tags must not find the epoch as it was after any marker is gone.
    await this.drop([epoch.key])
    await this.drop(keys)
  }

  /** Soft invalidation: entries stay valid, and are fresh no more. */
  async soft(markers: readonly Marker[], epoch: Marker): Promise<void> {
    const run = async (keys: readonly string[]): Promise<boolean> =>
      yes(await this.#link.run(scripts.SOFT, keys, [randomId()]))
    if (!this.#link.cluster) {
      await run([epoch.key, ...markers.map(({ key }) => key)])
      return
    }
    await this.drop([epoch.key])
    // The script drops its first key; one in the marker's slot that nobody uses keeps it harmless.
    await Promise.all(markers.map(({ key }) => run([`{${key}}:none`, key])))
  }

  /** Creates the markers of late tags, and reads the epoch after them. */
  async late(
    markers: readonly Marker[],
    epoch: Marker,
    lifeMs: number,
  ): Promise<{ readonly epoch: string | null; readonly stamps: ReadonlyMap<string, string> }> {
    if (this.#link.cluster) {
      const stamps = await this.#mark(markers, randomId(), lifeMs)
      return { epoch: text(await this.#link.send(['GET', epoch.key])), stamps }
    }
    const keys = [epoch.key, ...markers.map(({ key }) => key)]
    const reply = await this.#link.run(scripts.LATE, keys, [randomId(), markerMs(lifeMs)])
    const [found = null, ...made] = list(reply, keys.length)
    return { epoch: text(found), stamps: stampsOf(markers, made) }
  }

  /** Creates markers one by one, each in its own slot. */
  async #mark(
    markers: readonly Marker[],
    nonce: string,
    lifeMs: number,
  ): Promise<ReadonlyMap<string, string>> {
    const args = [nonce, markerMs(lifeMs)]
    const made = await Promise.all(
      markers.map(({ key }) => this.#link.run(scripts.MARK, [key], args)),
    )
    return stampsOf(
      markers,
      made.flatMap((reply) => list(reply, 1)),
    )
  }
}
