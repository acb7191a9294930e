/**
 * The figures of all isolates together, added up in Redis by minute, by hour and in total.
 *
 * @module
 */

import type { RedisCacheManager } from '../cache/manager.ts'
import { type Duration, toMilliseconds } from '../entry/duration.ts'
import { checkCache, checkFields } from '../entry/option-checks.ts'
import { RemoteError } from '../errors.ts'
import { RedisLink } from '../redis/link.ts'
import type { Reply } from '../redis/requester.ts'
import { ADD_FIGURES } from '../redis/scripts/figures.ts'
import { fromFields, toFields } from './figure-fields.ts'
import { type Figures, mergeFigures } from './figures.ts'
import type { Batch, MetricsSink } from './metrics.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

/** Options for {@link RedisFigures}. */
export interface RedisFiguresOptions {
  /** The cache whose Redis stores the figures. */
  readonly cache: Pick<RedisCacheManager, 'redis'>
  /** The start of the hashes' names. @default 'nc' */
  readonly prefix?: string
  /** How long the figures of a minute are kept. @default '3h' */
  readonly keepMinutes?: Duration
  /** How long those of an hour are kept. @default '8d' */
  readonly keepHours?: Duration
}

/** A minute or an hour, and what was counted in it. */
export interface Slice {
  /** Epoch milliseconds at which it begins. */
  readonly from: number
  readonly figures: Figures
}

/**
 * Figures in Redis. A batch is one command, however many figures it has, and is counted once, however often
 * it arrives. All hashes share a hash slot, so that this works on a cluster.
 */
export class RedisFigures implements MetricsSink {
  readonly name = 'redis'
  readonly #link: RedisLink
  readonly #base: string
  /** How long the figures of a minute are kept, in milliseconds. */
  readonly keepMinutesMs: number
  readonly #keepHoursMs: number

  /** @throws {InvalidOptionError} When an option is unknown, `cache` is missing, or a duration is invalid or too short. */
  constructor(options: RedisFiguresOptions) {
    checkFields(options, 'options', ['cache', 'prefix', 'keepMinutes', 'keepHours'])
    const { cache, prefix = 'nc', keepMinutes = '3h', keepHours = '8d' } = options
    checkCache(cache)
    this.#link = new RedisLink(cache.redis)
    cache.redis.allowRepeat([ADD_FIGURES])
    this.#base = `${prefix}:{figures}`
    this.keepMinutesMs = toMilliseconds(keepMinutes, 'keepMinutes', { min: MINUTE_MS })
    this.#keepHoursMs = toMilliseconds(keepHours, 'keepHours', { min: HOUR_MS })
  }

  async write({ source, sequence, at, figures }: Batch): Promise<void> {
    const keys = [this.#minute(at), this.#hour(at), this.#total()]
    const lives = [this.keepMinutesMs, this.#keepHoursMs, 0]
    const args = [`source:${source}`, sequence, ...lives, ...toFields(figures)]
    await this.#link.run(ADD_FIGURES, keys, args)
  }

  /** Everything counted since the hash of totals was created: these figures only grow. */
  async readTotal(): Promise<Figures> {
    return figuresIn(await this.#link.send(['HGETALL', this.#total()]))
  }

  /** The last `count` minutes, oldest first, the current one included: one request. */
  readMinutes(now: number, count: number): Promise<Slice[]> {
    return this.#slices(now, count, MINUTE_MS, (at) => this.#minute(at))
  }

  /** The last `count` hours, oldest first, the current one included: one request. */
  readHours(now: number, count: number): Promise<Slice[]> {
    return this.#slices(now, count, HOUR_MS, (at) => this.#hour(at))
  }

  /** What was counted in the last `minutes` minutes, the current one included. */
  async readRecent(now: number, minutes: number): Promise<Figures> {
    return mergeFigures((await this.readMinutes(now, minutes)).map(({ figures }) => figures))
  }

  async #slices(
    now: number,
    count: number,
    lengthMs: number,
    nameOf: (at: number) => string,
  ): Promise<Slice[]> {
    const last = Math.floor(now / lengthMs) * lengthMs
    const starts = Array.from({ length: count }, (_, i) => last - (count - 1 - i) * lengthMs)
    const replies = await Promise.all(starts.map((at) => this.#link.send(['HGETALL', nameOf(at)])))
    return starts.map((from, i) => ({ from, figures: figuresIn(replies[i] ?? null) }))
  }

  #minute(at: number): string {
    return `${this.#base}:m:${Math.floor(at / MINUTE_MS)}`
  }

  #hour(at: number): string {
    return `${this.#base}:h:${Math.floor(at / HOUR_MS)}`
  }

  #total(): string {
    return `${this.#base}:total`
  }
}

function figuresIn(reply: Reply | Readonly<Record<string, Reply>>): Figures {
  return fromFields(pairsIn(reply))
}

/** The counts of a hash. HGETALL returns a list; some clients turn it into an object. */
export function pairsIn(
  reply: Reply | Readonly<Record<string, Reply>>,
): (readonly [field: string, count: number])[] {
  if (reply === null) return []
  if (typeof reply !== 'object') {
    throw new RemoteError({ operation: 'HGETALL', reason: 'malformed reply', applied: 'no' })
  }
  if (!Array.isArray(reply)) return Object.entries(reply).map(toPair)
  const list: readonly Reply[] = reply
  return Array.from({ length: list.length >> 1 }, (_, i) =>
    toPair([String(list[2 * i]), list[2 * i + 1]]),
  )
}

function toPair([field, count]: readonly [string, unknown]): [string, number] {
  return [field, Number(count)]
}
