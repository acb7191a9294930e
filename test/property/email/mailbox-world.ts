/**
 * Isolates of one mailbox, in which every request and statement waits for its turn, and a check of what
 * they read.
 *
 * @module
 */

import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { CachedEmailRepository } from '../../../src/email/cached/cached-email-repository.ts'
import type { NearMessages } from '../../../src/email/cached/options.ts'
import { toSqlDriver } from '../../../src/email/database.ts'
import type { Email, EmailStatus, NewEmail } from '../../../src/email/email.ts'
import type { EmailRepository } from '../../../src/email/email-repository.ts'
import { migrate } from '../../../src/email/schema.ts'
import { SqlEmailRepository } from '../../../src/email/sql-email-repository.ts'
import { DuplicateEmailError } from '../../../src/errors.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { RedisRequest, Transport } from '../../../src/redis/requester.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { Gate } from '../../schedule/gate.ts'
import { type Least, MailHistory, type Reader } from './mailbox-history.ts'

export const STATUSES: readonly EmailStatus[] = ['new', 'pending', 'completed']
/** The last message does not exist at first. */
export const IDS = ['a', 'b', 'c']

const about = {
  id: fc.constantFrom(...IDS),
  status: fc.constantFrom(...STATUSES),
  isRead: fc.boolean(),
}
const write = fc.record({
  kind: fc.constantFrom<WriteKind[]>('change', 'mark', 'delete', 'create', 'upsert'),
  ...about,
})
const read = fc.record({
  kind: fc.constantFrom<ReadKind[]>('status', 'ids', 'flag', 'total', 'count', 'graph', 'row'),
  ...about,
})
type WriteKind = 'change' | 'mark' | 'delete' | 'create' | 'upsert'
type ReadKind = 'status' | 'ids' | 'flag' | 'total' | 'count' | 'graph' | 'row'

/** One call of a repository. */
export const call = fc.oneof(
  { weight: 3, arbitrary: fc.record({ write }) },
  { weight: 5, arbitrary: fc.record({ read }) },
)
export type Call = typeof call extends fc.Arbitrary<infer T> ? T : never
type Write = typeof write extends fc.Arbitrary<infer T> ? T : never
type Read = typeof read extends fc.Arbitrary<infer T> ? T : never

/** An isolate, and how far its answers may lag behind the writes of others. */
export interface Isolate extends Reader {
  readonly emails: CachedEmailRepository
  /** Its latest commit. */
  readonly committed: { id: string; nth: number } | { id: undefined }
}

/** The isolates, on one Redis and one database. */
export class World {
  readonly gate = new Gate()
  readonly platform: ManualPlatform
  readonly truth: SqlEmailRepository
  readonly violations: string[] = []
  readonly #redis: Transport
  readonly #history = new MailHistory(IDS)
  readonly #dead = new Set<number>()
  #states = 0

  private constructor(truth: SqlEmailRepository, redis: Transport, platform: ManualPlatform) {
    this.truth = truth
    this.#redis = redis
    this.platform = platform
  }

  /** A mailbox whose lists are all in Redis. */
  static async open(): Promise<World> {
    const driver = toSqlDriver(new DatabaseSync(':memory:'))
    await migrate(driver)
    const platform = new ManualPlatform()
    const truth = new SqlEmailRepository({ db: driver, platform })
    const world = new World(truth, embeddedTransport({ platform }), platform)
    for (const id of IDS.slice(0, -1)) {
      const email = await truth.createEmail(world.#email({ id, status: 'new', isRead: false }))
      const nth = world.#history.commit(id, email)
      world.#history.return(id, { nth, at: 0, owner: -1 })
    }
    const cache = new RedisCacheManager({ redis: world.#redis, platform })
    await allOf(new CachedEmailRepository({ db: { repository: truth }, cache, platform }))
    return world
  }

  /** @param near The option `near`, with the lag in milliseconds. */
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
    const committed: Isolate['committed'] = { id: undefined }
    const repository = this.#gated(owner, committed)
    const options = near === undefined ? {} : { near }
    const emails = new CachedEmailRepository({ db: { repository }, cache, platform, ...options })
    return { owner, emails, lagMs: near?.lag ?? 0, committed }
  }

  async call(isolate: Isolate, one: Call): Promise<void> {
    if ('read' in one) await this.#read(isolate, one.read)
    else await this.#write(isolate, one.write)
  }

  async #write(isolate: Isolate, asked: Write): Promise<void> {
    const { owner, committed } = isolate
    Object.assign(committed, { id: undefined })
    await this.#make(isolate.emails, asked).catch(unlessDuplicate)
    if (committed.id === undefined) return
    const { id, nth } = committed
    this.#history.return(id, { nth, at: this.platform.now(), owner })
  }

  async #make(emails: CachedEmailRepository, asked: Write): Promise<unknown> {
    const { status, isRead, categories, ...email } = this.#email(asked)
    switch (asked.kind) {
      case 'change':
        return emails.changeEmail(asked.id, { status, isRead, categories })
      case 'mark':
        return emails.changeEmail(asked.id, { isRead, categories })
      case 'delete':
        return emails.deleteEmail(asked.id)
      case 'create':
        return emails.createEmail({ ...email, status, isRead, categories })
      case 'upsert':
        return emails.createOrUpdate({ ...email, isRead, categories })
    }
  }

