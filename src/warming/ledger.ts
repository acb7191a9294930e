/**
 * The jobs in Redis: which runs hold a lease, and how far each job is.
 *
 * @module
 */

import { RemoteError } from '../errors.ts'
import type { GuardedRequester } from '../redis/guard.ts'
import { RedisLink } from '../redis/link.ts'
import type { Reply } from '../redis/requester.ts'
import { WARM_CLAIM, WARM_KEEP } from '../redis/scripts/warming.ts'
import { type Fields, type JobState, stateOf } from './state.ts'

/** A job that was claimed. */
export interface Claimed {
  readonly state: JobState
  /** By the clock of Redis, in epoch milliseconds. */
  readonly now: number
}

/**
 * A hash and a lease for each job, in one hash slot. The hash never expires: there is one for each id that
 * was ever registered, and the slots that are done must not be forgotten.
 */
export class Ledger {
  readonly #link: RedisLink
  readonly #prefix: string
  readonly #leaseMs: number

  constructor(redis: GuardedRequester, prefix: string, leaseMs: number) {
    this.#link = new RedisLink(redis)
    this.#prefix = prefix
    this.#leaseMs = leaseMs
  }

  /** Jobs that are read in the same tick share one request. */
  async read(id: string): Promise<JobState> {
    return stateOf(fieldsIn(await this.#link.send(['HGETALL', this.#job(id)])))
  }

  /** Whether a run holds the job. One whose isolate has died holds it until its lease ends. */
  async isHeld(id: string): Promise<boolean> {
    return (await this.#link.send(['EXISTS', `${this.#job(id)}:lease`])) === 1
  }

  /** Claims a job. @returns Its state, or `undefined` if another run holds its lease. */
  async claim(id: string, token: string): Promise<Claimed | undefined> {
    const reply = await this.#link.run(WARM_CLAIM, this.#keys(id), [token, this.#leaseMs])
    if (reply === 0) return undefined
    const [seconds, fields = ''] = Array.isArray(reply) ? (reply as readonly Reply[]) : []
    return { now: Number(seconds) * 1_000, state: stateOf(fieldsIn(fields)) }
  }

  /** Writes fields and renews the lease. @returns Whether the token still held the job. */
  hold(id: string, token: string, fields: Fields): Promise<boolean> {
    return this.#keep(id, token, this.#leaseMs, fields)
  }

  /** Writes fields and releases the job. @returns Whether the token still held the job. */
  release(id: string, token: string, fields: Fields): Promise<boolean> {
    return this.#keep(id, token, 0, fields)
  }

  async #keep(id: string, token: string, leaseMs: number, fields: Fields): Promise<boolean> {
    const args = [token, leaseMs, ...Object.entries(fields).flat()]
    return (await this.#link.run(WARM_KEEP, this.#keys(id), args)) === 1
  }

  #keys(id: string): readonly string[] {
    return [this.#job(id), `${this.#job(id)}:lease`]
  }

  #job(id: string): string {
    return `${this.#prefix}:{warming/${id}}`
  }
}

/** HGETALL returns a list; some clients turn it into an object. */
function fieldsIn(reply: Reply | Readonly<Record<string, Reply>>): ReadonlyMap<string, string> {
  if (reply === null) return new Map()
  if (typeof reply !== 'object') {
    throw new RemoteError({ operation: 'HGETALL', reason: 'malformed reply', applied: 'no' })
  }
  if (!Array.isArray(reply)) {
    return new Map(Object.entries(reply).map(([field, text]) => [field, String(text)]))
  }
  const list: readonly Reply[] = reply
  return new Map(
    Array.from({ length: list.length >> 1 }, (_, i) => [
      String(list[2 * i]),
      String(list[2 * i + 1]),
    ]),
  )
}
