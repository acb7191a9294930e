/**
 * Vectors in Redis, copied into this isolate and searched here: for up to 50,000 per scope.
 *
 * @module
 */

import type { CacheContext } from '../../cache/context.ts'
import type { Reply } from '../../redis/requester.ts'
import { SEMANTIC_FORGET, SEMANTIC_REMEMBER, SEMANTIC_SINCE } from '../../redis/scripts/semantic.ts'
import { BoundedScopes } from './bounded-scopes.ts'
import type { SemanticNames } from './semantic-names.ts'
import { Shelf } from './shelf.ts'
import type { VectorSeal } from './vector-seal.ts'
import type { Neighbour, StoredVector, VectorSpace, VectorStore } from './vector-store.ts'

/** Settings of a {@link RedisVectorStore}, resolved. */
export interface RedisVectorStoreOptions {
  readonly space: VectorSpace
  readonly names: SemanticNames
  readonly seal: VectorSeal
  /** How many vectors a scope keeps in Redis; the oldest are dropped first. */
  readonly maxVectors: number
  /** Bound on the vectors and notes of all scopes in this isolate; drops the least recently searched. */
  readonly maxBytes: number
  /** How long a scope lives after the last prompt was added to it. */
  readonly ttlMs: number
  /** How long a scope is searched without asking Redis for changes. */
  readonly lagMs: number
}

/** What this isolate knows of a scope. */
interface Scope {
  readonly shelf: Shelf
  readonly notes: Map<string, string>
  /** The place of each entry in the log, oldest first: an entry that is added again moves to the end. */
  readonly places: Map<string, number>
  /** The place up to which the log has been read. */
  upTo: string
  /** When Redis was last asked; epoch milliseconds. */
  askedAt: number
  /** Counts this isolate's changes: a search that was under way during one may not have seen it. */
  changes: number
  noteBytes: number
}

/** Bound on one reply: well within the deadline of 500 ms and the response size that Upstash allows. */
const REPLY_BYTES = 1_000_000
/** How many replies one search waits for. Later searches read the rest. */
const REPLIES_A_SEARCH = 8
const FORGOTTEN_AT_ONCE = 1_000

/**
 * Each scope has a log of its vectors in Redis. An isolate reads the changes and searches its own copy.
 *
 * | operation | requests | commands |
 * | --- | ---: | ---: |
 * | search within `lagMs` of the last one | 0 | 0 |
 * | search | 1 | 1 |
 * | first search of a scope | 1 per megabyte, at most 8 | as many |
 * | add, remove up to 1,000, clear | 1 | 1 |
 *
 * A scope of more than eight megabytes is read over several searches.
 */
export class RedisVectorStore implements VectorStore {
  readonly #ctx: CacheContext
  readonly #options: RedisVectorStoreOptions
  readonly #scopes: BoundedScopes<Scope>

  constructor(ctx: CacheContext, options: RedisVectorStoreOptions) {
    this.#ctx = ctx
    this.#options = options
    this.#scopes = new BoundedScopes(options.maxBytes, bytesOf)
  }

  /** Size of the vectors and notes in this isolate, in bytes. */
  get bytes(): number {
    return this.#scopes.bytes
  }

