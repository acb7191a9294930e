/**
 * The platform of a Cloudflare Worker: the web platform, plus work that continues after the response.
 *
 * @module
 */

import { waitUntil } from 'cloudflare:workers'
import type { Platform } from './platform.ts'
import { webPlatform } from './web.ts'

/**
 * As {@link webPlatform}, but with any compatibility date. `defer` uses the importable `waitUntil` (runtime of
 * 2025-08-08 or later), so no request context has to be passed through the calls.
 */
export function workersPlatform(): Platform {
  return {
    ...webPlatform(),
    defer: (work) => waitUntil(work.then(undefined, () => undefined)),
  }
}
