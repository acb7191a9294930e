/**
 * The arguments and the recorded operations of the processes of a session history. Times are
 * milliseconds of the machine's monotonic clock, which all processes share.
 *
 * @module
 */

/** The arguments of a process. */
export interface Plan {
  readonly url: string
  readonly seed: number
  readonly durationMs: number
  readonly users: number
  readonly fastPathMs: number
  readonly skewMs: number
  readonly overlapMs: number
  /** How far its clock is off, in milliseconds. */
  readonly clockOffsetMs: number
  /** Answers revocations without executing them. The checker must notice this. */
  readonly mutant?: 'drops END' | 'drops REVOKE'
}

/** A token and its data. */
export interface Known {
  readonly token: string
  readonly id: string
  readonly user: string
  readonly fast?: string
}

/** One finished operation, successful or not. */
export interface Entry {
  readonly op:
    | 'create'
    | 'validate'
    | 'fast path'
    | 'update'
    | 'rotate'
    | 'destroy'
    | 'revokeSession'
    | 'revokeOthers'
    | 'revokeAll'
  readonly startedAt: number
  readonly endedAt: number
  readonly user: string
  /** The id of the session; missing for revokeAll. */
  readonly id?: string | undefined
  readonly token?: string | undefined
  /** `true`: validated or done. `false`: refused. `undefined`: unknown. */
  readonly ok: boolean | undefined
}

export type Message =
  | { readonly kind: 'known'; readonly known: Known }
  | { readonly kind: 'entries'; readonly entries: readonly Entry[] }
  | { readonly kind: 'ready' }
  | { readonly kind: 'over'; readonly injected: number }

/** The machine's monotonic clock, in milliseconds. */
export function monotonic(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
