/**
 * How far a migration has come, kept in Redis: what was moved is counted in the very step that moves it.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import type { RedisLink } from '../../redis/link.ts'
import type { Reply } from '../../redis/requester.ts'

/** What is kept of a migration. */
export interface TallyState {
  readonly moved: number
  readonly present: number
  /** Where the scan goes on; `0` for its beginning. */
  readonly cursor: string
  /** Whether an earlier run has left it. */
  readonly isResumed: boolean
}

const LIFE_MS = 30 * 86_400_000

/** The record of one migration, the same for each run of it. */
export class Tally {
  readonly key: string
  readonly #link: RedisLink
  #server = ''

  /** @param plan What makes it this migration and no other. */
  constructor(link: RedisLink, prefix: string, plan: unknown) {
    const id = createHash('sha256').update(JSON.stringify(plan)).digest('hex').slice(0, 12)
    this.key = `${prefix}:{migration/${id}}`
    this.#link = link
  }

  /** What there is. A cursor means nothing to another server, or to one that was started anew. */
  async read(): Promise<TallyState> {
    const [fields, info] = await Promise.all([
      this.#link.send(['HMGET', this.key, 'moved', 'present', 'cursor', 'server']),
      this.#link.send(['INFO', 'server']).catch(() => null), // a token may not run it
    ])
    const [moved, present, cursor, server] = Array.isArray(fields) ? fields : []
    this.#server = serverIn(info)
    const isSame = this.#server !== '' && server === this.#server
    return {
      moved: Number(moved ?? 0),
      present: Number(present ?? 0),
      cursor: isSame && typeof cursor === 'string' ? cursor : '0',
      isResumed: typeof cursor === 'string',
    }
  }

  /** Remembers where the scan goes on. */
  async keep(cursor: string): Promise<void> {
    await Promise.all([
      this.#link.send(['HSET', this.key, 'cursor', cursor, 'server', this.#server]),
      this.#link.send(['PEXPIRE', this.key, LIFE_MS]),
    ])
  }

  /** Forgets the migration, which is over. */
  async drop(): Promise<void> {
    await this.#link.send(['DEL', this.key])
  }
}

function serverIn(info: Reply): string {
  if (typeof info !== 'string') return ''
  return /^run_id:(\S+)/m.exec(info)?.[1] ?? ''
}
