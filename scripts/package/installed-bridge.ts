/**
 * The bridge of the installed package with an embedded engine behind it, as a listener for `node:http`.
 *
 * @module
 */

import type { RequestListener } from 'node:http'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { getRequestListener } from '@hono/node-server'
import type * as bridges from 'nearcache/bridge'
import type * as engines from 'nearcache/redis/embedded'

/** Loads both from the project in which the package is installed. */
export async function installedBridge(project: string, token: string): Promise<RequestListener> {
  const installed = join(project, 'node_modules/nearcache/dist')
  const load = (path: string) => import(pathToFileURL(join(installed, path)).href)
  const { bridge } = (await load('bridge/index.js')) as typeof bridges
  const { embeddedTransport } = (await load('redis/embedded/index.js')) as typeof engines
  const listener = getRequestListener(bridge({ redis: embeddedTransport(), token }).fetch)
  return (request, response) => void listener(request, response)
}
