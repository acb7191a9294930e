import { beforeEach, describe, expect, test } from 'vitest'
import type { CachedEmailRepository, EmailRepository } from '../../../src/email/index.ts'
import { RemoteError } from '../../../src/errors.ts'
import type { RedisRequest, Transport } from '../../../src/redis/requester.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import {
  type CachedMailbox,
  holding,
  makeEmail,
  openCachedMailbox,
  overriding,
} from './cached-mailbox.ts'

const TIMEOUT_MS = 30_000

describe('CachedEmailRepository when a writer dies or fails', () => {
  let mailbox: CachedMailbox
  let reader: CachedEmailRepository

  beforeEach(async () => {
    mailbox = await openCachedMailbox()
    reader = mailbox.emails
    await reader.createEmail(makeEmail({ id: 'one' }))
    await reader.createEmail(makeEmail({ id: 'two', receivedAt: 1, status: 'completed' }))
  })

  /** All results of a repository in which a change of the status of `one` is visible. */
  async function views(repository: EmailRepository): Promise<unknown> {
    return {
      new: await repository.queryEmails({ statuses: ['new'] }),
      completed: await repository.queryEmails({ statuses: ['completed'], total: true }),
      all: await repository.queryEmails({}),
      count: await repository.countEmails({ statuses: ['new'] }),
      row: await repository.getEmailById('one'),
      figures: (await repository.getAnalytics()).byStatus,
    }
  }

  /** Compares the reader with the database, twice: the second round reads what the first one stored. */
  async function expectTruth(): Promise<void> {
    const truth = await views(mailbox.database)
    for (let round = 0; round < 2; round++) {
      const reading = views(reader)
      // Readers wait for the lease of a dead writer until it expires.
      await mailbox.platform.advance(2_500)
      expect(await reading).toEqual(truth)
    }
  }

  /** The steps at which a write may stop forever: at a request, which is not sent, or around its SQL. */
  const steps = ['mark', 'before SQL', 'after SQL', 'append'] as const

  /** A repository whose next write stops at this step and never continues. */
  function dyingAt(step: (typeof steps)[number]): CachedEmailRepository {
    const never = new Promise<never>(() => undefined)
    const repository = overriding(mailbox.database, {
      changeEmail: async (id, changes) => {
        if (step === 'mark' || step === 'before SQL') return never
        const change = await mailbox.database.changeEmail(id, changes)
        return step === 'after SQL' ? never : change
      },
    })
    const nth = step === 'mark' ? 1 : step === 'append' ? 2 : Number.POSITIVE_INFINITY
    return mailbox.over(repository, holding(mailbox.transport, nth))
  }

  test.each(steps)(
    'a writer dying at the step "%s" leaves nothing stale, before and after its mark expires',
    async (step) => {
      await views(reader)

      void dyingAt(step)
        .updateEmail('one', { status: 'completed' })
        .catch(() => undefined)
      await mailbox.turn()

      await expectTruth()
      await mailbox.platform.advance(TIMEOUT_MS + 1)
      await expectTruth()
    },
  )

  test.each(steps)('a writer dying at the step "%s" leaves other lists cached', async (step) => {
    const unmoved = { priorities: ['low' as const] }
    await reader.queryEmails(unmoved)

    void dyingAt(step)
      .updateEmail('one', { status: 'completed' })
      .catch(() => undefined)
    await mailbox.turn()

    expect(await mailbox.statementsOf(() => reader.queryEmails(unmoved))).toBe(0)
  })

  test.each(steps)('a writer dying at the step "%s" does not block readers', async (step) => {
    await views(reader)
    void dyingAt(step)
      .updateEmail('one', { status: 'completed' })
      .catch(() => undefined)
    await mailbox.turn()

    let isRead = false
    const reading = views(reader).then(() => {
      isRead = true
    })
    await mailbox.platform.advance(3_000)
    await mailbox.turn()

    expect(isRead).toBe(true)
    await reading
  })

  test('a write whose SQL fails, before or after the commit, leaves nothing stale', async () => {
    for (const isCommitted of [false, true]) {
      await views(reader)
      const lost = new Error('connection lost')
      const repository = overriding(mailbox.database, {
        changeEmail: async (id, changes) => {
          if (isCommitted) await mailbox.database.changeEmail(id, changes)
          throw lost
        },
      })

      const write = mailbox.over(repository).updateEmail('one', { status: 'completed' })
      await expect(write).rejects.toBe(lost)

      await expectTruth()
    }
  })

  test('a write that loses Redis between mark and append rejects and leaves nothing stale', async () => {
    await views(reader)
    const { redis } = mailbox
    const repository = overriding(mailbox.database, {
      changeEmail: async (id, changes) => {
        redis.isCut = true
        return mailbox.database.changeEmail(id, changes)
      },
    })

    const write = mailbox.over(repository).updateEmail('one', { status: 'completed' })
    await expect(write).rejects.toBeInstanceOf(RemoteError)
    redis.isCut = false

    await expectTruth()
  })

  test('a writer that could not reach Redis records its change later, without a further call', async () => {
    await views(reader)
    await mailbox.turn()
    const { redis } = mailbox
    const writer = mailbox.over(mailbox.database)
    redis.isCut = true
    await expect(writer.updateEmail('one', { status: 'completed' })).rejects.toThrow(RemoteError)
    redis.isCut = false

    await mailbox.platform.advance(600)
    await mailbox.platform.settle()

    await expectTruth()
  })

  /** A transport whose requests get no answer while `isGone`, as when the Worker request is ended. */
  function cutOff(): { readonly transport: Transport; isGone: boolean } {
    const client = {
      isGone: false,
      transport: {
        ...mailbox.transport,
        request: <Result>(request: RedisRequest) =>
          client.isGone
            ? new Promise<never>(() => undefined)
            : mailbox.transport.request<Result>(request),
      },
    }
    return client
  }

  test('a retry that hangs for good does not lose the change: it is recorded within 30 s', async () => {
    await views(reader)
    await mailbox.turn()
    const { redis, platform } = mailbox
    const client = cutOff()
    const writer = mailbox.over(mailbox.database, client.transport)
    redis.isCut = true
    const change = writer.updateEmail('one', { status: 'completed' })
    await expect(change).rejects.toThrow(RemoteError)
    redis.isCut = false
    client.isGone = true
    // No deadline ends the hanging request.
    platform.alarm = () => () => undefined
    await platform.advance(600)
    client.isGone = false
    platform.alarm = ManualPlatform.prototype.alarm

    await platform.advance(30_000)
    await writer.getEmailById('two')

    await expectTruth()
  })

  test('if a retry timer never fires, the next failed write starts another', async () => {
    await views(reader)
    await mailbox.turn()
    const { redis, platform } = mailbox
    const writer = mailbox.over(mailbox.database)
    const fail = async (): Promise<void> => {
      const change = writer.updateEmail('one', { status: 'completed' })
      await expect(change).rejects.toThrow(RemoteError)
    }
    redis.isCut = true
    platform.delay = () => new Promise<never>(() => undefined)
    await fail()
    platform.delay = ManualPlatform.prototype.delay
    await platform.advance(30_000)
    await fail()
    redis.isCut = false

    await platform.advance(600)

    await expectTruth()
  })

  test('a writer that could not reach Redis records its change before its next read', async () => {
    await views(reader)
    await mailbox.turn()
    const { redis } = mailbox
    const writer = mailbox.over(mailbox.database)
    redis.isCut = true
    await expect(writer.updateEmail('one', { status: 'completed' })).rejects.toThrow(RemoteError)
    redis.isCut = false

    expect(await views(writer)).toEqual(await views(mailbox.database))
    await expectTruth()
  })

  test('an unrecorded change is visible to all reads that begin together', async () => {
    await views(reader)
    await mailbox.turn()
    const { redis } = mailbox
    const writer = mailbox.over(mailbox.database)
    redis.isCut = true
    await expect(writer.updateEmail('one', { status: 'completed' })).rejects.toThrow(RemoteError)
    redis.isCut = false

    const reads = await Promise.all([
      writer.countEmails({ statuses: ['new'] }),
      writer.countEmails({ statuses: ['new'] }),
      writer.queryEmailIds({ statuses: ['new'] }).then(({ ids }) => ids.length),
      writer.queryEmails({ statuses: ['new'] }).then(({ emails }) => emails.length),
      writer.getAnalytics().then(({ byStatus }) => byStatus.new),
    ])

    expect(reads).toEqual([0, 0, 0, 0, 0])
    await expectTruth()
  })

  test('a thousand unrecorded changes are recorded together, and no call waits for many of them', async () => {
    await views(reader)
    const { redis, platform } = mailbox
    let requests = 0
    const counting: Transport = {
      ...mailbox.transport,
      request: (request) => {
        requests++
        return mailbox.transport.request(request)
      },
    }
    const writer = mailbox.over(mailbox.database, counting)
    redis.isCut = true
    for (let i = 0; i < 50; i++) {
      await writer.updateEmail('one', { isRead: i % 2 === 0 }).catch(() => undefined)
    }
    requests = 0
    await views(writer)
    expect(requests).toBeLessThan(60)

    for (let i = 0; i < 1_000; i++) {
      await writer.updateEmail('one', { isRead: i % 2 === 0 }).catch(() => undefined)
    }
    await writer.updateEmail('one', { status: 'completed' }).catch(() => undefined)
    redis.isCut = false
    requests = 0
    // The circuit closes, and the changes are recorded in the background.
    await platform.advance(5_000)

    expect(requests).toBeLessThan(300)
    await expectTruth()
  })

  test('with unmarkedWrites: refuse, a write that cannot set its mark does not reach SQL', async () => {
    const writer = mailbox.over(mailbox.database, mailbox.transport, { unmarkedWrites: 'refuse' })
    const before = await views(mailbox.database)
    mailbox.redis.isCut = true

    await expect(writer.updateEmail('one', { status: 'completed' })).rejects.toThrow(RemoteError)

    expect(await views(mailbox.database)).toEqual(before)
  })

  test('a write that outlasts its mark is recorded when it ends', async () => {
    const gate = Promise.withResolvers<void>()
    const repository = overriding(mailbox.database, {
      changeEmail: async (id, changes) => {
        await gate.promise
        return mailbox.database.changeEmail(id, changes)
      },
    })
    const write = mailbox.over(repository).updateEmail('one', { status: 'completed' })
    await mailbox.turn()
    await mailbox.platform.advance(TIMEOUT_MS + 1)
    await expectTruth()

    gate.resolve()
    await write

    await expectTruth()
  })
  /** Deletes all marks and nothing else of the log, as an eviction does. */
  async function loseMarks(): Promise<void> {
    const { result = [] } = await send<string[]>('KEYS', '*:marks')
    expect(result).toHaveLength(1)
    await send('DEL', ...result)
  }

  function send<T>(...command: string[]): Promise<{ result?: T }> {
    return mailbox.transport.request<T>({ path: [], body: command })
  }

  test.each(['before', 'after'] as const)(
    'a writer whose mark is evicted %s the commit, and which then dies, leaves nothing stale',
    async (lost) => {
      await views(reader)
      let isCommitted = false
      const repository = overriding(mailbox.database, {
        changeEmail: async (id, changes) => {
          if (lost === 'before') await loseMarks()
          // These reads store the state from before the change.
          if (lost === 'before') await views(reader)
          await mailbox.database.changeEmail(id, changes)
          if (lost === 'after') await loseMarks()
          isCommitted = true
          return new Promise<never>(() => undefined)
        },
      })

      void mailbox
        .over(repository)
        .updateEmail('one', { status: 'completed' })
        .catch(() => undefined)
      await mailbox.turn()
      for (let turn = 0; turn < 100 && !isCommitted; turn++) {
        await mailbox.platform.advance(100)
        await mailbox.turn()
      }
      expect(isCommitted).toBe(true)

      await expectTruth()
      await mailbox.platform.advance(TIMEOUT_MS + 1)
      await expectTruth()
    },
  )

  test('after a write whose mark was evicted, lists are cached again once the mark would have expired', async () => {
    await views(reader)
    const repository = overriding(mailbox.database, {
      changeEmail: async (id, changes) => {
        await loseMarks()
        return mailbox.database.changeEmail(id, changes)
      },
    })
    await mailbox.over(repository).updateEmail('one', { status: 'completed' })
    await expectTruth()

    await mailbox.platform.advance(TIMEOUT_MS + 1)
    await views(reader)
    await mailbox.platform.advance(2_500)

    expect(await mailbox.statementsOf(() => views(reader))).toBe(0)
  })

  test('an upsert that meets a message stored since its lookup, and then dies, leaves nothing stale', async () => {
    const mail = { graphId: 'g', isRead: true }
    const lists = () =>
      Promise.all([reader.queryEmails({ isRead: false }), reader.countEmails({ isRead: false })])
    let looked = 0
    const never = new Promise<never>(() => undefined)
    const repository = overriding(mailbox.database, {
      getEmailByGraphId: async (graphId) => {
        const found = await mailbox.database.getEmailByGraphId(graphId)
        if (looked++ > 0) return found
        await reader.createEmail(
          makeEmail({ ...mail, id: 'three', isRead: false, status: 'pending' }),
        )
        await lists()
        return found
      },
      createOrUpdate: async (email) => {
        await mailbox.database.createOrUpdate(email)
        return never
      },
    })

    void mailbox
      .over(repository)
      .createOrUpdate(makeEmail(mail))
      .catch(() => undefined)
    for (let turn = 0; turn < 20; turn++) await mailbox.turn()
    const [truth, count] = await Promise.all([
      mailbox.database.queryEmails({ isRead: false }),
      mailbox.database.countEmails({ isRead: false }),
    ])
    const during = await lists()
    await mailbox.platform.advance(TIMEOUT_MS + 1)
    const after = await lists()

    expect(truth.emails.map(({ id }) => id)).not.toContain('three')
    expect(during).toEqual([truth, count])
    expect(after).toEqual([truth, count])
  })
})
