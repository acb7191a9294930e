/**
 * The progress of a migration, kept in Redis. A key is counted in the same atomic step that moves it.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import type { RedisLink } from '../../redis/link.ts'
import type { Reply } from '../../redis/requester.ts'

/** The stored progress of a migration. */
export interface TallyState {
  readonly moved: number
  readonly present: number
  /** Keys before the cursor that were left because they were being loaded, or had changed. */
  readonly busy: number
  readonly changed: number
  /** The cursor at which the scan continues; `0` for the beginning. */
  readonly cursor: string
  /** Whether an earlier run was interrupted. */
  readonly isResumed: boolean
}

type Left = Pick<TallyState, 'busy' | 'changed'>

const FIELDS = ['moved', 'present', 'busy', 'changed', 'cursor', 'server'] as const
const LIFE_MS = 30 * 86_400_000

/** The record of one migration, shared by all its runs. */
export class Tally {
  readonly key: string
  readonly #link: RedisLink
  #server = ''

  /** @param plan The options that identify the migration. */
  constructor(link: RedisLink, prefix: string, plan: unknown) {
    const id = createHash('sha256').update(JSON.stringify(plan)).digest('hex').slice(0, 12)
    this.key = `${prefix}:{migration/${id}}`
    this.#link = link
  }

  /** Reads the progress. A cursor is not valid on another server, or after a restart. */
  async read(): Promise<TallyState> {
    const [fields, info] = await Promise.all([
      this.#link.send(['HMGET', this.key, ...FIELDS]),
      this.#link.send(['INFO', 'server']).catch(() => null), // the token may lack the permission
    ])
    const [moved, present, busy, changed, cursor, server] = Array.isArray(fields) ? fields : []
    this.#server = serverIn(info)
    const isSame = this.#server !== '' && server === this.#server
    return {
      moved: Number(moved ?? 0),
      present: Number(present ?? 0),
      busy: isSame ? Number(busy ?? 0) : 0,
      changed: isSame ? Number(changed ?? 0) : 0,
      cursor: isSame && typeof cursor === 'string' ? cursor : '0',
      isResumed: typeof cursor === 'string',
    }
  }

  /** Stores the cursor at which the scan continues, and how many keys before it were left. */
  async keep(cursor: string, { busy, changed }: Left): Promise<void> {
    const left = ['busy', busy, 'changed', changed]
    await Promise.all([
      this.#link.send(['HSET', this.key, ...left, 'cursor', cursor, 'server', this.#server]),
      this.#link.send(['PEXPIRE', this.key, LIFE_MS]),
    ])
  }

  /** Deletes the record of a finished migration. */
  async drop(): Promise<void> {
    await this.#link.send(['DEL', this.key])
  }
}

function serverIn(info: Reply): string {
  if (typeof info !== 'string') return ''
  return /^run_id:(\S+)/m.exec(info)?.[1] ?? ''
}
