/**
 * A Worker with only realtime, which also reports internal counts. Tests and benchmarks of connections run it in
 * workerd.
 *
 * @module
 */

import { SocketHubObject as Hub } from '../../../workers/objects/realtime-objects.ts'
import { type RealtimeEnvironment, realtimeOf } from '../../../workers/realtime.ts'
import { realtimeRoutes } from '../../../workers/routes/realtime.ts'

export { ChannelObject, DirectoryObject } from '../../../workers/objects/realtime-objects.ts'

let constructorRuns = 0

/** Counts how often a hub was created: a hibernating hub is created again when it wakes. */
export class SocketHubObject extends Hub {
  constructor(ctx: DurableObjectState, env: RealtimeEnvironment) {
    super(ctx, env)
    constructorRuns += 1
  }
}

const worker: ExportedHandler<RealtimeEnvironment> = {
  fetch(request, env) {
    const { pathname } = new URL(request.url)
    if (pathname === '/constructor-runs') return Response.json(constructorRuns)
    return realtimeRoutes(realtimeOf(env)).fetch(request)
  },
}

export default worker
