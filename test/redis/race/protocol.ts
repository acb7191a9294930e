/**
 * What the two processes of a race say to each other.
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

/** A read that loads nothing. */
export interface GetOrder {
  readonly kind: 'get'
  readonly id: number
  readonly key: string
}

/** Lets the held loader of a read return. */
export interface ReleaseOrder {
  readonly kind: 'release'
  readonly id: number
}

export type Order = ReadOrder | GetOrder | ReleaseOrder

/** What comes back: that it is ready, that a loader was called, how a read ended. */
export type Report =
  | { readonly kind: 'ready' }
  | { readonly kind: 'loading'; readonly id: number }
  | {
      readonly kind: 'done'
      readonly id: number
      readonly value?: unknown
      readonly error?: string
    }
