/**
 * The narrow way out, by which code without a socket learns who is connected and what was said last. A
 * `Mirror` of `nearcache/websocket` fits.
 *
 * @module
 */

/** What is told. Each call may reject, and is made again later. */
export interface MirrorPort {
  /** A connection with all its rooms: it is new, or they have changed. */
  opened(connection: {
    readonly id: string
    readonly userId?: string
    readonly rooms?: readonly { readonly room: string; readonly info?: unknown }[]
  }): Promise<void>
  closed(id: string): Promise<void>
  /** None of the connections that were told of is left. */
  ended(): Promise<void>
  /** @returns Those that are not known. */
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

/** After how long a failure is made up for. */
export const MIRROR_RETRY_MS = 5_000
