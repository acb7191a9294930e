import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { CachedEmailRepository } from '../../../src/email/cached/cached-email-repository.ts'
import { toSqlDriver } from '../../../src/email/driver.ts'
import type { EmailStatus } from '../../../src/email/email.ts'
import type { EmailRepository } from '../../../src/email/email-repository.ts'
import { migrate } from '../../../src/email/schema.ts'
import { SqlEmailRepository } from '../../../src/email/sql-email-repository.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { RedisRequest, Transport } from '../../../src/redis/requester.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { Gate } from '../../schedule/gate.ts'
import { amount } from '../../support/deep.ts'
import { found } from '../../support/findings.ts'

const STATUSES: readonly EmailStatus[] = ['new', 'pending', 'completed']
const IDS = ['a', 'b']

/** What one actor does, one call after the other. */
const actor = fc.array(
  fc.record({ id: fc.constantFrom(...IDS), status: fc.constantFrom(...STATUSES) }),
  { minLength: 1, maxLength: 3 },
)
const story = fc.record({
  writers: fc.array(actor, { minLength: 1, maxLength: 2 }),
  readers: fc.array(actor, { minLength: 1, maxLength: 2 }),
  /** Which of the steps that wait goes on next, counted around. */
  order: fc.array(fc.nat(7), { minLength: 10, maxLength: 150 }),
  /** After how many steps the first writer dies, if it does. */
  death: fc.option(fc.nat(30)),
})

/** Isolates whose every request and statement waits for its turn, on one Redis and one database. */
class World {
  readonly gate = new Gate()
  readonly platform = new ManualPlatform()
  readonly truth: SqlEmailRepository
  readonly #redis: Transport
  /** Every state each message has had, by its version. */
  readonly #states = new Map<string, string[]>(IDS.map((id) => [id, ['', 'new']]))
  /** The version that the writes that have returned have brought at least. */
  readonly #returned = new Map(IDS.map((id) => [id, 1]))
  readonly #dead = new Set<number>()
  readonly violations: string[] = []

  private constructor(truth: SqlEmailRepository, redis: Transport) {
    this.truth = truth
    this.#redis = redis
  }

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

  isolate(owner: number): CachedEmailRepository {
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
    return new CachedEmailRepository({ db: { repository }, cache, platform })
  }

  async write(emails: CachedEmailRepository, id: string, status: EmailStatus): Promise<void> {
    const change = await emails.changeEmail(id, { status })
    const version = change?.after.version ?? 0
    this.#returned.set(id, Math.max(version, this.#returned.get(id) ?? 0))
  }

  /** Reads a list, and a message; each must be as some state was since the writes that had returned. */
  async read(emails: CachedEmailRepository, id: string, status: EmailStatus): Promise<void> {
    const least = new Map(this.#returned)
    const page = await emails.queryEmails({ statuses: [status] })
    const listed = new Set(page.emails.map((email) => email.id))
    for (const one of IDS) {
      const states = (this.#states.get(one) ?? []).slice(least.get(one))
      if (!states.some((state) => (state === status) === listed.has(one))) {
        this.violations.push(`list ${status} and ${one}: ${states.join()}`)
      }
    }
    const from = this.#returned.get(id) ?? 0
    const email = await emails.getEmailById(id)
    if ((email?.version ?? 0) < from) this.violations.push(`message ${id}: before ${from}`)
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

async function play(
  world: World,
  tale: typeof story extends fc.Arbitrary<infer T> ? T : never,
): Promise<void> {
  const { writers, readers, order, death } = tale
  const alive = new Set<number>()
  const start = async (owner: number, work: () => Promise<void>): Promise<void> => {
    alive.add(owner)
    try {
      await work()
    } catch (error) {
      world.violations.push(`actor ${owner} failed: ${String(error)}`)
    }
    alive.delete(owner)
  }
  for (const [owner, calls] of writers.entries()) {
    const emails = world.isolate(owner)
    void start(owner, async () => {
      for (const { id, status } of calls) await world.write(emails, id, status)
    })
  }
  for (const [i, calls] of readers.entries()) {
    const owner = writers.length + i
    const emails = world.isolate(owner)
    void start(owner, async () => {
      for (const { id, status } of calls) await world.read(emails, id, status)
    })
  }
  for (let step = 0; alive.size > 0; step++) {
    if (step === death) {
      world.kill(0)
      alive.delete(0)
    }
    await new Promise((resolve) => setImmediate(resolve))
    if (world.gate.size > 0) world.gate.settle(order[step % order.length] ?? 0, 'go')
    else await world.platform.advance(100)
  }
}

/** All lists and messages. */
function all(emails: EmailRepository): Promise<unknown> {
  return Promise.all([
    ...STATUSES.map((status) => emails.queryEmails({ statuses: [status] })),
    ...STATUSES.map((status) => emails.queryEmails({ statuses: [status], total: true })),
    ...IDS.map((id) => emails.getEmailById(id)),
  ])
}

describe('Writers and readers of a cached mailbox', () => {
  test('in any order of their steps never give a state from before a write that had returned', async ({
    task,
  }) => {
    let [schedules, deaths] = [0, 0]
    const violations: string[] = []
    await fc.assert(
      fc.asyncProperty(story, async (tale) => {
        const world = await World.open()
        await play(world, tale)
        schedules++
        if (tale.death !== null) deaths++
        violations.push(...world.violations)
        expect(world.violations).toEqual([])
        // Whoever died has left nothing that lasts.
        await world.platform.advance(31_000)
        const last = world.isolate(9)
        const reading = all(last)
        let isRead = false
        void reading.then(() => {
          isRead = true
        })
        while (!isRead) {
          await new Promise((resolve) => setImmediate(resolve))
          if (world.gate.size > 0) world.gate.settle(0, 'go')
          else await world.platform.advance(100)
        }
        expect(await reading).toEqual(await all(world.truth))
      }),
      { numRuns: amount(150, 5_000) },
    )
    found(task, 'schedules of a cached mailbox', { run: schedules, deaths, violations: 0 })
  }, 600_000)
})
