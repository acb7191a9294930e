/**
 * What runs inside Redis. Each function is one atomic step on the contents of Redis, like a Lua script
 * or a command (`src/redis/scripts/protocol.ts`). None of them knows of clients, calls or promises.
 *
 * A function that changes nothing returns the same store object.
 *
 * @module
 */

import type { Flaws } from './flaws.ts'
import type { Entry, Id, Marker, Markers, Message, Store, Swept, Tags } from './state.ts'

/** Makes unique ids, for Redis and for clients. */
export class Ids {
  next: number

  constructor(next: number) {
    this.next = next
  }

  /** An id made inside Redis. */
  stored(): Id {
    return 1_000 + this.next++
  }

  /** An id made by a client. */
  sent(): Id {
    return -++this.next
  }
}

/** The reply of `acquire` and `take`. */
export interface Grant {
  readonly token: Id
  readonly stamps: Markers
}

/** The store after a step, and the reply. */
export interface Applied<Reply = unknown> {
  readonly store: Store
  readonly reply: Reply
}

/**
 * Grants the lease if it is free and the entry is the one that the caller has seen. A caller that
 * already holds the lease gets the same token again.
 */
export function acquire(
  store: Store,
  { key, nonce, tags, writeId }: Extract<Message, { kind: 'acquire' }>,
  flaws: Flaws,
  ids: Ids,
): Applied<Grant | null> {
  const held = store.leases[key]
  const isFree = !held || flaws.has('acquire does not look for a lease')
  if (held && held.nonce !== nonce && !isFree) return { store, reply: null }
  const isOther = (store.entries[key]?.writeId ?? 0) !== writeId
  if (!held && isOther && !flaws.has('acquire does not look for an entry')) {
    return { store, reply: null }
  }
  let next = store
  if (held?.nonce !== nonce) next = withLease(store, key, nonce, flaws, ids)
  return grant(next, key, mark(next, tags, nonce, flaws, ids))
}

/** The first request of a set: takes the lease, so that no older load may store, and drops the entry. */
export function take(
  store: Store,
  { key, nonce, tags }: Extract<Message, { kind: 'take' }>,
  flaws: Flaws,
  ids: Ids,
): Applied<Grant> {
  const held = store.leases[key]
  let next = store
  if (held?.nonce !== nonce) {
    if (!flaws.has('take leaves the entry')) next = without(next, key, ['entries'])
    if (!held || !flaws.has('take leaves the lease')) next = withLease(next, key, nonce, flaws, ids)
  }
  return grant(next, key, mark(next, tags, nonce, flaws, ids))
}

/** Returns the markers of tags, creating those that are missing. */
export function mark(
  store: Store,
  tags: Tags,
  nonce: Id,
  flaws: Flaws,
  ids: Ids,
): Applied<Markers> {
  const missing = tags.filter((tag) => !store.markers[tag])
  if (missing.length === 0) return { store, reply: store.markers }
  const markers = [...store.markers]
  for (const tag of missing) markers[tag] = { hard: markerId(nonce, flaws, ids), soft: 0 }
  return { store: { ...store, markers }, reply: markers }
}

/** Stores the entry if the caller still holds the lease, and releases the lease. */
export function commit(
  store: Store,
  { key, token, entry }: Extract<Message, { kind: 'commit' }>,
  flaws: Flaws,
): Applied<boolean> {
  const lease = store.leases[key]
  if (store.entries[key]?.writeId === entry.writeId) return { store, reply: true }
  const mayStore = flaws.has('a tombstone stands for the lease')
    ? lease?.nonce !== TOMBSTONE
    : lease?.token === token
  if (mayStore || flaws.has('commit compares nothing')) {
    return { store: withEntry(store, key, entry), reply: true }
  }
  return { store, reply: false }
}

/** A set in one request: stores the entry without checking the lease, stamped with the current markers. */
export function storeAtOnce(
  store: Store,
  { key, nonce, tags, entry }: Extract<Message, { kind: 'store' }>,
  flaws: Flaws,
  ids: Ids,
): Applied<boolean> {
  const { store: marked, reply } = mark(store, tags, nonce, flaws, ids)
  const stamps = entry.stamps.map((stamp, tag) =>
    tags.includes(tag) ? (reply[tag] ?? null) : stamp,
  )
  return { store: withEntry(marked, key, { ...entry, stamps }), reply: true }
}

/** Drops an entry, a lease, or both. */
export function remove(
  store: Store,
  { key, what }: Extract<Message, { kind: 'delete' }>,
  flaws: Flaws,
): Applied {
  const kept = flaws.has('delete leaves the lease') ? 'leases' : undefined
  const next = without(
    store,
    key,
    what.filter((one) => one !== kept),
  )
  if (!flaws.has('a tombstone stands for the lease')) return { store: next, reply: null }
  const tombstone = { nonce: TOMBSTONE, token: TOMBSTONE }
  return { store: { ...next, leases: next.leases.with(key, tombstone) }, reply: null }
}

