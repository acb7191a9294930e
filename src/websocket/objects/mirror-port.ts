/**
 * The interface through which hubs and channels copy connections and last events to a mirror, for code
 * without a socket. A `Mirror` of `nearcache/websocket` fits.
 *
 * @module
 */

/** The calls to a mirror. Each may reject, and is then repeated later; at the next sweep after a refusal. */
export interface MirrorPort {
  /** A connection with all its rooms. Called when it is new, or when they have changed. */
  opened(connection: {
    readonly id: string
    readonly userId?: string
    readonly rooms?: readonly { readonly room: string; readonly info?: unknown }[]
  }): Promise<void>
  closed(id: string): Promise<void>
  /** All connections reported before have ended. */
  ended(): Promise<void>
  /** Renews connections. @returns The ids that the mirror does not know. */
  active(ids: readonly string[]): Promise<readonly string[]>
  lastEvent(
    channel: string,
    event: {
      readonly event: string
      readonly data: string
      readonly epoch: string
      readonly serial: number
      readonly ttlMs: number
    },
  ): Promise<void>
}

/** Delay before a failed call is repeated. */
export const MIRROR_RETRY_MS = 5_000
