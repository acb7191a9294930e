/**
 * The messages between the two processes of a race.
 *
 * @module
 */

/** How the other process reaches Redis. */
export type Way =
  | { readonly kind: 'tcp'; readonly url: string }
  | { readonly kind: 'rest'; readonly url: string; readonly token: string }

/** A read through the cache of the other process. */
export interface ReadOrder {
  readonly kind: 'read'
  readonly id: number
  readonly key: string
  readonly tags: readonly string[]
  /** What its loader returns. */
  readonly value: string
  /** Whether the loader waits for a {@link ReleaseOrder}. */
  readonly held: boolean
  /** Milliseconds; the lease lasts two seconds longer. */
  readonly hardTimeout?: number | undefined
}

/** Concurrent reads of one key by many callers. */
export interface CrowdOrder extends Omit<ReadOrder, 'kind'> {
  readonly kind: 'crowd'
  readonly callers: number
  /** The least time that its loader takes, in milliseconds. */
  readonly loadMs?: number
  /** Whether its loader rejects, each time with a new error. */
  readonly fails?: boolean
}

/** How the reads of a crowd ended. */
export interface CrowdResult {
  /** The values that were served, with the number of callers of each. */
  readonly values: readonly (readonly [value: string, callers: number])[]
  /** How many callers rejected, and with how many different error objects. */
  readonly rejected: number
  readonly errors: number
  /** How long the last one waited, in milliseconds. */
  readonly slowestMs: number
}

/** A read that loads nothing. */
export interface GetOrder {
  readonly kind: 'get'
  readonly id: number
  readonly key: string
}

/** Lets the held loaders of a read return. */
export interface ReleaseOrder {
  readonly kind: 'release'
  readonly id: number
}

export type Order = ReadOrder | CrowdOrder | GetOrder | ReleaseOrder

/** Messages from the other process: ready, reads have begun, a loader was called, a read has ended. */
export type Report =
  | { readonly kind: 'ready' }
  | { readonly kind: 'begun'; readonly id: number }
  | { readonly kind: 'loading'; readonly id: number }
  | {
      readonly kind: 'done'
      readonly id: number
      readonly value?: unknown
      readonly error?: string
    }
