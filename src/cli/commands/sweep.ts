/**
 * `nearcache sweep`: finds data of the cache that is no longer needed, and deletes it on request.
 *
 * @module
 */

import type { CliCommand } from '../command.ts'
import { CONNECTION_ARGS, withRedis } from '../connection.ts'
import { command } from '../define.ts'
import { readTime } from '../numbers.ts'
import { bytes, plural } from '../output.ts'
import { type Count, type SweepReport, sweep } from '../upkeep/sweep.ts'

/** The command. */
export const sweepCommand: CliCommand = command({
  name: 'sweep',
  summary:
    'Find data of the cache in Redis that is no longer needed: invalidated entries, unused markers, leases without expiry.',
  args: {
    apply: { type: 'boolean', description: 'delete what is found; without it, nothing is changed' },
    idle: {
      type: 'string',
      valueHint: 'TIME',
      default: '1h',
      description:
        'keep markers that were used within this time; must be longer than any load takes',
    },
    ...CONNECTION_ARGS,
  },
  notes: [
    'Safe while the cache is in use: deletes nothing that could still be served or stored.',
    'Reads the header of every entry, which an LRU policy counts as use.',
  ],
  run: (call) => {
    const idleMs = readTime('idle', call.args.idle, '1m', '30d')
    return withRedis(
      call,
      async ({ ctx, platform, prefix, cache }) => {
        const { out, args, host } = call
        const { totalKeys = 0 } = await cache.getStats()
        const bar = out.progress('Looking', totalKeys)
        const report = await sweep({
          link: ctx.link,
          platform,
          prefix,
          idleMs,
          apply: args.apply,
          signal: host.signal,
          progress: (keys) => bar.update(keys, `${keys} keys`),
        })
        bar.end(`${report.keys} keys`)
        out.result(report, () => linesOf(report))
        return report.complete ? 0 : 1
      },
      'by itself',
    )
  },
})

function linesOf(report: SweepReport): string[] {
  const { entries, markers, leases, unreadable, markersSkipped, applied, complete } = report
  const tell = (
    { found, dropped, bytes: size }: Count,
    ...words: readonly [one: string, many: string]
  ): string => {
    const weight = size === undefined || size === 0 ? '' : `, ${bytes(size)}`
    return `  ${plural(found, ...words)}${weight}${applied ? `: ${dropped} deleted` : ''}`
  }
  return [
    `${plural(entries, 'entry', 'entries')}, ${plural(markers, 'marker')}, ${plural(leases, 'lease')}`,
    tell(report.deadEntries, 'invalidated entry', 'invalidated entries'),
    markersSkipped === null
      ? tell(report.idleMarkers, 'unused marker', 'unused markers')
      : `  markers were skipped: ${markersSkipped}`,
    tell(report.endlessLeases, 'lease without expiry', 'leases without expiry'),
    ...(unreadable > 0
      ? [`  ${plural(unreadable, 'unreadable entry', 'unreadable entries')}: not changed`]
      : []),
    ...(complete ? [] : ['Interrupted: run it again.']),
    ...(applied ? [] : ['Nothing was changed. Add --apply to delete them.']),
  ]
}
