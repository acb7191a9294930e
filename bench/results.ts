/**
 * Stores the last report of each benchmark, and generates docs/benchmarks.md from them.
 *
 * @module
 */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { isMet, type Report } from './measure.ts'
import { PEERS } from './peers.ts'
import { targetTable, toMarkdown } from './table.ts'

/** A report, and where and when it was made. */
interface Result {
  /** The words after `npm run bench --`. */
  readonly name: string
  readonly date: string
  readonly node: string
  readonly machine: string
  /** Load average of the last minute, at the end of the benchmark. */
  readonly load: number
  readonly report: Report
}

const ROOT = join(import.meta.dirname, '..')
const FOLDER = join(ROOT, '.nearcache/bench')

/** Stores a report as the last one of its benchmark. @param words The words after `npm run bench --`. */
export function keep(words: string, name: string, report: Report): void {
  const result: Result = {
    name: words,
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    machine: `${cpus().length} cores, ${cpus()[0]?.model ?? 'of unknown make'}`,
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    report,
  }
  mkdirSync(FOLDER, { recursive: true })
  writeFileSync(join(FOLDER, `${name}.json`), `${JSON.stringify(result, undefined, 2)}\n`)
}

/** Writes docs/benchmarks.md from the stored reports of these benchmarks. */
export function writeDocs(names: readonly string[]): void {
  const results = names.flatMap((name): Result[] => {
    const file = join(FOLDER, `${name}.json`)
    return existsSync(file) ? [JSON.parse(readFileSync(file, 'utf8')) as Result] : []
  })
  const [first] = results
  if (first === undefined) throw new Error('There are no results yet: npm run bench -- NAME')
  writeFileSync(join(ROOT, 'docs/benchmarks.md'), documentOf(first, results))
}

function documentOf({ node, machine }: Result, results: readonly Result[]): string {
  const targets = results.flatMap(({ report }) => report.targets ?? [])
  const met = targets.filter(isMet).length
  const versions = Object.entries(PEERS).map(([name, version]) => `${name} ${version}`)
  const summary = toMarkdown({
    title: 'Targets',
    rounds: 0,
    ratios: [],
    figures: [],
    counts: {},
    notes: [`${met} of ${targets.length} are met.`],
    tables: [targetTable(targets)],
  })
  return [
    '# Benchmarks',
    '',
    '- Made by `npm run bench -- NAME` and `npm run bench -- --docs`; not edited by hand.',
    '- Read the ratios: what they compare ran alternately within one run. Rates depend on the machine.',
    '- Measured is the built package with `NODE_ENV=production`. The other caches have their defaults.',
    '',
    `Node ${node.slice(1)}; ${machine}, shared with other work: each section states the load average.`,
    'Client, Redis and bridge share the cores and use loopback without TLS, so no network is included. Versions of',
    `the others: ${versions.join(', ')}.`,
    '',
    pageOf(summary, results),
  ].join('\n')
}

function pageOf(summary: string, results: readonly Result[]): string {
  const sections = results.map(({ name, date, load, report }) => {
    const line = `\`npm run bench -- ${name}\`, ${date}, load average ${load}.`
    const { targets: _inSummary, ...rest } = report
    return toMarkdown({ ...rest, notes: [line, ...(report.notes ?? [])] })
  })
  return [summary, ...sections].join('\n').trimEnd().concat('\n')
}
