/**
 * Workers in workerd as they are measured: bundled as they are deployed, and with the CPU time of their
 * process.
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
  /** User and system time of its process so far, in seconds. */
  cpu(): number
}

/** One that clients connect to themselves. */
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

/** A Durable Object of this class, with SQLite. */
export function durable(className: string): {
  readonly className: string
  readonly useSQLite: true
} {
  return { className, useSQLite: true }
}

/** Bundles one, from a file or from a text: with this package as it is built, unless conditions lead elsewhere. */
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

/** Starts one; whoever started it disposes of its Miniflare. */
export async function startWorkerd(script: string, options: object = {}): Promise<RunningWorker> {
  const before = new Set(workerdProcesses())
  const base = { modules: true, script, compatibilityDate: '2026-10-01' }
  const miniflare = new Miniflare(convertV4MiniflareOptions({ ...base, ...options }))
  await miniflare.ready
  const pid = workerdProcesses().find((one) => !before.has(one))
  return { miniflare, pid, cpu: () => cpuSeconds(pid) }
}

/**
 * Starts one without Miniflare's own Worker before it, which would be a third of what it costs to join a
 * channel, and does not pass on that a client has left.
 */
export async function startDirect(script: string, options: object = {}): Promise<DirectWorker> {
  const unsafeDirectSockets = [{ host: '127.0.0.1', port: 0 }]
  const worker = await startWorkerd(script, { unsafeDirectSockets, ...options })
  return { ...worker, url: await worker.miniflare.unsafeGetDirectURL() }
}
