/**
 * The state of a job in Redis: the last slot that is done, and the one that is open.
 *
 * @module
 */

/** How a run of a slot ended. `given-up`: no retries are left. `lost`: another isolate took over the job. */
export type Ending = 'complete' | 'unfinished' | 'failed' | 'given-up' | 'lost'

/** The last run that ended. */
export interface LastRun {
  readonly slot: number
  readonly ending: Ending
  /** Items done for the slot, over all its invocations. */
  readonly items: number
  readonly endedAt: number
  readonly durationMs: number
}

/** A slot that was begun and has not ended. */
export interface OpenSlot {
  readonly slot: number
  readonly failures: number
  /** It may not run before this instant. */
  readonly retryAt: number
  readonly items: number
  /** JSON. */
  readonly checkpoint: string | undefined
}

/** The state of a job in Redis. */
export interface JobState {
  /** All slots up to this one are done, dropped or given up. */
  readonly done: number | undefined
  readonly open: OpenSlot | undefined
  /** The last versions of the deployment that it has run for. */
  readonly versions: readonly string[]
  readonly last: LastRun | undefined
  /** Whether the end of the last run was not written: its isolate is still running the job, or has died. */
  readonly isCutOff: boolean
}

/** Fields to write; an empty text deletes the field. */
export type Fields = Readonly<Record<string, string>>

const MOST_VERSIONS = 16
const ENDINGS: ReadonlySet<unknown> = new Set(['complete', 'unfinished', 'failed', 'given-up'])

/** Reads fields; malformed ones count as absent. */
export function stateOf(fields: ReadonlyMap<string, string>): JobState {
  const slot = numberIn(fields, 'slot')
  return {
    done: numberIn(fields, 'done'),
    open:
      slot === undefined
        ? undefined
        : {
            slot,
            failures: numberIn(fields, 'failures') ?? 0,
            retryAt: numberIn(fields, 'retryAt') ?? 0,
            items: numberIn(fields, 'items') ?? 0,
            checkpoint: fields.get('checkpoint'),
          },
    versions: fields.get('versions')?.split(' ') ?? [],
    last: lastIn(fields.get('last')),
    // The token of the last run, with a period at its end once the job was released.
    isCutOff: fields.get('run')?.endsWith('.') === false,
  }
}

/** The fields of an open slot. */
export function openFields({ slot, failures, retryAt, items, checkpoint = '' }: OpenSlot): Fields {
  return {
    slot: `${slot}`,
    failures: `${failures}`,
    retryAt: `${retryAt}`,
    items: `${items}`,
    checkpoint,
  }
}

/** The fields of a job whose slots up to `done` have ended. */
export function doneFields(done: number): Fields {
  return { done: `${done}`, slot: '', failures: '', retryAt: '', items: '', checkpoint: '' }
}

export function lastFields(last: LastRun): Fields {
  return { last: JSON.stringify(last) }
}

export function versionFields(versions: readonly string[], version: string): Fields {
  if (versions.includes(version)) return {}
  return { versions: [...versions, version].slice(-MOST_VERSIONS).join(' ') }
}

function numberIn(fields: ReadonlyMap<string, string>, name: string): number | undefined {
  const text = fields.get(name)
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

function lastIn(text: string | undefined): LastRun | undefined {
  if (text === undefined) return undefined
  try {
    const last = JSON.parse(text) as LastRun
    const numbers = [last.slot, last.items, last.endedAt, last.durationMs]
    return ENDINGS.has(last.ending) && numbers.every(Number.isFinite) ? last : undefined
  } catch {
    return undefined // not JSON, or null
  }
}
