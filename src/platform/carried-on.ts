/**
 * Work that must not end with the request that asked for it.
 *
 * @module
 */

import type { Platform } from './platform.ts'

/**
 * Has the platform keep work alive. A client that leaves ends its request of a Worker wherever that is, and
 * others may wait for what it does, or must be told of what it has done.
 *
 * @returns The work.
 */
export function carriedOn<T>(platform: Platform, work: Promise<T>): Promise<T> {
  platform.defer(work)
  return work
}
