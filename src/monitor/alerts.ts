/**
 * The alerts there are, in all isolates together: kept in Redis, so that each begins and ends once.
 *
 * @module
 */

import type { RedisCacheManager } from '../cache/manager.ts'
import { isNearcacheError } from '../errors.ts'
import { RedisLink } from '../redis/link.ts'
import type { AlertType, RuleId, Severity } from './rules.ts'

/** One alert. Its id is that of its rule: there is one at a time. */
export interface Alert {
  readonly id: RuleId
  readonly type: AlertType
  readonly severity: Severity
  /** In words, without the live number, which is in `metadata`. */
  readonly message: string
  /** Since when, in epoch milliseconds. */
  readonly timestamp: number
  readonly resolved: boolean
  readonly metadata: {
    readonly value: number
    readonly threshold: number
    readonly unit: string
    readonly samples: number
  }
}

/** How things stand. */
export interface Standing {
  /** Alerts that may be ended: there is one, or this isolate began one that Redis was not told of. */
  readonly open: ReadonlySet<RuleId>
  /** Since when rules have been bad, in epoch milliseconds; `undefined` while Redis is away. */
  readonly badSince: ReadonlyMap<RuleId, number> | undefined
  /** Alerts whose last news did not reach who is to be told. */
  readonly untold: readonly RuleId[]
}

/** An alert that nobody looks at any more ends by itself: its monitor may be gone. */
const LIFE_MS = 7 * 86_400_000

/**
 * Alerts in Redis. While Redis cannot be asked, or takes nothing, they are this isolate's own, and every
 * isolate tells of them: the receiver knows them for one by their id.
 */
export class Alerts {
  readonly #link: RedisLink
  readonly #base: string
  readonly #ids: readonly RuleId[]
  /** Those that began while Redis could not be told. */
  readonly #local = new Map<RuleId, Alert>()
  /** News that did not arrive while Redis could not be asked either. */
  readonly #untold = new Map<RuleId, Alert>()

  constructor(cache: Pick<RedisCacheManager, 'redis'>, prefix: string, ids: readonly RuleId[]) {
    this.#link = new RedisLink(cache.redis)
    this.#base = `${prefix}:{alerts}`
    this.#ids = ids
  }

