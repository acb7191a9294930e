/**
 * The page of the jobs that keep the cache warm.
 *
 * @module
 */

import type { Ending } from '../warming/state.ts'
import type { JobStatus } from '../warming/status.ts'
import { count, dateTime, duration, fromNow, UNKNOWN } from './format.ts'
import type { Html } from './html.ts'
import { ActionButton, Empty, Missing, Panel, Pill, Table, type Tone } from './parts.tsx'
import { isThere, type Snapshot } from './snapshot.ts'

/** The input of the page. */
export interface JobsProps {
  readonly snapshot: Snapshot
  readonly mayOperate: boolean
  readonly token: string
}

export function JobsPage({ snapshot, mayOperate, token }: JobsProps): Html {
  const { jobs, at } = snapshot
  return (
    <Panel id="jobs" title="Warming jobs" isWide note="Jobs with a higher priority run first.">
      {isThere(jobs) ? (
        <Jobs jobs={jobs} at={at} mayOperate={mayOperate} token={token} />
      ) : (
        <Missing
          lack={jobs}
          how="To see the jobs, give the dashboard a Warming of nearcache/warming."
        />
      )}
    </Panel>
  )
}

function Jobs({
  jobs,
  at,
  mayOperate,
  token,
}: {
  readonly jobs: readonly JobStatus[]
  readonly at: number
  readonly mayOperate: boolean
  readonly token: string
}): Html {
  if (jobs.length === 0) {
    return <Empty title="No jobs">No job is registered in this isolate.</Empty>
  }
  const head = ['Job', 'Priority', 'State', 'Slot', 'Next run', 'Last run']
  return (
    <Table label="Warming jobs" head={mayOperate ? [...head, ''] : head} numeric={[1]}>
      {jobs.map((job) => (
        <tr>
          <th scope="row">
            {job.name} <span class="soft below">{job.id}</span>
          </th>
          <td class="number">{job.priority}</td>
          <td>
            <State job={job} />
          </td>
          <td>{job.slot === undefined ? UNKNOWN : slotTime(job.slot)}</td>
          <td>{job.next === undefined ? UNKNOWN : fromNow(job.next, at)}</td>
          <td>
            {job.last ? (
              <>
                <Pill tone={ENDING_TONES[job.last.ending]}>{job.last.ending}</Pill>{' '}
                <span class="soft">{fromNow(job.last.endedAt, at)}</span>{' '}
                <span class="soft below">{`${items(job.last.items)} in ${duration(job.last.durationMs)}`}</span>
              </>
            ) : (
              UNKNOWN
            )}
          </td>
          {mayOperate ? (
            <td>
              <ActionButton
                id={`run-${job.id}`}
                action="run-job"
                label="Run now"
                about={job.name}
                token={token}
                fields={{ id: job.id }}
              />
            </td>
          ) : (
            ''
          )}
        </tr>
      ))}
    </Table>
  )
}

const ENDING_TONES: Readonly<Record<Ending, Tone>> = {
  complete: 'good',
  unfinished: 'warn',
  failed: 'bad',
  'given-up': 'bad',
  lost: 'warn',
}

function State({ job }: { readonly job: JobStatus }): Html {
  const { isOpen, isRunning, failures, progress } = job
  if (!isOpen && !isRunning) return <Pill tone="quiet">waiting</Pill>
  const failed =
    failures > 0 ? `, failed ${count(failures)} ${failures === 1 ? 'time' : 'times'}` : ''
  return (
    <>
      {isRunning ? (
        <Pill tone="good">running</Pill>
      ) : (
        <Pill tone="warn">{failures > 0 ? 'retrying' : 'unfinished'}</Pill>
      )}{' '}
      <span class="soft below">{`${items(progress)}${failed}`}</span>
    </>
  )
}

function items(number: number): string {
  return `${count(number)} ${number === 1 ? 'item' : 'items'}`
}

/** Most slots start at a full minute: then the seconds are left out. */
function slotTime(slot: number): string {
  return `${dateTime(slot).replace(/:00$/, '')} UTC`
}
