/**
 * Starts a Worker with realtime in its own workerd.
 *
 * @module
 */

import { join } from 'node:path'
import { bundleWorker, OBJECTS, startWorkerd } from '../../../bench/workerd.ts'
import type { AppOptions } from '../../../src/websocket/protocol/app.ts'
import { signedQuery } from '../../../src/websocket/protocol/request-signature.ts'

/** Options for {@link startRealtime}. */
export interface RealtimeWorkerOptions {
  readonly apps: readonly AppOptions[]
  /** @default 4 */
  readonly hubs?: number
  /** Folder of the storage, which survives a restart. @default in memory */
  readonly directory?: string
}

/** A running Worker. */
export interface RealtimeWorker {
  /** `http://127.0.0.1:port`. */
  readonly origin: string
  readonly port: number
  /** The process of workerd. */
  readonly pid: number
  /** How often a hub was created. */
  constructorRuns(): Promise<number>
  /** Publishes an event, as an app's server does. */
  publish(app: AppOptions, channel: string, event: string, data: unknown): Promise<void>
  stop(): Promise<void>
}

const ENTRY = join(import.meta.dirname, '../../workers/websocket/worker-entry.ts')

/** Starts it on a free port of 127.0.0.1. */
export async function startRealtime(options: RealtimeWorkerOptions): Promise<RealtimeWorker> {
  const { REDIS: _none, ...durableObjects } = OBJECTS
  const source = { entryPoints: [ENTRY], conditions: ['nearcache:source'] }
  const { miniflare, pid = 0 } = await startWorkerd(await bundleWorker(source), {
    bindings: {
      REALTIME_APPS: JSON.stringify(options.apps),
      REALTIME_HUBS: String(options.hubs ?? 4),
    },
    durableObjects,
    ...(options.directory !== undefined && { durableObjectsPersist: options.directory }),
  })
  const url = await miniflare.ready
  return {
    origin: url.origin,
    port: Number(url.port),
    pid,
    async constructorRuns() {
      return (await (await fetch(`${url.origin}/constructor-runs`)).json()) as number
    },
    async publish(app, channel, name, data) {
      const body = JSON.stringify({ name, channel, data: JSON.stringify(data) })
      const path = `/apps/${app.id}/events`
      const query = signedQuery(app, { method: 'POST', path, query: {}, body }, Date.now())
      const response = await fetch(`${url.origin}${path}?${query}`, { method: 'POST', body })
      if (!response.ok) throw new Error(`The event was refused with ${response.status}`)
    },
    stop: () => miniflare.dispose(),
  }
}
