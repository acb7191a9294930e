/**
 * The client of Pusher for Node: its types say that the class is the member `default`, and it is the
 * module itself.
 *
 * @module
 */

import module from 'pusher-js'

/** A client. */
export type PusherClient = module.default

/** Its class. */
export const PusherClient: typeof module.default = module as unknown as typeof module.default