/** Hard invalidation: drops the markers. An entry whose marker is missing is not valid. */
export function hard(
  store: Store,
  { tags, nonce }: Extract<Message, { kind: 'hard' }>,
  flaws: Flaws,
  ids: Ids,
): Applied {
  if (flaws.has('hard calls make stale')) return soften(store, tags, [], flaws, ids)
  const markers = [...store.markers]
  for (const tag of tags) markers[tag] = markerAfter(markers[tag] ?? null, nonce, flaws)
  const isSame = markers.every((marker, tag) => marker === store.markers[tag])
  return { store: isSame ? store : { ...store, markers }, reply: null }
}

/** Soft invalidation: gives each existing marker a new soft id, and drops the epoch. */
export function soft(
  store: Store,
  { tags, known }: Extract<Message, { kind: 'soft' }>,
  epoch: number,
  flaws: Flaws,
  ids: Ids,
): Applied {
  const { store: next, reply } = soften(
    store,
    tags.filter((tag) => tag !== epoch),
    known,
    flaws,
    ids,
  )
  const isKept = !tags.includes(epoch) || flaws.has('soft calls keep the epoch')
  if (isKept || !next.markers[epoch]) return { store: next, reply }
  return { store: { ...next, markers: next.markers.with(epoch, null) }, reply }
}

/** Releases the lease if the caller still holds it. */
export function release(
  store: Store,
  { key, token }: Extract<Message, { kind: 'release' }>,
  flaws: Flaws,
): Applied {
  const isMine = store.leases[key]?.token === token || flaws.has('a failed load drops any lease')
  return { store: isMine ? without(store, key, ['leases']) : store, reply: null }
}

/** Applies a request of any kind. */
export function apply(
  store: Store,
  message: Message,
  epoch: number,
  flaws: Flaws,
  ids: Ids,
): Applied {
  switch (message.kind) {
    case 'acquire':
      return acquire(store, message, flaws, ids)
    case 'take':
      return take(store, message, flaws, ids)
    case 'mark':
      return mark(store, message.tags, message.nonce, flaws, ids)
    case 'commit':
      return commit(store, message, flaws)
    case 'store':
      return storeAtOnce(store, message, flaws, ids)
    case 'release':
      return release(store, message, flaws)
    case 'delete':
      return remove(store, message, flaws)
    case 'hard':
      return hard(store, message, flaws, ids)
    case 'soft':
      return soft(store, message, epoch, flaws, ids)
    default:
      return message satisfies never
  }
}

/** The store without the entry or lease of a key. */
export function without(store: Store, key: number, what: readonly Swept[]): Store {
  let next = store
  for (const one of what) if (next[one][key]) next = { ...next, [one]: next[one].with(key, null) }
  return next
}

const TOMBSTONE = 0

function withEntry(store: Store, key: number, entry: Entry): Store {
  return { ...store, entries: store.entries.with(key, entry), leases: store.leases.with(key, null) }
}

function withLease(store: Store, key: number, nonce: Id, flaws: Flaws, ids: Ids): Store {
  const token = flaws.has('the nonce is the token') ? nonce : ids.stored()
  return { ...store, leases: store.leases.with(key, { nonce, token }) }
}

function grant(
  before: Store,
  key: number,
  { store, reply: stamps }: Applied<Markers>,
): Applied<Grant> {
  return { store, reply: { token: before.leases[key]?.token ?? 0, stamps } }
}

function soften(store: Store, tags: Tags, known: Markers, flaws: Flaws, ids: Ids): Applied {
  const markers = [...store.markers]
  for (const tag of tags) {
    const remembered = flaws.has('soft calls write the hard id they remember')
    const found: Marker | null | undefined = remembered ? known[tag] : markers[tag]
    if (found) markers[tag] = { hard: found.hard, soft: ids.stored() }
  }
  const isSame = markers.every((marker, tag) => marker === store.markers[tag])
  return { store: isSame ? store : { ...store, markers }, reply: null }
}

function markerId(nonce: Id, flaws: Flaws, ids: Ids): Id {
  if (flaws.has('ids are counters')) return 1
  return flaws.has('markers are created with ids of the caller') ? nonce : ids.stored()
}

function markerAfter(marker: Marker | null, nonce: Id, flaws: Flaws): Marker | null {
  if (flaws.has('markers are set, by ids of the caller')) return { hard: nonce, soft: 0 }
  if (flaws.has('ids are counters')) return { hard: (marker?.hard ?? 0) + 1, soft: 0 }
  return null
}
