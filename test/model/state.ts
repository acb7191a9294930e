/**
 * Everything that the model knows at one moment. Immutable: a step makes a new state.
 *
 * Ghosts are what the promise is stated in: they count calls, and no client or script reads them.
 * Every object of one kind has the same fields in the same order, as `code.ts` relies on it.
 *
 * @module
 */

/** Made inside Redis (1000 and above) or by a client (below 0). Compared, and nothing else. */
export type Id = number

/** A soft id of 0 is that of a marker as it was created. */
export interface Marker {
  readonly hard: Id
  readonly soft: Id
}

/** By the number of the tag. Of an entry's stamps `null` means: it does not carry the tag. */
export type Markers = readonly (Marker | null)[]

/** A ghost: what is to be known of a value to judge whether it may be served. */
export interface Value {
  /** How many covering calls had begun to take effect when its load began. */
  readonly born: number
  /** The same of soft calls. */
  readonly soft: number
  /** Of the source. {@link UNCLAIMED} for what a caller brings along. */
  readonly version: number
  /** How many calls had returned when its load began; counted only for a promise that is false. */
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

/** What Redis holds. Entries and leases by the number of their key. */
export interface Store {
  readonly entries: readonly (Entry | null)[]
  readonly leases: readonly (Lease | null)[]
  readonly markers: Markers
}

/** A ghost: the calls that a read of a key must honour. */
export interface Duty {
  readonly hard: number
  readonly soft: number
  readonly version: number
  readonly returned: number
}

/** A ghost: the calls that cover one key. */
export interface Calls {
  /** Hard ones that have begun to take effect. */
  readonly begun: number
  /** Soft ones. */
  readonly softened: number
  /** What those oblige to that are complete. */
  readonly complete: Duty
}

/** What a read saw, and when: by the clock of near copies, and by that of local calls. */
export interface Sight {
  readonly duty: Duty
  readonly lease: Id | null
  /** Of the entry that was there; 0 for none. */
  readonly writeId: Id
  readonly markers: Markers
  readonly asOf: number
  readonly generation: number
}

/** A load that has been granted a lease. */
export interface Load {
  readonly key: number
  readonly token: Id
  /** A ghost: whether nothing has happened that may take its lease away. */
  readonly holds: boolean
  /** The epoch included. */
  readonly stamps: Markers
  /** What its reader saw, where a flaw compares it. */
  readonly seen: Markers
  readonly duty: Duty
  /** This reader's own stale copy. */
  readonly fallback: Value | null
  /** Whether its caller has been answered already. */
  readonly behind: boolean
  readonly asOf: number
  readonly generation: number
}

/** A value on its way into the cache, by a load or by a set. */
export interface Loaded {
  readonly load: Load
  readonly value: Value
}

/** A call of the caller's: when it began to take effect (0: not yet), and what it publishes. */
export interface Call {
  readonly began: number
  readonly version: number
}

/** The two things of a key that a pattern sweeps. */
export type Swept = 'entries' | 'leases'

export type Phase =
  | { readonly kind: 'idle' }
  // A read on Redis Cluster, its parts in any order. What is not read yet is in `left`.
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
  // Redis Cluster: the late marker is known, and the epoch not yet; `null` where a flaw turns them round.
  | ({ readonly kind: 'stamped'; readonly late: Marker | null } & Loaded)
  | ({ readonly kind: 'ready' } & Loaded)
  // A writer
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
 * How far a sweep has come with one thing: SCAN promises to return what is there from its start to
 * its end (`constant`); what comes or goes meanwhile it may return or not (`free`).
 */
export type Sweep = 'constant' | 'free' | 'returned' | 'deleted'

export interface Client {
  readonly phase: Phase
  /** How many of its operations are done. */
  readonly done: number
  /** How often its present operation has looked. */
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
  /** A ghost: what those calls oblige to. */
  readonly own: Duty
  /** The newest position of the log that the isolate has heard of. */
  readonly token: number
}

/** A request, as it may arrive a second time. */
export type Message =
  | {
      readonly kind: 'acquire'
      readonly key: number
      readonly nonce: Id
      readonly tags: Tags
      /** Of the entry that the caller has seen; 0 for none. */
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
  /** What Redis held before, oldest first: what replicas may still show. Empty where none lag. */
  readonly log: readonly Store[]
  readonly clients: readonly Client[]
  readonly isolates: readonly Isolate[]
  /** By key. */
  readonly calls: readonly Calls[]
  /** Version of the source. */
  readonly source: number
  readonly returned: number
  /** Requests whose second copy is on its way. */
  readonly copies: readonly Message[]
  readonly faults: number
  /** In units of `near.ttl`. */
  readonly now: number
  /** A ghost: what was complete when the present unit began. */
  readonly bound: Duty
  /** A ghost: what those calls oblige to whose token has been handed over; and the token. */
  readonly handed: Duty
  readonly handedToken: number
  /** Where the next ids come from. No part of what makes two states equal. */
  readonly clock: number
}

/** The version of a value that its caller does not relate to the source. */
export const UNCLAIMED = 99

export const NO_DUTY: Duty = { hard: 0, soft: 0, version: 0, returned: 0 }
export const IDLE: Phase = { kind: 'idle' }

/** What both oblige to. */
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
