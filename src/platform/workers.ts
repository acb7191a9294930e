/**
 * The platform of a Cloudflare Worker: as on the web, and work after a response is kept alive.
 *
 * @module
 */

import { waitUntil } from 'cloudflare:workers'
import type { Platform } from './platform.ts'
import { webPlatform } from './web.ts'

/**
 * As {@link webPlatform}, with any compatibility date. `defer` goes through the importable `waitUntil`
 * (runtime of 2025-08-08 or later), so that no request context has to be threaded through calls.
 */
export function workersPlatform(): Platform {
  return {
    ...webPlatform(),
    defer: (work) => waitUntil(work.then(undefined, () => undefined)),
  }
}
