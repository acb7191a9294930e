/**
 * The atomic steps of the protocol: what docs/consistency.md calls look, acquire, commit, take,
 * delete, hard, soft, late and release, each as one or more commands.
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
 * Pauses before the attempts to give back a lease that may have been granted, in milliseconds. After the first, a
 * circuit that has opened may have closed.
 */
const DOUBT_MS = [2_000, 4_000, 8_000]

/** What to store, and the token of the lease for it. */
export interface Commit {
  readonly token: string
  readonly entry: string
  readonly writeId: string
  /** How long Redis keeps the entry, in milliseconds. */
  readonly lifeMs: number
}

/** Settings of a request for a lease. */
export interface AcquireTerms {
  /** Identifies the entry that the caller has seen: see `prefixOf`. */
  readonly prefix: string
  readonly leaseMs: number
  /** The longest time that the new entry can be served, in milliseconds. */
  readonly lifeMs: number
}

/** A {@link Grant} with the right to store. */
export interface Lease extends Grant {
  readonly token: string
}

/** The steps on one Redis. Each resolves when Redis has answered, and rejects as {@link RedisLink.send} does. */
export class Steps {
  readonly #link: RedisLink
  readonly #platform: Platform
  readonly #texts = new MarkerTexts()

  constructor(link: RedisLink, platform: Platform) {
    this.#link = link
    this.#platform = platform
  }

  /**
   * Reads entry, lease and markers: one command, which all readers of one tick share; two commands if `after` is given
   * and this client has another consistency token.
   *
   * @param make Turns the look into the result, as soon as it arrives. @default returns the look
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

  /** Reads only markers; at least one. */
  async lookAt(markers: readonly Marker[], after?: string): Promise<Look['markers']> {
    const keys = markers.map(({ key }) => key)
    return this.#texts.found(markers, await readTexts(this.#link, keys, after))
  }

  /** Reads the first bytes of an entry, and markers: enough to tell whether a copy is still valid. */
  async verify(name: string, markerKeys: readonly string[]): Promise<readonly [string, Texts]> {
    const [start, end] = WRITE_ID_RANGE
    const [prefix, found] = await Promise.all([
      this.#link.send(['GETRANGE', name, start, end]),
      readTexts(this.#link, markerKeys, undefined),
    ])
    return [String(prefix), found]
  }

  /**
   * Asks for the lease of a load; `undefined` if another caller holds it, or if the entry is no longer the one with
   * `prefix`.
   */
  acquire(
    names: EntryNames,
    markers: readonly Marker[],
    { prefix, leaseMs, lifeMs }: AcquireTerms,
  ): Promise<Lease | undefined> {
    return this.#grant(scripts.ACQUIRE, names, markers, leaseMs, lifeMs, prefix)
  }

  /** First half of a set: from now on no earlier load or set can store, and no older entry can be served. */
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
      // Kept alive, because a lease whose reply is lost would delay all other callers.
      const reply = await carriedOn(this.#platform, this.#link.run(script, keys, args))
      if (reply === 0 && prefix.length > 0) return undefined
      const [token, ...made] = list(reply, keys.length - 1)
      if (typeof token !== 'string') throw malformed()
      const stamps = cluster ? await this.#mark(markers, nonce, lifeMs) : stampsOf(markers, made)
      return { token, stamps }
    } catch (error) {
      const isInDoubt = mayBeApplied(error)
      // On a cluster the lease may have been granted, and only the markers not created.
      if (isInDoubt || cluster) this.disown(names, nonce, isInDoubt)
      throw error
    }
  }

  /**
   * Gives back, in the background, a lease under which nothing will be stored, because others would wait until it
   * expires. Tries again if Redis does not answer.
   *
   * @param isInDoubt Whether the lease may have been granted unnoticed, or may still be. Then the first attempt waits.
   */
  disown(names: EntryNames, token: string, isInDoubt: boolean): void {
    const pausesMs = isInDoubt ? DOUBT_MS : [0, ...DOUBT_MS]
    const giveBack = (): Promise<void> => this.release(names, token)
    this.#platform.defer(untilDone(this.#platform, pausesMs, giveBack))
  }

  /** Stores the entry if the caller still holds the lease. Returns whether it was stored. */
  async commit(names: EntryNames, { token, entry, writeId, lifeMs }: Commit): Promise<boolean> {
    const args = [token, entry, lifeMs, writePrefix(writeId)]
    return yes(await this.#link.run(scripts.COMMIT, [names.entry, names.lease], args))
  }

  /** Gives the lease back if the caller still holds it, by its token or by the nonce of the request for it. */
  release(names: EntryNames, token: string): Promise<void> {
    return this.prolong(names, token, 0)
  }

  /** Makes the lease end `ms` milliseconds from now if the caller still holds it. */
  async prolong(names: EntryNames, token: string, ms: number): Promise<void> {
    yes(await this.#link.run(scripts.RELEASE, [names.lease], [token, ms]))
  }

  /** Replaces the text of an entry if it still has this write id. Returns whether it had. */
  async replace(name: string, { entry, writeId, lifeMs }: Omit<Commit, 'token'>): Promise<boolean> {
    const args = [writePrefix(writeId), entry, lifeMs]
    return yes(await this.#link.run(scripts.REPLACE, [name], args))
  }

  /** A set in one request. The script inserts the stamps between the two parts of the entry's text. */
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
   * Deletes entries with their leases. Both keys of an entry share a slot and are deleted in one command: between
   * two commands, a load would still hold its lease and could store the entry again.
   */
  async delete(names: readonly EntryNames[]): Promise<void> {
    const pairs = names.map(({ entry, lease }) => [entry, lease])
    await this.#drop(this.#link.cluster ? pairs : [pairs.flat()])
  }

  /** Deletes keys: one command, or on a cluster one per key. */
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

  /** Hard invalidation: drops the markers, without which no entry is valid. */
  async hard(markers: readonly Marker[], epoch: Marker): Promise<void> {
    const keys = markers.map(({ key }) => key)
    if (!this.#link.cluster) return this.drop([epoch.key, ...keys])
    // The epoch first: once a marker is gone, a load with late tags must not find the old epoch.
    await this.drop([epoch.key])
    await this.drop(keys)
  }

  /** Soft invalidation: entries stay valid but are no longer fresh. */
  async soft(markers: readonly Marker[], epoch: Marker): Promise<void> {
    const run = async (keys: readonly string[]): Promise<boolean> =>
      yes(await this.#link.run(scripts.SOFT, keys, [randomId()]))
    if (!this.#link.cluster) {
      await run([epoch.key, ...markers.map(({ key }) => key)])
      return
    }
    await this.drop([epoch.key])
    // The script deletes its first key, so it gets one in the marker's slot that is never used.
    await Promise.all(markers.map(({ key }) => run([`{${key}}:none`, key])))
  }

  /** Creates the missing markers of late tags, and reads the epoch no earlier than that. */
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

  /** Creates missing markers one by one, each in its own slot. */
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
