/**
 * `npm run bench -- NAME [--full] [--json]`: builds the package, runs one benchmark on it and prints its
 * tables, targets and ratios first. `--full` is for `workload` alone and takes several minutes.
 * `npm run bench -- --docs` writes docs/benchmarks.md from the last results of each benchmark.
 *
 * @module
 */

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Bench } from './measure.ts'
import { keep, writeDocs } from './results.ts'
import { toText } from './table.ts'

/** Imported on demand: only the chosen benchmark is loaded, and only after the package is built. */
const BENCHES: Readonly<Record<string, () => Promise<Bench>>> = {
  near: async () => (await import('./near.ts')).benchNear,
  remote: async () => (await import('./remote.ts')).benchRemote,
  bundle: async () => (await import('./bundle.ts')).benchBundle,
  outage: async () => (await import('./outage.ts')).benchOutage,
  tags: async () => (await import('./tags.ts')).benchTags,
  race: async () => (await import('./race.ts')).benchRace,
  stampede: async () => (await import('./stampede.ts')).benchStampede,
  memory: async () => (await import('./memory.ts')).benchMemory,
  monitor: async () => (await import('./monitor.ts')).benchMonitor,
  http: async () => (await import('./http.ts')).benchHttp,
  bridge: async () => (await import('./bridge.ts')).benchBridge,
  trpc: async () => (await import('./trpc.ts')).benchTrpc,
  email: async () => (await import('./email/index.ts')).benchEmail,
  'email-race': async () => (await import('./email/races.ts')).benchEmailRace,
  'email-headline': async () => (await import('./email/headline.ts')).benchEmailHeadline,
  workload: async () => (await import('./email/accounts-bench.ts')).benchWorkload,
  session: async () => (await import('./session.ts')).benchSession,
  edge: async () => (await import('./edge.ts')).benchEdge,
  llm: async () => (await import('./llm.ts')).benchLlm,
  presence: async () => (await import('./presence/index.ts')).benchPresence,
  semantic: async () => (await import('./semantic.ts')).benchSemantic,
}

/** Benchmarks that have a full size besides the usual one. */
const SIZED: readonly string[] = ['workload']

const { values, positionals } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    docs: { type: 'boolean', default: false },
  },
  allowPositionals: true,
})
const names = Object.keys(BENCHES)
const [name = ''] = positionals
const bench = BENCHES[name]
const isSized = SIZED.includes(name)
if (values.docs && positionals.length === 0) {
  writeDocs(names)
} else if (bench === undefined || positionals.length > 1 || (values.full && !isSized)) {
  console.error(`npm run bench -- NAME [--json]; NAME is one of: ${names.join(', ')}; or --docs`)
  console.error(`--full is for: ${SIZED.join(', ')}`)
  process.exit(2)
} else {
  // Outside production, near copies are frozen. The cost of that would distort the comparison.
  process.env['NODE_ENV'] = 'production'
  const build = join(import.meta.dirname, '../scripts/build.ts')
  execFileSync(process.execPath, [build], { cwd: join(import.meta.dirname, '..') })
  const report = await (await bench())({ isFull: values.full })
  keep(values.full ? `${name} --full` : name, name, report)
  console.log(values.json ? JSON.stringify(report, undefined, 2) : toText(report))
}
