/**
 * Isolates of one mailbox whose every request and statement waits for its turn, and which states of
 * it a read may show.
 *
 * @module
 */

import { DatabaseSync } from 'node:sqlite'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { CachedEmailRepository } from '../../../src/email/cached/cached-email-repository.ts'
import type { NearMessages } from '../../../src/email/cached/options.ts'
import { toSqlDriver } from '../../../src/email/driver.ts'
import type { EmailStatus } from '../../../src/email/email.ts'
import type { EmailRepository } from '../../../src/email/email-repository.ts'
import { migrate } from '../../../src/email/schema.ts'
import { SqlEmailRepository } from '../../../src/email/sql-email-repository.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { RedisRequest, Transport } from '../../../src/redis/requester.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { Gate } from '../../schedule/gate.ts'

export const STATUSES: readonly EmailStatus[] = ['new', 'pending', 'completed']
export const IDS = ['a', 'b']

/** A write that has returned. */
interface Returned {
  readonly version: number
  /** Epoch milliseconds. */
  readonly at: number
  readonly owner: number
}

/** An isolate, and how far its answers may lag behind the writes of others. */
export interface Isolate {
  readonly owner: number
  readonly emails: CachedEmailRepository
  readonly lagMs: number
}

/** The isolates, on one Redis and one database. */
export class World {
  readonly gate = new Gate()
  readonly platform = new ManualPlatform()
  readonly truth: SqlEmailRepository
  readonly #redis: Transport
  /** Every state each message has had, by its version. */
  readonly #states = new Map<string, string[]>(IDS.map((id) => [id, ['', 'new']]))
  readonly #returned = new Map<string, Returned[]>(
    IDS.map((id) => [id, [{ version: 1, at: 0, owner: -1 }]]),
  )
  readonly #dead = new Set<number>()
  readonly violations: string[] = []

  private constructor(truth: SqlEmailRepository, redis: Transport) {
    this.truth = truth
    this.#redis = redis
  }

  /** A mailbox whose lists are all in Redis. */
  static async open(): Promise<World> {
    const driver = toSqlDriver(new DatabaseSync(':memory:'))
    await migrate(driver)
    const platform = new ManualPlatform()
    const truth = new SqlEmailRepository({ db: driver, platform })
    for (const id of IDS) {
      await truth.createEmail({ id, subject: id, senderEmail: 's@mail.example', receivedAt: 1 })
    }
    const redis = embeddedTransport({ platform })
    const cache = new RedisCacheManager({ redis, platform })
    const emails = new CachedEmailRepository({ db: { repository: truth }, cache, platform })
    for (const status of STATUSES) await emails.queryEmails({ statuses: [status] })
    return Object.assign(new World(truth, redis), { platform })
  }

  /** @param near As its options; the lag in milliseconds. */
  isolate(owner: number, near?: NearMessages & { readonly lag?: number }): Isolate {
    const { platform } = this
    const redis: Transport = {
      kind: 'embedded',
      close: () => this.#redis.close(),
      request: async <Result>(request: RedisRequest) => {
        await this.#turn(owner, 'request')
        const answer = await this.#redis.request<Result>(request)
        await this.#turn(owner, 'answer')
        return answer
      },
    }
    const cache = new RedisCacheManager({ redis, platform, retries: 0, deadline: '10m' })
    const repository = this.#gated(owner)
    const options = near === undefined ? {} : { near }
    const emails = new CachedEmailRepository({ db: { repository }, cache, platform, ...options })
    return { owner, emails, lagMs: near?.lag ?? 0 }
  }

  async write({ owner, emails }: Isolate, id: string, status: EmailStatus): Promise<void> {
    const change = await emails.changeEmail(id, { status })
    const version = change?.after.version ?? 0
    this.#returned.get(id)?.push({ version, at: this.platform.now(), owner })
  }

  /** The version of a message that a read which begins now shows at least. */
  #leastOf({ owner, lagMs }: Isolate, id: string): number {
    const now = this.platform.now()
    const seen = (this.#returned.get(id) ?? []).filter(
      (write) => write.owner === owner || write.at <= now - lagMs,
    )
    return Math.max(...seen.map(({ version }) => version))
  }

  /**
   * Reads a list with its messages, one of ids alone, and a message; each must be as some state was
   * since the writes that it must show.
   */
  async read(isolate: Isolate, id: string, status: EmailStatus): Promise<void> {
    const { emails } = isolate
    const least = this.#leastOfAll(isolate)
    const page = await emails.queryEmails({ statuses: [status] })
    const listed = page.emails.map((email) => email.id)
    this.#judgeList(`list ${status}`, status, listed, least)
    for (const { id: one, version } of page.emails) {
      const from = least.get(one) ?? 0
      if (version < from) this.violations.push(`message ${one} of list ${status}: before ${from}`)
    }
    const leastListed = this.#leastOfAll(isolate)
    const { ids } = await emails.queryEmailIds({ statuses: [status] })
    this.#judgeList(`ids ${status}`, status, ids, leastListed)
    const from = this.#leastOf(isolate, id)
    const email = await emails.getEmailById(id)
    if ((email?.version ?? 0) < from) this.violations.push(`message ${id}: before ${from}`)
  }

  #leastOfAll(isolate: Isolate): ReadonlyMap<string, number> {
    return new Map(IDS.map((id) => [id, this.#leastOf(isolate, id)]))
  }

  #judgeList(
    name: string,
    status: EmailStatus,
    listed: readonly string[],
    least: ReadonlyMap<string, number>,
  ): void {
    for (const id of IDS) {
      const states = (this.#states.get(id) ?? []).slice(least.get(id))
      if (!states.some((state) => (state === status) === listed.includes(id))) {
        this.violations.push(`${name} and ${id}: ${states.join()}`)
      }
    }
  }

  /** Makes an actor stop where it is, for ever. */
  kill(owner: number): void {
    this.#dead.add(owner)
    this.gate.drop(owner)
  }

  async #turn(owner: number, label: string): Promise<void> {
    if (!this.#dead.has(owner)) await this.gate.wait(owner, label)
    if (this.#dead.has(owner)) await new Promise<never>(() => undefined)
  }

  #gated(owner: number): EmailRepository {
    const { truth } = this
    return new Proxy(truth, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target)
        if (typeof value !== 'function') return value
        return async (...args: unknown[]) => {
          await this.#turn(owner, `before ${String(name)}`)
          const result: unknown = await value.apply(target, args)
          this.#note(result)
          await this.#turn(owner, `after ${String(name)}`)
          return result
        }
      },
    })
  }

  /** Statements of SQLite end as they begin, so changes are noted in the order of their commits. */
  #note(result: unknown): void {
    if (typeof result !== 'object' || result === null || !('after' in result)) return
    const { id, version, status } = result.after as { id: string; version: number; status: string }
    const states = this.#states.get(id)
    if (states) states[version] = status
  }
}
