/**
 * The state of the model. Immutable: a step makes a new state.
 *
 * Ghost variables count calls. The promise is stated in terms of them, and no client or script reads
 * them. All objects of one kind have the same fields in the same order, because `code.ts` relies on it.
 *
 * @module
 */

/** Made inside Redis (1000 and above) or by a client (below 0). Only compared for equality. */
export type Id = number

/** A soft id of 0 means that the marker has not been softly invalidated since it was created. */
export interface Marker {
  readonly hard: Id
  readonly soft: Id
}

/** Indexed by the number of the tag. In an entry's stamps, `null` means that it does not have the tag. */
export type Markers = readonly (Marker | null)[]

/** Ghost: what decides whether a value may be served. */
export interface Value {
  /** How many hard calls that cover its key had begun to take effect when its load began. */
  readonly born: number
  /** The same for soft calls. */
  readonly soft: number
  /** Version of the source. {@link UNCLAIMED} for a value that the caller of a set provides. */
  readonly version: number
  /** How many calls had returned when its load began. Counted only to refute a promise that is too strong. */
  readonly returned: number
}

export interface Entry {
  readonly value: Value
  readonly stamps: Markers
  readonly writeId: Id
}

export interface Lease {
  readonly nonce: Id
  readonly token: Id
}

/** The contents of Redis. Entries and leases are indexed by the number of their key. */
export interface Store {
  readonly entries: readonly (Entry | null)[]
  readonly leases: readonly (Lease | null)[]
  readonly markers: Markers
}

/** Ghost: the calls that a read of a key must honour. */
export interface Duty {
  readonly hard: number
  readonly soft: number
  readonly version: number
  readonly returned: number
}

/** Ghost: the calls that cover one key. */
export interface Calls {
  /** Number of hard calls that have begun to take effect. */
  readonly begun: number
  /** Number of soft calls that have begun to take effect. */
  readonly softened: number
  /** What a read must honour because of the complete calls. */
  readonly complete: Duty
}

/** What a read saw, and when: `asOf` in units of `near.ttl`, `generation` in local calls. */
export interface Sight {
  readonly duty: Duty
  readonly lease: Id | null
  /** Write id of the entry that was found; 0 if there was none. */
  readonly writeId: Id
  readonly markers: Markers
  readonly asOf: number
  readonly generation: number
}

/** A load that has been granted a lease. */
export interface Load {
  readonly key: number
  readonly token: Id
  /** Ghost: whether nothing has happened that may take the lease away. */
  readonly holds: boolean
  /** Includes the epoch. */
  readonly stamps: Markers
  /** The markers that its reader saw, kept only for a flaw that compares them. */
  readonly seen: Markers
  readonly duty: Duty
  /** The reader's own stale copy. */
  readonly fallback: Value | null
  /** Whether it runs in the background, its caller having been answered already. */
  readonly behind: boolean
  readonly asOf: number
  readonly generation: number
}

/** A value on its way into the cache, by a load or by a set. */
export interface Loaded {
  readonly load: Load
  readonly value: Value
}

/** A writing call: when it began to take effect (0: not yet), and the version it publishes. */
export interface Call {
  readonly began: number
  readonly version: number
}

/** What a pattern sweeps of a key. */
export type Swept = 'entries' | 'leases'

export type Phase =
  | { readonly kind: 'idle' }
  // A read on Redis Cluster, whose parts are read in any order. `left` holds the parts not read yet.
  | {
      readonly kind: 'looking'
      readonly sight: Sight
      readonly entry: Entry | null
      readonly left: readonly number[]
    }
  // An entry has tags that the call did not name.
  | {
      readonly kind: 'weighing'
      readonly sight: Sight
      readonly entry: Entry
      readonly left: readonly number[]
    }
  | {
      readonly kind: 'verifying'
      readonly sight: Sight
      readonly copy: Entry
      readonly part: number
    }
  | {
      readonly kind: 'missed'
      readonly sight: Sight
      readonly fallback: Value | null
      readonly behind: boolean
      /** 0 before the first request. */
      readonly nonce: Id
    }
  | { readonly kind: 'waiting' }
  | {
      readonly kind: 'joined'
      readonly leader: number
      readonly duty: Duty
      readonly fallback: Value | null
    }
  | { readonly kind: 'marking'; readonly load: Load }
  | { readonly kind: 'granted'; readonly load: Load }
  | ({ readonly kind: 'loaded' } & Loaded)
  // Redis Cluster: the late marker is known, the epoch not yet. `null` where a flaw reverses the order.
  | ({ readonly kind: 'stamped'; readonly late: Marker | null } & Loaded)
  | ({ readonly kind: 'ready' } & Loaded)
  // Phases of a writer
  | { readonly kind: 'called'; readonly version: number; readonly known: Markers }
  | { readonly kind: 'parts'; readonly call: Call; readonly part: number }
  | ({ readonly kind: 'setMarking' } & Loaded)
  | ({ readonly kind: 'computing' } & Loaded)
  | ({ readonly kind: 'setting' } & Loaded)
  | {
      readonly kind: 'sweeping'
      readonly call: Call
      readonly stage: number
      readonly entries: Sweep
      readonly leases: Sweep
    }
  | { readonly kind: 'returning'; readonly effect: Duty; readonly position: number }