  /** Begins an alert; one that there is lives on. @returns Whether it is this call that began it. */
  async begin(alert: Alert): Promise<boolean> {
    const key = this.#key(alert.id)
    try {
      const set = ['SET', key, JSON.stringify(alert), 'NX', 'PX', LIFE_MS] as const
      const isStored = (await this.#link.send(set)) === 'OK'
      // One that this isolate has told of while Redis took nothing is no news.
      const isKnown = this.#local.delete(alert.id)
      if (!isStored) await this.prolong(alert.id)
      return isStored && !isKnown
    } catch (error) {
      if (!isNearcacheError(error)) throw error
      const isNew = !this.#local.has(alert.id)
      this.#local.set(alert.id, alert)
      return isNew
    }
  }

  /** An alert goes on, though nothing bad was found: it is not forgotten before its end can be told. */
  async prolong(id: RuleId): Promise<void> {
    try {
      await this.#link.send(['PEXPIRE', this.#key(id), LIFE_MS])
    } catch (error) {
      if (!isNearcacheError(error)) throw error
    }
  }

  /** Ends an alert. @returns It, if it is this call that ended it. */
  async end(id: RuleId): Promise<Alert | undefined> {
    const local = this.#local.get(id)
    this.#local.delete(id)
    try {
      return parse(await this.#link.send(['GETDEL', this.#key(id)])) ?? local
    } catch (error) {
      if (!isNearcacheError(error)) throw error
      return local
    }
  }

  /** How things stand before a check: one command. */
  async standing(): Promise<Standing> {
    try {
      const names = [
        ...this.#ids.map((id) => this.#key(id)),
        ...this.#ids.map((id) => this.#sinceKey(id)),
        ...this.#ids.map((id) => this.#untoldKey(id)),
      ]
      const replies = await this.#link.read(names)
      const count = this.#ids.length
      const stored = replies.slice(0, count).flatMap((reply) => parse(reply) ?? [])
      const since = this.#ids.flatMap((id, i) => {
        const at = Number(replies[count + i] ?? Number.NaN)
        return Number.isFinite(at) ? [[id, at] as const] : []
      })
      const open = new Set([...stored.map(({ id }) => id), ...this.#local.keys()])
      const isUntold = (id: RuleId, i: number): boolean =>
        this.#untold.has(id) || typeof replies[2 * count + i] === 'string'
      return { open, badSince: new Map(since), untold: this.#ids.filter(isUntold) }
    } catch (error) {
      if (!isNearcacheError(error)) throw error
      const open = new Set(this.#local.keys())
      return { open, badSince: undefined, untold: [...this.#untold.keys()] }
    }
  }

  /**
   * Remembers since when a rule has been bad, for all isolates; `undefined` forgets it. What Redis cannot be
   * told this isolate knows alone.
   *
   * @param lifeMs For how long it counts when nobody looks any more.
   */
  async mark(id: RuleId, badSince: number | undefined, lifeMs = 0): Promise<void> {
    const key = this.#sinceKey(id)
    try {
      if (badSince === undefined) await this.#link.send(['DEL', key])
      else await this.#link.send(['SET', key, badSince, 'NX', 'PX', lifeMs])
    } catch (error) {
      if (!isNearcacheError(error)) throw error
    }
  }

  /** A rule goes on to be bad: since when counts for as long again. What another has forgotten stays so. */
  async renew(id: RuleId, lifeMs: number): Promise<void> {
    try {
      await this.#link.send(['PEXPIRE', this.#sinceKey(id), lifeMs])
    } catch (error) {
      if (!isNearcacheError(error)) throw error
    }
  }

  /** Keeps news that did not arrive, for whichever isolate checks next; of one alert the newest. */
  async owe(alert: Alert): Promise<void> {
    try {
      await this.#link.send([
        'SET',
        this.#untoldKey(alert.id),
        JSON.stringify(alert),
        'PX',
        LIFE_MS,
      ])
    } catch (error) {
      if (!isNearcacheError(error)) throw error
      this.#untold.set(alert.id, alert)
    }
  }

  /** Takes the news that did not arrive. @returns It, to one isolate alone. */
  async takeOwed(id: RuleId): Promise<Alert | undefined> {
    const own = this.#untold.get(id)
    this.#untold.delete(id)
    try {
      return parse(await this.#link.send(['GETDEL', this.#untoldKey(id)])) ?? own
    } catch (error) {
      if (!isNearcacheError(error)) throw error
      return own
    }
  }

  /** Those there are, and those of this isolate that Redis did not take: it may be full. */
  async active(): Promise<readonly Alert[]> {
    try {
      const all = new Map(this.#local)
      for (const alert of await this.stored()) all.set(alert.id, alert)
      return [...all.values()]
    } catch (error) {
      if (!isNearcacheError(error)) throw error
      return [...this.#local.values()]
    }
  }

  /**
   * Those in Redis.
   *
   * @throws {RemoteError} While it is away; also `RemoteTimeoutError` and `CircuitOpenError`.
   */
  async stored(): Promise<readonly Alert[]> {
    const replies = await this.#link.read(this.#ids.map((id) => this.#key(id)))
    return replies.flatMap((reply) => parse(reply) ?? [])
  }

  #key(id: RuleId): string {
    return `${this.#base}:${id}`
  }

  #untoldKey(id: RuleId): string {
    return `${this.#key(id)}:untold`
  }

  #sinceKey(id: RuleId): string {
    return `${this.#key(id)}:since`
  }
}

function parse(reply: unknown): Alert | undefined {
  if (typeof reply !== 'string') return undefined
  try {
    return JSON.parse(reply) as Alert
  } catch {
    // Not written here: no alert of ours.
    return undefined
  }
}
