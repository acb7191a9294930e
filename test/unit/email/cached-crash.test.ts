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

describe('A writer of CachedEmailRepository that dies or fails', () => {
  let mailbox: CachedMailbox
  let reader: CachedEmailRepository

  beforeEach(async () => {
    mailbox = await openCachedMailbox()
    reader = mailbox.emails
    await reader.createEmail(makeEmail({ id: 'one' }))
    await reader.createEmail(makeEmail({ id: 'two', receivedAt: 1, status: 'completed' }))
  })

  /** Everything that a change of the status of `one` shows in, of one repository. */
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

  /** What is true, and what the reader says, twice: the second time from what the first stored. */
  async function expectTruth(): Promise<void> {
    const truth = await views(mailbox.database)
    for (let round = 0; round < 2; round++) {
      const reading = views(reader)
      // The lease of a writer that died is waited for, while it lasts.
      await mailbox.platform.advance(2_500)
      expect(await reading).toEqual(truth)
    }
  }

  /** The steps of a write at which it may stop for ever: the request it does not send, or its SQL. */
  const steps = ['mark', 'before SQL', 'after SQL', 'append'] as const

  /** A repository whose next write stops at a step, and never goes on. */
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
    'that dies at the step "%s" leaves nothing stale, then or later',
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

  test.each(steps)('that dies at the step "%s" leaves other lists in the cache', async (step) => {
    const unmoved = { priorities: ['low' as const] }
    await reader.queryEmails(unmoved)

    void dyingAt(step)
      .updateEmail('one', { status: 'completed' })
      .catch(() => undefined)
    await mailbox.turn()

    expect(await mailbox.statementsOf(() => reader.queryEmails(unmoved))).toBe(0)
  })

  test.each(steps)('that dies at the step "%s" does not keep readers waiting', async (step) => {
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

  test('whose SQL fails before or after it was committed leaves nothing stale', async () => {
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

  test('whose Redis goes between mark and append rejects, and leaves nothing stale', async () => {
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

  test('that could not tell anything tells it as soon as Redis is back, without a call', async () => {
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

  /** A Redis whose requests are not answered any more once `isGone`: as of a request that was cut off. */
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

  test('whose request is cut off while it tells what it owes owes it still, and tells it in half a minute', async () => {
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
    // No deadline ends what is cut off.
    platform.alarm = () => () => undefined
    await platform.advance(600)
    client.isGone = false
    platform.alarm = ManualPlatform.prototype.alarm

    await platform.advance(30_000)
    await writer.getEmailById('two')

    await expectTruth()
  })

  test('whose request is cut off between two tries tells what another could not tell', async () => {
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

  test('that could not tell anything tells it before its next read', async () => {
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

  test('that could not tell thousands of changes tells all at once, of which no call has to wait for many', async () => {
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
    // The circuit closes, and what is owed is told behind.
    await platform.advance(5_000)

    expect(requests).toBeLessThan(300)
    await expectTruth()
  })

  test('refuses to write without a mark where that is asked for', async () => {
    const writer = mailbox.over(mailbox.database, mailbox.transport, { unmarkedWrites: 'refuse' })
    const before = await views(mailbox.database)
    mailbox.redis.isCut = true

    await expect(writer.updateEmail('one', { status: 'completed' })).rejects.toThrow(RemoteError)

    expect(await views(mailbox.database)).toEqual(before)
  })

  test('that takes longer than it may is told of when it ends', async () => {
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
  /** As an eviction does: every mark there is, and nothing else of the log. */
  async function loseMarks(): Promise<void> {
    const { result = [] } = await send<string[]>('KEYS', '*:marks')
    expect(result).toHaveLength(1)
    await send('DEL', ...result)
  }

  function send<T>(...command: string[]): Promise<{ result?: T }> {
    return mailbox.transport.request<T>({ path: [], body: command })
  }

  test.each(['before', 'after'] as const)(
    'whose mark is evicted %s its commit, and that dies behind it, leaves nothing stale',
    async (lost) => {
      await views(reader)
      let isCommitted = false
      const repository = overriding(mailbox.database, {
        changeEmail: async (id, changes) => {
          if (lost === 'before') await loseMarks()
          // Whatever is read and stored now is of before.
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

  test('whose mark is evicted, and that goes on, leaves no list to SQL for longer than it might have taken', async () => {
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

  test('that meets a message which another stored since it looked, and dies, leaves nothing stale', async () => {
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
