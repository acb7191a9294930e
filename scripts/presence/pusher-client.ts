/**
 * The client of Pusher for Node. Its types declare the class as the member `default`, but the class is the
 * module itself.
 *
 * @module
 */

import module from 'pusher-js'

/** A client. */
export type PusherClient = module.default

/** Its class. */
export const PusherClient: typeof module.default = module as unknown as typeof module.default
