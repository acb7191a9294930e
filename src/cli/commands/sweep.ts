/**
 * `nearcache sweep`: finds, and drops, what nothing needs any more.
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
    'Finds what the cache has left in Redis and nothing will need again: invalidated entries, unused markers, endless leases.',
  args: {
    apply: { type: 'boolean', description: 'drop what is found; without it nothing is changed' },
    idle: {
      type: 'string',
      valueHint: 'TIME',
      default: '1h',
      description: 'leave markers alone that were used since; longer than any load takes',
    },
    ...CONNECTION_ARGS,
  },
  notes: [
    'Safe while the cache is in use: what could still be served, or stored, is left alone.',
    'Reads the header of every entry, which an LRU policy takes for use.',
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
  const tell = ({ found, dropped, bytes: size }: Count, what: string): string => {
    const weight = size === undefined || size === 0 ? '' : `, ${bytes(size)}`
    return `  ${found} ${what}${weight}${applied ? `: ${dropped} dropped` : ''}`
  }
  return [
    `${plural(entries, 'entry', 'entries')}, ${plural(markers, 'marker')}, ${plural(leases, 'lease')}`,
    tell(report.deadEntries, 'entries that were invalidated'),
    markersSkipped === null
      ? tell(report.idleMarkers, 'markers that nothing carries and nobody uses')
      : `  markers are left alone: ${markersSkipped}`,
    tell(report.endlessLeases, 'leases without an end'),
    ...(unreadable > 0
      ? [`  ${unreadable} texts in the place of entries that are none: left alone`]
      : []),
    ...(complete ? [] : ['It was ended early: run it again.']),
    ...(applied ? [] : ['Nothing was changed: --apply drops them.']),
  ]
}
