import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  CachedEmailRepository,
  type CanonicalQuery,
  type Email,
  type EmailPage,
  type EmailQuery,
  migrate,
  SqlEmailRepository,
  toSqlDriver,
} from '../../../src/email/index.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { type CacheSystem, startupCacheSystem } from '../../../src/startup/index.ts'
import { amount } from '../../support/deep.ts'
import { found } from '../../support/findings.ts'
import { turns } from '../../support/turns.ts'

const USER = 'ada'

/**
 * What may be read: each way holds an answer that was computed under the user's permissions. Those that
 * look at them `inside` the computation need tags alone; for the others the epoch is part of the key.
 */
const WAYS = ['answer', 'answer inside', 'page', 'page inside', 'mailbox'] as const
type Way = (typeof WAYS)[number]

/** One action; it begins `wait` turns after the one before. */
interface Move {
  readonly what: Way | 'change'
  readonly wait: number
  /** Turns between the validation of the session and the start of the answer. */
  readonly dawdle: number
  /** Turns that the computation takes. */
  readonly slow: number
}

const move: fc.Arbitrary<Move> = fc.record({
  what: fc.constantFrom('change', 'change', ...WAYS, ...WAYS),
  wait: fc.constantFrom(0, 0, 1, 3),
  dawdle: fc.constantFrom(0, 2, 6, 12),
  slow: fc.constantFrom(0, 1, 5, 10),
})

/** A mailbox whose messages show the permissions under which they were read. */
class Seen extends SqlEmailRepository {
  readonly #version: () => number
  slow = 0

  constructor(db: DatabaseSync, version: () => number) {
    super({ db })
    this.#version = version
  }

  override async queryEmails(query: EmailQuery | CanonicalQuery): Promise<EmailPage> {
    const stamp = this.#stamp()
    const page = await super.queryEmails(query)
    await turns(this.slow)
    return { ...page, emails: page.emails.map(stamp) }
  }

  override async getEmailsByIds(ids: readonly string[]): Promise<Map<string, Email>> {
    const stamp = this.#stamp()
    const emails = await super.getEmailsByIds(ids)
    return new Map([...emails].map(([id, email]) => [id, stamp(email)]))
  }

  #stamp(): (email: Email) => Email {
    const subject = `${this.#version()}`
    return (email) => ({ ...email, subject })
  }
}

/** A user whose permissions are the number of their changes, and who asks. */
class World {
  version = 0
  /** The latest change that has returned. */
  acknowledged = 0
  readonly #system: CacheSystem
  readonly #token: string
  readonly #repository: Seen
  readonly #mailbox: CachedEmailRepository

  private constructor(
    system: CacheSystem,
    token: string,
    repository: Seen,
    mailbox: CachedEmailRepository,
  ) {
    this.#system = system
    this.#token = token
    this.#repository = repository
    this.#mailbox = mailbox
  }

  static async open(): Promise<{ readonly world: World; end(): Promise<void> }> {
    const db = new DatabaseSync(':memory:')
    await migrate(toSqlDriver(db))
    let world: World | undefined
    const repository = new Seen(db, () => world?.version ?? 0)
    await repository.createEmail({ subject: '', senderEmail: 'a@b.example', receivedAt: 1 })
    // That of another isolate, which has no part in the copies of the one that is read.
    let other: CachedEmailRepository | undefined
    const system = await startupCacheSystem({
      env: {},
      redis: embeddedTransport(),
      session: { keys: [{ id: 'k', secret: '11'.repeat(32) }] },
      mailboxOf: (userId) => (userId === USER ? other : undefined),
      monitor: false,
      warming: false,
    })
    const cache = system.cache.namespace('mailbox-of-ada')
    const [mailbox, another] = [1, 2].map(
      () => new CachedEmailRepository({ db: { repository }, cache, near: {} }),
    ) as [CachedEmailRepository, CachedEmailRepository]
    other = another
    const sessions = system.sessions ?? expect.unreachable('there are keys')
    const token = await sessions.createSession(USER, 'ada@shop.example')
    await sessions.changePermissions(USER, ['0'])
    world = new World(system, token, repository, mailbox)
    return { world, end: () => system.stop() }
  }

  async change(): Promise<void> {
    const version = ++this.version
    await this.#system.sessions?.changePermissions(USER, [`${version}`])
    this.acknowledged = version
  }

  /** @returns The version of the permissions under which the answer was computed. */
  async read({ what, dawdle, slow }: Move): Promise<number> {
    const session = await this.#system.sessions?.getSession(this.#token)
    const own = Number(session?.permissions?.[0])
    const epoch = session?.epoch ?? ''
    const compute = async (version: number): Promise<string> => {
      await turns(slow)
      return `${version}`
    }
    await turns(dawdle)
    const tags = [`user:${USER}`]
    switch (what) {
      case 'answer': {
        // The epoch in place of a tenant: what was begun with older permissions stays with them.
        const question = { prompt: 'What may I see?', model: 'm', tenant: epoch, tags }
        const { response } = await this.#system.llm.getOrGenerate(question, () => compute(own))
        return Number(response)
      }
      case 'answer inside': {
        const question = { prompt: 'What may I see?', model: 'm', tags }
        const { response } = await this.#system.llm.getOrGenerate(question, () =>
          compute(this.version),
        )
        return Number(response)
      }
      case 'page':
        return Number(await this.#system.cache.getOrSet(`p/${epoch}`, () => compute(own), { tags }))
      case 'page inside':
        return Number(await this.#system.cache.getOrSet('p', () => compute(this.version), { tags }))
      default: {
        this.#repository.slow = slow
        const { emails } = await this.#mailbox.queryEmails({})
        return Number(emails[0]?.subject)
      }
    }
  }
}

test('no answer that was computed under former permissions is served once a change has returned', {
  timeout: amount(60_000, 900_000),
}, async ({ task }) => {
  const counts = { stories: 0, changes: 0, answers: 0, 'computed anew': 0, violations: 0 }
  const story = fc.array(move, { minLength: 5, maxLength: 40 })

  const play = async (moves: readonly Move[]): Promise<number> => {
    const { world, end } = await World.open()
    let late = 0
    let changing = Promise.resolve()
    const readers: Promise<void>[] = []
    const ask = async (one: Move): Promise<void> => {
      const known = world.acknowledged
      const answered = await world.read(one)
      counts.answers++
      if (answered > 0) counts['computed anew']++
      if (!(answered >= known)) late++
    }
    for (const one of moves) {
      await turns(one.wait)
      if (one.what === 'change') {
        counts.changes++
        changing = changing.then(() => world.change())
      } else readers.push(ask(one))
    }
    await Promise.all([...readers, changing])
    // By now everything stored belongs to the last permissions.
    for (const what of WAYS) await ask({ what, wait: 0, dawdle: 0, slow: 0 })
    await end()
    counts.stories++
    counts.violations += late
    return late
  }

  await fc
    .assert(
      fc.asyncProperty(story, async (moves) => {
        expect(await play(moves)).toBe(0)
      }),
      { numRuns: amount(40, 2_000) },
    )
    .finally(() => found(task, 'permission changes', counts))
  expect(counts['computed anew']).toBeGreaterThan(0)
})