  /** Reads. The answer must match a state that is no older than the writes it must show. */
  async #read(isolate: Isolate, asked: Read): Promise<void> {
    const { emails } = isolate
    const { id, status, isRead } = asked
    const least = this.#history.leastOf(isolate, this.platform.now())
    const listed = (page: { emails: readonly Email[] }, isMeant: (state: Seen) => boolean) => {
      const ids = page.emails.map((email) => email.id)
      this.#fail(asked, this.#history.misplaced(ids, isMeant, least))
      for (const email of page.emails) this.#judge(asked, email.id, email, least)
    }
    switch (asked.kind) {
      case 'status':
        listed(await emails.queryEmails({ statuses: [status] }), (s) => s.status === status)
        return
      case 'flag':
        listed(await emails.queryEmails({ isRead }), (s) => s.isRead === isRead)
        return
      case 'total': {
        const page = await emails.queryEmails({ total: true })
        listed(page, () => true)
        if (page.total !== page.emails.length) this.#fail(asked, [`total ${page.total}`])
        return
      }
      case 'ids': {
        const { ids } = await emails.queryEmailIds({ statuses: [status] })
        this.#fail(
          asked,
          this.#history.misplaced(ids, (s) => s.status === status, least),
        )
        return
      }
      case 'count': {
        const count = await emails.countEmails({ statuses: [status] })
        const isRight = this.#history.isCount(count, (s) => s.status === status, least)
        if (!isRight) this.#fail(asked, [`count ${count}`])
        return
      }
      case 'graph':
        this.#judge(asked, id, await emails.getEmailByGraphId(`graph-${id}`), least)
        return
      case 'row':
        this.#judge(asked, id, await emails.getEmailById(id), least)
    }
  }

  #judge(asked: Read, id: string, email: Email | undefined, least: Least): void {
    if (!this.#history.isShown(id, email, least)) {
      this.#fail(asked, [`${id} as ${email?.categories.join() ?? 'none'}`])
    }
  }

  #fail({ kind, status, isRead }: Read, what: readonly string[]): void {
    this.violations.push(...what.map((one) => `${kind} (${status}, ${isRead}): ${one}`))
  }

  /** Stops an actor for ever at its current step. */
  kill(owner: number): void {
    this.#dead.add(owner)
    this.gate.drop(owner)
  }

  /** Deletes the marks of all writers under way, as an eviction may, but nothing else of the log. */
  async loseMarks(): Promise<void> {
    const send = <Result>(...body: readonly string[]): Promise<{ result?: Result }> =>
      this.#redis.request<Result>({ path: [], body: [...body] })
    const { result: keys = [] } = await send<string[]>('KEYS', '*:marks')
    for (const key of keys) await send('DEL', key)
  }

  /** A message with a category that identifies its state. */
  #email({ id, status, isRead }: Pick<Write, 'id' | 'status' | 'isRead'>): NewEmail & {
    readonly status: EmailStatus
    readonly isRead: boolean
    readonly categories: readonly string[]
  } {
    const graphId = `graph-${id}`
    const categories = [`state ${this.#states++}`]
    const rest = { subject: id, senderEmail: 's@mail.example', receivedAt: 1 }
    return { id, graphId, ...rest, status, isRead, categories }
  }

  async #turn(owner: number, label: string): Promise<void> {
    if (!this.#dead.has(owner)) await this.gate.wait(owner, label)
    if (this.#dead.has(owner)) await new Promise<never>(() => undefined)
  }

  #gated(owner: number, committed: Isolate['committed']): EmailRepository {
    const { truth } = this
    return new Proxy(truth, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target)
        if (typeof value !== 'function') return value
        return async (...args: unknown[]) => {
          await this.#turn(owner, `before ${String(name)}`)
          const answer: Promise<unknown> = value.apply(target, args)
          const done = await answer.then(
            (result) => () => result,
            (error: unknown) => () => {
              throw error
            },
          )
          // Statements of SQLite end as they begin, so changes are noted in the order of their commits.
          if (WRITES.has(name)) Object.assign(committed, this.#note(name, done))
          await this.#turn(owner, `after ${String(name)}`)
          return done()
        }
      },
    })
  }

  #note(name: string | symbol, done: () => unknown): Isolate['committed'] {
    try {
      const result = done() as Email | { readonly after: Email } | undefined
      if (result === undefined) return { id: undefined }
      const email = 'after' in result ? result.after : result
      const nth = this.#history.commit(email.id, name === 'deleteEmail' ? null : email)
      return { id: email.id, nth }
    } catch {
      return { id: undefined }
    }
  }
}

type Seen = Pick<Email, 'status' | 'isRead'>

const WRITES: ReadonlySet<string | symbol> = new Set([
  'changeEmail',
  'createEmail',
  'createOrUpdate',
  'deleteEmail',
])

function unlessDuplicate(error: unknown): void {
  if (!(error instanceof DuplicateEmailError)) throw error
}

/** Runs every query that the stories use. */
export function allOf(emails: EmailRepository): Promise<unknown> {
  return Promise.all([
    ...STATUSES.flatMap((status) => [
      emails.queryEmails({ statuses: [status] }),
      emails.queryEmails({ statuses: [status], total: true }),
      emails.countEmails({ statuses: [status] }),
    ]),
    ...[true, false].map((isRead) => emails.queryEmails({ isRead })),
    emails.queryEmails({ total: true }),
    ...IDS.flatMap((id) => [emails.getEmailById(id), emails.getEmailByGraphId(`graph-${id}`)]),
  ])
}
