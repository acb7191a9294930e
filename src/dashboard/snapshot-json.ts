/**
 * A snapshot for programs.
 *
 * @module
 */

import { type Summary, summarize } from '../monitor/summary.ts'
import { figuresOf, namespaceRows, type Range, slicesOf, spendingOf } from './figures.ts'
import { isThere, type Snapshot } from './snapshot.ts'

/** The figures that the pages show, as JSON. */
export function snapshotJson(
  snapshot: Snapshot,
  range: Range,
  pricePer100k: number,
): Readonly<Record<string, unknown>> {
  const { at, health, alerts, rules, timeline, jobs, hotKeys } = snapshot
  return {
    at,
    range,
    health,
    alerts,
    rules,
    jobs,
    hotKeys,
    ...(isThere(timeline)
      ? {
          summary: summarize(figuresOf(timeline, range)),
          namespaces: namespacesOf(snapshot, range),
          spending: spendingOf(slicesOf(timeline, range), at, pricePer100k),
        }
      : { summary: timeline }),
  }
}

function namespacesOf({ timeline }: Snapshot, range: Range): Readonly<Record<string, Summary>> {
  if (!isThere(timeline)) return {}
  const rows = namespaceRows(figuresOf(timeline, range), undefined)
  return Object.fromEntries(rows.map(({ path, summary }) => [path, summary]))
}
