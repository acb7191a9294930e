/**
 * Keeps work alive after the request that started it has ended.
 *
 * @module
 */

import type { Platform } from './platform.ts'

/**
 * Keeps `work` alive on the platform. When a client disconnects, a Worker's request is cancelled at any point,
 * but other requests may wait for its work, or have to be told what it has done.
 *
 * @returns `work` itself.
 */
export function carriedOn<T>(platform: Platform, work: Promise<T>): Promise<T> {
  platform.defer(work)
  return work
}
