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
