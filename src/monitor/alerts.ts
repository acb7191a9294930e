/**
 * The alerts of all isolates together, kept in Redis so that each begins and ends once.
 *
 * @module
 */

import type { RedisCacheManager } from '../cache/manager.ts'
import { isNearcacheError } from '../errors.ts'
import { RedisLink } from '../redis/link.ts'
import type { AlertType, RuleId, Severity } from './rules.ts'

/** An alert. It has the id of its rule: a rule has at most one at a time. */
export interface Alert {
  readonly id: RuleId
  readonly type: AlertType
  readonly severity: Severity
  /** In words, without the live number, which is in `metadata`. */
  readonly message: string
  /** When it began, in epoch milliseconds. */
  readonly timestamp: number
  readonly resolved: boolean
  readonly metadata: {
    readonly value: number
    readonly threshold: number
    readonly unit: string
    readonly samples: number
  }
}

/** The state of alerts and rules before a check. */
export interface Standing {
  /** Alerts that exist: in Redis, or in this isolate alone because Redis did not store them. */
  readonly open: ReadonlySet<RuleId>
  /** Since when rules have been bad, in epoch milliseconds; `undefined` while Redis is down. */
  readonly badSince: ReadonlyMap<RuleId, number> | undefined
  /** Alerts whose last notification was not delivered. */
  readonly untold: readonly RuleId[]
}

/** An alert that no check prolongs expires: its monitor may be gone. */
const LIFE_MS = 7 * 86_400_000

/**
 * Alerts in Redis. While Redis is down, or refuses writes, each isolate keeps and reports its own: the
 * receiver recognises them as one by their id.
 */
export class Alerts {
  readonly #link: RedisLink
  readonly #base: string
  readonly #ids: readonly RuleId[]
  /** Alerts that began while Redis could not store them. */
  readonly #local = new Map<RuleId, Alert>()
  /** Notifications that were not delivered, and that Redis could not store either. */
  readonly #untold = new Map<RuleId, Alert>()

  constructor(cache: Pick<RedisCacheManager, 'redis'>, prefix: string, ids: readonly RuleId[]) {
    this.#link = new RedisLink(cache.redis)
    this.#base = `${prefix}:{alerts}`
    this.#ids = ids
  }

  /** Begins an alert, or prolongs the existing one. @returns Whether this call began it. */
  async begin(alert: Alert): Promise<boolean> {
    const key = this.#key(alert.id)
    try {
      const set = ['SET', key, JSON.stringify(alert), 'NX', 'PX', LIFE_MS] as const
      const isStored = (await this.#link.send(set)) === 'OK'
      // This isolate has already reported the alert while Redis could not store it.
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

  /** Prolongs an alert that is not clearly over, so that it does not expire before its end is reported. */
  async prolong(id: RuleId): Promise<void> {
    try {
      await this.#link.send(['PEXPIRE', this.#key(id), LIFE_MS])
    } catch (error) {
      if (!isNearcacheError(error)) throw error
    }
  }

  /** Ends an alert. @returns The alert, if this call ended it. */
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

  /** Reads the state before a check, with one command. */
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
   * Stores since when a rule has been bad, for all isolates; `undefined` deletes that. If Redis is down, only
   * this isolate knows it.
   *
   * @param lifeMs How long it is kept without a further check.
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

  /** Prolongs the mark of a rule that is still bad. A mark that another isolate has deleted stays deleted. */
  async renew(id: RuleId, lifeMs: number): Promise<void> {
    try {
      await this.#link.send(['PEXPIRE', this.#sinceKey(id), lifeMs])
    } catch (error) {
      if (!isNearcacheError(error)) throw error
    }
  }

  /** Stores a notification that was not delivered, for the next check of any isolate; the newest per alert. */
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

  /** Takes such a notification. @returns Its alert, to one isolate only. */
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

  /** The alerts in Redis, and those of this isolate that Redis did not store: it may be full. */
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
   * The alerts in Redis.
   *
   * @throws {RemoteError} While Redis is down; also `RemoteTimeoutError` and `CircuitOpenError`.
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
    // SyntaxError: this class did not write it.
    return undefined
  }
}
