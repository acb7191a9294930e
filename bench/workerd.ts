/**
 * Runs Workers in workerd: bundled as for deployment, and with the CPU time of their process.
 *
 * @module
 */

import { type BuildOptions, build } from 'esbuild'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { workerdProcesses } from '../test/support/processes.ts'
import { cpuSeconds } from './processes.ts'

/** A Worker that runs in a process of its own. */
export interface RunningWorker {
  readonly miniflare: Miniflare
  readonly pid: number | undefined
  /** CPU time of its process so far, in seconds. */
  cpu(): number
}

/** A Worker that clients connect to without Miniflare in between. */
export interface DirectWorker extends RunningWorker {
  /** Where it listens. */
  readonly url: URL
}

/** The Durable Objects of this package's Worker, by the names of its bindings. */
export const OBJECTS = {
  REDIS: durable('RedisObject'),
  SOCKET_HUBS: durable('SocketHubObject'),
  CHANNELS: durable('ChannelObject'),
  DIRECTORIES: durable('DirectoryObject'),
} as const

/** The binding of a Durable Object of this class, with SQLite. */
export function durable(className: string): {
  readonly className: string
  readonly useSQLite: true
} {
  return { className, useSQLite: true }
}

/** Bundles a Worker from a file or a text, with the built package unless `conditions` select other files. */
export async function bundleWorker({
  conditions = [],
  ...source
}: Pick<BuildOptions, 'entryPoints' | 'stdin' | 'nodePaths' | 'conditions'>): Promise<string> {
  const { outputFiles } = await build({
    ...source,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2024',
    conditions: [...conditions, 'workerd', 'worker', 'browser'],
    external: ['cloudflare:*', 'node:*'],
    define: { 'process.env.NODE_ENV': '"production"' },
    write: false,
    logLevel: 'silent',
  })
  return outputFiles?.[0]?.text ?? ''
}

/** Starts a Worker; the caller must dispose of its `miniflare`. */
export async function startWorkerd(script: string, options: object = {}): Promise<RunningWorker> {
  const before = new Set(workerdProcesses())
  const base = { modules: true, script, compatibilityDate: '2026-10-01' }
  const miniflare = new Miniflare(convertV4MiniflareOptions({ ...base, ...options }))
  await miniflare.ready
  const pid = workerdProcesses().find((one) => !before.has(one))
  return { miniflare, pid, cpu: () => cpuSeconds(pid) }
}

/**
 * Starts a Worker without Miniflare's own Worker in front of it. That would be a third of the cost of joining a
 * channel, and does not report that a client has disconnected.
 */
export async function startDirect(script: string, options: object = {}): Promise<DirectWorker> {
  const unsafeDirectSockets = [{ host: '127.0.0.1', port: 0 }]
  const worker = await startWorkerd(script, { unsafeDirectSockets, ...options })
  return { ...worker, url: await worker.miniflare.unsafeGetDirectURL() }
}
