/**
 * A channel's delivery, with its frames for the sockets of one hub.
 *
 * @module
 */

import type { Delivery } from './stubs.ts'

/** A delivery with its frames, which are built once for all connections. */
export interface Outgoing {
  readonly delivery: Delivery
  /**
   * @param user The connection's user, who gets no news about itself.
   * @param id The connection's id: it may be excluded from an event.
   */
  framesFor(isExtended: boolean, user: string | undefined, id: string): readonly string[]
}
