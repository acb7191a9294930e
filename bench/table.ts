/**
 * Formats a report as tables, for a terminal and for docs/benchmarks.md.
 *
 * @module
 */

import { isMet, type Report, type Table, type Target } from './measure.ts'

/** The report as text for a terminal, targets and ratios first. */
export function toText(report: Report): string {
  const { title, rounds, counts, notes = [] } = report
  return [
    rounds > 0 ? `${title}, medians of ${rounds} rounds` : title,
    ...tablesOf(report).flatMap((table) => ['', table.title, ...aligned(table)]),
    '',
    ...Object.entries(counts).map(([what, count]) => `${what}: ${count}`),
    ...notes,
  ].join('\n')
}

/** The report as a section of a document. */
export function toMarkdown(report: Report): string {
  const { title, rounds, counts, notes = [], tables: own = [] } = report
  const tables = [
    ...tablesOf(report),
    ...(Object.keys(counts).length > 0 ? [countsOf(counts)] : []),
  ]
  // Several tables of one report need titles: their heads may be the same.
  const named = own.length > 1 ? own : []
  return [
    `## ${title}`,
    '',
    ...(rounds > 0 ? [`Medians of ${rounds} rounds.`, ''] : []),
    ...notes.flatMap((note) => [note, '']),
    ...tables.flatMap((table) => [
      ...(named.includes(table) ? [`**${table.title}**`, ''] : []),
      ...pipes(table),
      '',
    ]),
  ].join('\n')
}

/** Targets with the measured figures; missed targets are marked. */
export function targetTable(targets: readonly Target[]): Table {
  return {
    title: 'targets',
    heads: ['target', 'bound', 'measured', ''],
    rows: targets.map((target) => [
      target.what,
      'atMost' in target.bound
        ? `at most ${target.bound.atMost}`
        : `at least ${target.bound.atLeast}`,
      number(target.measured),
      isMet(target) ? 'met' : 'MISSED',
    ]),
  }
}

function tablesOf({ ratios, figures, targets = [], tables = [] }: Report): Table[] {
  return [
    targetTable(targets),
    {
      title: 'ratios',
      heads: ['ratio', 'at once', 'throughput', 'client CPU/op'],
      rows: ratios.map(({ of, to, concurrency, throughput, clientCpu }) => [
        `${of} : ${to}`,
        concurrency,
        `${number(throughput)} x`,
        `${number(clientCpu)} x`,
      ]),
    },
    {
      title: 'figures',
      heads: ['what', 'at once', 'throughput', 'client CPU/op', 'slowest .. fastest'],
      rows: figures.map(({ subject, concurrency, opsPerSecond, clientCpuUs, range }) => [
        subject,
        concurrency,
        `${Math.round(opsPerSecond)}/s`,
        `${number(clientCpuUs)} us`,
        `${range.map(Math.round).join(' .. ')}/s`,
      ]),
    },
    ...tables,
  ].filter(({ rows }) => rows.length > 0)
}

function countsOf(counts: Report['counts']): Table {
  return { title: 'counts', heads: ['count', ''], rows: Object.entries(counts) }
}

/** Rounds to three significant digits, or to an integer from 100 on; `none` for a figure that is missing. */
function number(value: number): string {
  if (!Number.isFinite(value)) return 'none'
  if (Math.abs(value) >= 100) return String(Math.round(value))
  return Number(value.toPrecision(3)).toString()
}

function aligned({ heads, rows }: Table): string[] {
  const lines = [heads, ...rows.map((row) => row.map(String))]
  const widths = heads.map((_head, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  )
  const pad = (cell: string, column: number): string =>
    column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)
  return lines.map((line) => line.map(pad).join('  ').trimEnd())
}

function pipes({ heads, rows }: Table): string[] {
  const line = (cells: readonly (string | number)[]): string =>
    `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`
  const rule = heads.map((_head, column) => (column === 0 ? '---' : '---:'))
  return [line(heads), line(rule), ...rows.map(line)]
}
