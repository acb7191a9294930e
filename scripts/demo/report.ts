/**
 * The table at the end of the demonstration.
 *
 * @module
 */

import type { Run } from './drive.ts'

/** One run of the workload, with a title. */
export interface Column {
  readonly title: string
  readonly run: Run
}

/** Runs of the same workload, side by side. */
export function report(columns: readonly Column[]): string {
  const rows = [
    ['', ...columns.map(({ title }) => title)],
    row('requests', ({ requests }) => String(requests)),
    row('SQL statements', ({ statements }) => String(statements)),
    row('entry hit rate', ({ hitRate }) =>
      hitRate === undefined ? '-' : `${(hitRate * 100).toFixed(1)} %`,
    ),
    row('read p50', ({ readMs }) => `${readMs.p50.toFixed(1)} ms`),
    row('read p95', ({ readMs }) => `${readMs.p95.toFixed(1)} ms`),
    row('wrong answers', ({ wrong }) => String(wrong)),
  ]
  return rows
    .map(
      ([label = '', ...cells]) =>
        label.padEnd(16) + cells.map((cell) => cell.padStart(15)).join(''),
    )
    .join('\n')

  function row(label: string, cell: (run: Run) => string): string[] {
    return [label, ...columns.map(({ run }) => cell(run))]
  }
}