/**
 * The progress of a sweep for one Redis key. SCAN guarantees to return a key that exists from its start
 * to its end (`constant`). A key that is created or deleted in between may be returned or not (`free`).
 */
export type Sweep = 'constant' | 'free' | 'returned' | 'deleted'

export interface Client {
  readonly phase: Phase
  /** Number of operations done. */
  readonly done: number
  /** How often the current operation has looked. */
  readonly looks: number
}

export interface NearCopy {
  readonly entry: Entry
  readonly asOf: number
}

/** What the clients of one isolate share. */
export interface Isolate {
  readonly copy: NearCopy | null
  /** How many local calls have returned. */
  readonly generation: number
  /** Ghost: what a read must honour because of those calls. */
  readonly own: Duty
  /** The newest log position that the isolate knows of. */
  readonly token: number
}

/** A request. A copy of it may arrive later. */
export type Message =
  | {
      readonly kind: 'acquire'
      readonly key: number
      readonly nonce: Id
      readonly tags: Tags
      /** Write id of the entry that the caller has seen; 0 if there was none. */
      readonly writeId: Id
    }
  | { readonly kind: 'take'; readonly key: number; readonly nonce: Id; readonly tags: Tags }
  | { readonly kind: 'mark'; readonly tags: Tags; readonly nonce: Id }
  | { readonly kind: 'commit'; readonly key: number; readonly token: Id; readonly entry: Entry }
  | {
      readonly kind: 'store'
      readonly key: number
      readonly nonce: Id
      readonly tags: Tags
      readonly entry: Entry
    }
  | { readonly kind: 'release'; readonly key: number; readonly token: Id }
  | { readonly kind: 'delete'; readonly key: number; readonly what: readonly Swept[] }
  | { readonly kind: 'hard'; readonly tags: Tags; readonly nonce: Id }
  | { readonly kind: 'soft'; readonly tags: Tags; readonly known: Markers }

/** Numbers of tags. */
export type Tags = readonly number[]

export interface State {
  readonly store: Store
  /** Earlier contents of Redis, oldest first, which replicas may still show. Empty without replicas. */
  readonly log: readonly Store[]
  readonly clients: readonly Client[]
  readonly isolates: readonly Isolate[]
  /** Indexed by key. */
  readonly calls: readonly Calls[]
  /** Version of the source. */
  readonly source: number
  readonly returned: number
  /** Requests of which a second copy is still to arrive. */
  readonly copies: readonly Message[]
  readonly faults: number
  /** In units of `near.ttl`. */
  readonly now: number
  /** Ghost: what was complete when the current unit of time began. */
  readonly bound: Duty
  /** Ghost: what a read must honour because of the calls whose token was handed over; and the token. */
  readonly handed: Duty
  readonly handedToken: number
  /** The source of new ids. Ignored when states are compared. */
  readonly clock: number
}

/** The version of a value that does not come from the source. */
export const UNCLAIMED = 99

export const NO_DUTY: Duty = { hard: 0, soft: 0, version: 0, returned: 0 }
export const IDLE: Phase = { kind: 'idle' }

/** What a read must honour because of both. */
export function both(a: Duty, b: Duty): Duty {
  return {
    hard: Math.max(a.hard, b.hard),
    soft: Math.max(a.soft, b.soft),
    version: Math.max(a.version, b.version),
    returned: Math.max(a.returned, b.returned),
  }
}

export function sameHard(a: Marker | null | undefined, b: Marker | null | undefined): boolean {
  return a != null && b != null && a.hard === b.hard
}

export function sameMarker(a: Marker | null | undefined, b: Marker | null | undefined): boolean {
  return sameHard(a, b) && a?.soft === b?.soft
}
