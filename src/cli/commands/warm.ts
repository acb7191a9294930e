/**
 * `nearcache warm`: lists the warming jobs, or runs them.
 *
 * @module
 */

import { isoTime } from '../../entry/iso-time.ts'
import { InvalidOptionError } from '../../errors.ts'
import type { WarmingEvent } from '../../warming/events.ts'
import type { WarmingJob } from '../../warming/job.ts'
import { Warming } from '../../warming/warming.ts'
import type { CliCommand } from '../command.ts'
import { CONNECTION_ARGS, type OpenNamespace, withRedis } from '../connection.ts'
import { type Call, command } from '../define.ts'
import { firstLine, loadJobs } from '../job-file.ts'
import { type KnownJob, readJobs } from '../jobs.ts'
import { readInteger, readTime } from '../numbers.ts'
import { type Cell, span } from '../output.ts'
import { UsageError } from '../usage-error.ts'

const ARGS = {
  jobs: {
    type: 'string',
    valueHint: 'FILE',
    description: 'a module that exports jobs; runs the jobs that are due',
  },
  all: { type: 'boolean', description: 'run all jobs of the file now, highest priority first' },
  only: { type: 'string', valueHint: 'ID', description: 'run only this job of the file, now' },
  budget: {
    type: 'string',
    valueHint: 'COMMANDS',
    description: 'maximum number of commands of all handlers together',
  },
  time: {
    type: 'string',
    valueHint: 'TIME',
    default: '10m',
    description: 'maximum duration of the whole run',
  },
  ...CONNECTION_ARGS,
} as const

/** A finished run of a job. */
interface Ran {
  readonly id: string
  readonly slot: number
  readonly ending: string
  readonly items: number
  readonly skipped: number
  readonly durationMs: number
}

/** The command. */
export const warmCommand: CliCommand = command({
  name: 'warm',
  summary: 'List the warming jobs that Redis knows. With --jobs, run the jobs of a file.',
  args: ARGS,
  notes: [
    'A job that another process is running is skipped. A job that exceeds the budget continues at the next run.',
    'Exit code: 0, or 1 if a job failed or the run was interrupted.',
  ],
  run: (call) => {
    const { jobs, all, only, budget } = call.args
    if (jobs === undefined && (all || only !== undefined || budget !== undefined)) {
      throw new UsageError('--all, --only and --budget need --jobs: the jobs are in your code')
    }
    const commands =
      budget === undefined ? Infinity : readInteger('budget', budget, 1, Number.MAX_SAFE_INTEGER)
    if (jobs === undefined) return withRedis(call, (connection) => list(call, connection))
    return withRedis(call, (connection) => runJobs(call, connection, jobs, commands), 'by itself')
  },
})

async function list({ out }: Call<typeof ARGS>, connection: OpenNamespace): Promise<0> {
  const jobs = await readJobs(connection)
  const now = connection.platform.now()
  out.result({ jobs }, () =>
    jobs.length === 0
      ? ['no job has run yet']
      : out.table([
          ['job', 'last run', 'result', 'items', 'duration', 'in progress'],
          ...jobs.map((job) => rowOf(job, now)),
        ]),
  )
  return 0
}

function rowOf({ id, last, open, progress }: KnownJob, now: number): Cell[] {
  const underWay = open === null ? '-' : `${progress} items, slot ${isoTime(open)}`
  if (!last) return [id, '-', '-', 0, '-', underWay]
  const ago = `${span(Math.max(0, now - last.endedAt))} ago`
  return [id, ago, last.ending, last.items, span(last.durationMs), underWay]
}

async function runJobs(
  call: Call<typeof ARGS>,
  connection: OpenNamespace,
  file: string,
  commands: number,
): Promise<0 | 1> {
  const { out, host, args } = call
  const { cache, platform, prefix } = connection
  const found = await loadJobs(file, host.folder ?? '.', cache)
  const jobs = args.only === undefined ? found : found.filter(({ id }) => id === args.only)
  if (jobs.length === 0) throw new UsageError('--only must be the id of a job in the file')
  const timeBudget = readTime('time', args.time, '10ms', '12h')
  const warming = new Warming({ cache, prefix, platform, timeBudget })
  for (const job of jobs) register(warming, job)

  const ran: Ran[] = []
  const bar = out.progress('Warming', jobs.length)
  let isAway = false
  const stop = warming.subscribe((event) => {
    isAway ||= event.kind === 'unavailable'
    told(event, ran, (message) => bar.update(ran.length, message))
    if (event.kind === 'ended' && event.error !== undefined) {
      // The message is safe to print, and needed: it comes from the user's own code.
      host.warn(`nearcache warm: ${event.id} failed: ${firstLine(event.error)}`)
    }
  })
  const ended = (): void => void warming.stop()
  host.signal.addEventListener('abort', ended, { once: true })
  if (host.signal.aborted) ended() // aborted while the file was loaded
  const runs =
    args.all || args.only !== undefined ? await warming.warmAll(commands) : await warming.runDue()
  const complete = !host.signal.aborted
  host.signal.removeEventListener('abort', ended)
  stop()
  bar.end(`${runs} runs`)

  const isFailed =
    isAway ||
    !complete ||
    ran.some(({ ending }) => ending !== 'complete' && ending !== 'unfinished')
  out.result({ runs: ran, complete, redisAway: isAway }, () => [
    ...(ran.length === 0 && (isAway || complete)
      ? [
          isAway
            ? 'Redis did not answer: no job was started'
            : 'no job is due, or other processes are running them',
        ]
      : []),
    ...out.table(
      ran.map(({ id, ending, items, skipped, durationMs }) => [
        id,
        { text: ending, tone: ending === 'complete' ? 'good' : 'warning' } as const,
        `${items} items, ${skipped} already fresh`,
        span(durationMs),
      ]),
    ),
    ...(complete ? [] : ['Interrupted: run it again to continue.']),
  ])
  return isFailed ? 1 : 0
}

/** Reports an invalid job as a fault of the file: its fields must not be mistaken for options of the command. */
function register(warming: Warming, job: WarmingJob): void {
  try {
    warming.register(job)
  } catch (error) {
    if (!(error instanceof InvalidOptionError)) throw error
    throw new UsageError(`--jobs has an invalid job: ${error.message}`)
  }
}

function told(event: WarmingEvent, ran: Ran[], show: (message: string) => void): void {
  if (event.kind === 'progress') show(`${event.id}: ${event.items} items`)
  if (event.kind === 'started') show(event.id)
  if (event.kind !== 'ended') return
  const { id, slot, ending, items, skipped, durationMs } = event
  ran.push({ id, slot, ending, items, skipped, durationMs })
  show(`${id}: ${ending}`)
}
