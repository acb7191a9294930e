/**
 * What goes from a channel to the sockets of one hub.
 *
 * @module
 */

import type { Delivery } from './stubs.ts'

/** A delivery with its frames, which are written once for however many connections. */
export interface Outgoing {
  readonly delivery: Delivery
  /** @param user Whose connection it is, which is not told of itself. */
  framesFor(isExtended: boolean, user: string | undefined): readonly string[]
}
