/**
 * A report on a cache, as data and as Markdown.
 *
 * @module
 */

import { isoTime } from '../entry/iso-time.ts'
import type { Alert } from './alerts.ts'
import type { Figures } from './figures.ts'
import type { HealthReport } from './health.ts'
import type { JobSummary } from './monitor-options.ts'
import type { Recommendation } from './recommendations.ts'
import type { AlertType, Severity } from './rules.ts'
import { type Summary, summarize } from './summary.ts'

/** The result of `generatePerformanceReport`. */
export interface PerformanceReport {
  /** Epoch milliseconds. */
  readonly timestamp: number
  /** How many minutes the figures cover. */
  readonly windowMinutes: number
  readonly health: HealthReport
  /** All caches together; `undefined` if the figures could not be read. */
  readonly summary: Summary | undefined
  /** By the path of the namespace. */
  readonly caches: Readonly<Record<string, Summary>>
  readonly alerts: {
    readonly active: readonly Alert[]
    readonly byType: Readonly<Partial<Record<AlertType, number>>>
    readonly bySeverity: Readonly<Partial<Record<Severity, number>>>
  }
  readonly warming: JobSummary
  readonly recommendations: readonly Recommendation[]
}

/** What a report is made of. */
export interface ReportParts {
  readonly health: HealthReport
  readonly alerts: readonly Alert[]
  readonly figures: Figures | undefined
  readonly warming: JobSummary | undefined
  readonly windowMinutes: number
}

export function reportOf({
  health,
  alerts,
  figures,
  warming = { totalJobs: 0, completedJobs: 0, failedJobs: 0 },
  windowMinutes,
}: ReportParts): PerformanceReport {
  const caches = [...(figures ?? [])].map(([cache, one]): [string, Summary] => [
    cache,
    summarize(new Map([[cache, one]])),
  ])
  return {
    timestamp: health.timestamp,
    windowMinutes,
    health,
    summary: figures && summarize(figures),
    caches: Object.fromEntries(caches.filter(([, { lookups, sets }]) => lookups + sets > 0)),
    alerts: {
      active: alerts,
      byType: counts(alerts.map(({ type }) => type)),
      bySeverity: counts(alerts.map(({ severity }) => severity)),
    },
    warming,
    recommendations: health.recommendations,
  }
}

function counts<Name extends string>(names: readonly Name[]): Partial<Record<Name, number>> {
  const counted: Partial<Record<Name, number>> = {}
  for (const name of names) counted[name] = (counted[name] ?? 0) + 1
  return counted
}

/** The report as Markdown. */
export function toMarkdown(report: PerformanceReport): string {
  const { health, summary, caches, alerts, warming, recommendations } = report
  const isDown = health.status === 'down'
  return [
    '# Cache report',
    '',
    `${isoTime(report.timestamp)}, the last ${report.windowMinutes} minutes.`,
    '',
    `Status: **${health.status}**`,
    ...list(health.issues),
    '',
    '## Figures',
    '',
    ...(summary ? summaryTable({ 'all caches': summary, ...caches }) : ['They could not be read.']),
    '',
    '## Alerts',
    '',
    ...(alerts.active.length === 0
      ? [isDown ? 'None is known: Redis does not answer.' : 'None.']
      : list(
          alerts.active.map(
            ({ severity, message, timestamp }) =>
              `${severity}: ${message}, since ${isoTime(timestamp)}`,
          ),
        )),
    '',
    '## Warming',
    '',
    isDown && warming.totalJobs === 0
      ? 'No job is known: Redis does not answer.'
      : jobsText(warming),
    '',
    '## Recommendations',
    '',
    ...(recommendations.length === 0
      ? [summary ? 'None: the figures call for no change.' : 'None: there are no figures.']
      : list(
          recommendations.map(
            ({ cache, advice, setting, evidence }) =>
              `${cache ? `\`${cache}\`: ` : ''}${advice} (${setting}). ${evidenceText(evidence)}`,
          ),
        )),
    '',
  ].join('\n')
}

function jobsText({ totalJobs, completedJobs, failedJobs }: JobSummary): string {
  return `${totalJobs} jobs, ${completedJobs} completed, ${failedJobs} failed.`
}

function list(lines: readonly string[]): string[] {
  return lines.map((line) => `- ${line}`)
}

function summaryTable(rows: Readonly<Record<string, Summary>>): string[] {
  return [
    '| cache | look-ups | hit rate | near hits | loads | errors | p95 ms |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...Object.entries(rows).map(
      ([cache, { lookups, hitRate, nearHits, loads, errors, getMs }]) =>
        `| ${cache.replaceAll('|', '\\|')} | ${lookups} | ${percent(hitRate)} | ${nearHits} | ${loads} | ${errors} | ${getMs.p95?.toFixed(1) ?? '-'} |`,
    ),
  ]
}

function percent(share: number | undefined): string {
  return share === undefined ? '-' : `${(100 * share).toFixed(1)} %`
}

function evidenceText(evidence: Readonly<Record<string, number>>): string {
  return Object.entries(evidence)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
}