  async search(scope: string, code: Int8Array, limit: number): Promise<readonly Neighbour[]> {
    const known = this.#scopes.get(scope) ?? this.#open(scope)
    const sinceMs = Math.abs(this.#ctx.platform.now() - known.askedAt)
    if (sinceMs >= this.#options.lagMs) await this.#catchUp(scope, known)
    return known.shelf.search(code, limit).map(({ id, similarity }) => ({
      entryId: id,
      similarity,
      note: known.notes.get(id) ?? '',
    }))
  }

  async add(scope: string, vector: StoredVector): Promise<void> {
    const { names, maxVectors, ttlMs, seal } = this.#options
    const text = await seal.close(scope, vector)
    const { vectors, log, state } = names.of(scope)
    const args = [vector.entryId, text, maxVectors, ttlMs]
    await this.#ctx.link.run(SEMANTIC_REMEMBER, [vectors, log, state], args)
    this.#askAgain(scope)
  }

  async remove(scope: string, entryIds: readonly string[]): Promise<void> {
    const { vectors, log, state } = this.#options.names.of(scope)
    const known = this.#scopes.get(scope)
    for (const id of entryIds) if (known) drop(known, id)
    for (let at = 0; at < entryIds.length; at += FORGOTTEN_AT_ONCE) {
      const part = entryIds.slice(at, at + FORGOTTEN_AT_ONCE)
      await this.#ctx.link.run(SEMANTIC_FORGET, [vectors, log, state], part)
    }
    this.#askAgain(scope)
  }

  async clear(scope: string): Promise<void> {
    const { vectors, log, state } = this.#options.names.of(scope)
    await this.#ctx.link.send(['DEL', vectors, log, state])
    this.#scopes.delete(scope)
  }

  #open(scope: string): Scope {
    const opened = emptyScope(this.#options.space.dimensions)
    this.#scopes.set(scope, opened)
    return opened
  }

  /** Makes the next search ask Redis: an isolate sees what it has changed itself, despite the lag. */
  #askAgain(scope: string): void {
    const known = this.#scopes.get(scope)
    if (!known) return
    known.askedAt = Number.NEGATIVE_INFINITY
    known.changes++
  }

  /** Reads the changes since the last search, up to a bound. */
  async #catchUp(scope: string, known: Scope): Promise<void> {
    const { vectors, log } = this.#options.names.of(scope)
    const most = Math.ceil(REPLY_BYTES / (this.#options.space.dimensions * 1.4 + 200))
    const askedAt = this.#ctx.platform.now()
    const { changes } = known
    for (let replies = 0; replies < REPLIES_A_SEARCH; replies++) {
      const { upTo } = known
      const args = [upTo, most, REPLY_BYTES]
      const reply = await this.#ctx.link.run(SEMANTIC_SINCE, [vectors, log], args)
      const isCut = await this.#take(scope, known, upTo, reply)
      // Unless it was cleared or dropped in the meantime.
      if (this.#scopes.get(scope) === known) this.#scopes.set(scope, known)
      if (!isCut) {
        if (known.changes === changes) known.askedAt = askedAt
        return
      }
    }
  }

  /** Applies the reply of what came after `upTo`. @returns Whether there may be more. */
  async #take(scope: string, known: Scope, upTo: string, reply: Reply): Promise<boolean> {
    const [oldest, isCut, ...rest] = (Array.isArray(reply) ? reply : []) as readonly Reply[]
    const changes = Array.from({ length: Math.floor(rest.length / 3) }, (_, i) => ({
      id: String(rest[i * 3]),
      place: String(rest[i * 3 + 1]),
      text: String(rest[i * 3 + 2]),
    }))
    const opened = await Promise.all(
      changes.map(({ id, text }) => this.#options.seal.open(scope, id, text)),
    )
    changes.forEach(({ id, place }, i) => {
      // A concurrent search of this isolate may have read further.
      if (Number(place) <= Number(known.upTo)) return
      drop(known, id)
      const vector = opened[i]
      if (vector) keep(known, vector, Number(place))
      known.upTo = place
    })
    // A concurrent search may have read what was added after this look at an empty log.
    if (oldest !== undefined) dropBefore(known, Number(oldest))
    else if (known.upTo === upTo) dropBefore(known, Infinity)
    return Number(isCut) === 1
  }
}

function emptyScope(dimensions: number): Scope {
  return {
    shelf: new Shelf(dimensions),
    notes: new Map(),
    places: new Map(),
    upTo: '0',
    askedAt: Number.NEGATIVE_INFINITY,
    changes: 0,
    noteBytes: 0,
  }
}

function keep(scope: Scope, { entryId, code, note }: StoredVector, place: number): void {
  scope.shelf.put(entryId, code)
  scope.notes.set(entryId, note)
  scope.places.set(entryId, place)
  scope.noteBytes += note.length * 2
}

function drop(scope: Scope, id: string): void {
  scope.shelf.delete(id)
  scope.noteBytes -= (scope.notes.get(id)?.length ?? 0) * 2
  scope.notes.delete(id)
  scope.places.delete(id)
}

/** Drops entries that are no longer in the log, because it was full or was lost. */
function dropBefore(scope: Scope, oldest: number): void {
  for (const [id, place] of scope.places) {
    if (place >= oldest) return
    drop(scope, id)
  }
}

function bytesOf({ shelf, noteBytes }: Scope): number {
  return shelf.bytes + noteBytes
}
