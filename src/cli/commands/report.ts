/**
 * `nearcache report`: prints health, figures, alerts, jobs and recommendations as one document.
 *
 * @module
 */

import { reportOf, toMarkdown } from '../../monitor/report.ts'
import { checkUp } from '../check-up.ts'
import type { CliCommand } from '../command.ts'
import { CONNECTION_ARGS, withRedis } from '../connection.ts'
import { command } from '../define.ts'
import { readJobs } from '../jobs.ts'
import { readInteger } from '../numbers.ts'

/** The command. */
export const reportCommand: CliCommand = command({
  name: 'report',
  summary:
    'Print a report on the last minutes: health, figures by cache, alerts, jobs, recommendations.',
  args: {
    minutes: {
      type: 'string',
      valueHint: 'NUMBER',
      default: '60',
      description: 'minutes to look back; 1 to 180',
    },
    ...CONNECTION_ARGS,
  },
  notes: ['The text output is Markdown.'],
  run: (call) => {
    const windowMinutes = readInteger('minutes', call.args.minutes, 1, 180)
    return withRedis(call, async (connection) => {
      const seen = await checkUp(connection, windowMinutes)
      const jobs = seen.health.status === 'down' ? [] : await readJobs(connection)
      const endings = jobs.map(({ last }) => last?.ending)
      const report = reportOf({
        ...seen,
        windowMinutes,
        warming: {
          totalJobs: jobs.length,
          completedJobs: endings.filter((ending) => ending === 'complete').length,
          failedJobs: endings.filter((one) => one === 'failed' || one === 'given-up').length,
        },
      })
      call.out.result(report, () => toMarkdown(report).trimEnd().split('\n'))
      return seen.health.status === 'down' ? 1 : 0
    })
  },
})
