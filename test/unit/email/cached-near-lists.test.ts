import { beforeEach, describe, expect, test } from 'vitest'
import {
  type CachedEmailRepository,
  type Email,
  type EmailChanges,
  type NearMessages,
  CachedEmailRepository as Repository,
} from '../../../src/email/index.ts'
import type { RedisRequest, Transport } from '../../../src/redis/requester.ts'
import { LOG_APPEND } from '../../../src/redis/scripts/log.ts'
import {
  type CountingTransport,
  countingTransport,
} from '../../../src/testing/counting-transport.ts'
import {
  type CachedMailbox,
  holding,
  makeEmail,
  openCachedMailbox,
  overriding,
  tellingLate,
} from './cached-mailbox.ts'

const NEW = { statuses: ['new'] } as const
const LAG = { lag: '1s' } as const

let mailbox: CachedMailbox
let transport: CountingTransport
/** Another isolate, without copies. */
let writer: CachedEmailRepository
let id: string

beforeEach(async () => {
  mailbox = await openCachedMailbox()
  transport = countingTransport(mailbox.transport)
  writer = mailbox.emails
  id = (await writer.createEmail(makeEmail())).id
})

function open(near: NearMessages): CachedEmailRepository {
  return mailbox.over(mailbox.database, transport, { near })
}

async function readNew(repository: CachedEmailRepository): Promise<readonly Email[]> {
  return (await repository.queryEmails(NEW)).emails
}

/** Requests and commands to Redis, and statements of SQL, with what is done behind the answer. */
async function costOf(call: () => Promise<unknown>): Promise<readonly number[]> {
  await mailbox.turn()
  transport.reset()
  const statements = await mailbox.statementsOf(call)
  await mailbox.turn()
  return [transport.counts.requests, transport.counts.commands, statements]
}

/** Writes in another isolate whose transaction is committed, and which is told only later. */
async function committed(
  changes: Pick<EmailChanges, 'status' | 'isFlagged'>,
): Promise<() => Promise<unknown>> {
  const { repository: slow, tell } = tellingLate(mailbox.database)
  const writing = mailbox.over(slow).updateEmail(id, changes)
  await mailbox.turn()
  return () => {
    tell()
    return writing
  }
}

/** Whether a request appends to the log, after which a look goes in the same one. */
function isAppend({ body }: RedisRequest): boolean {
  return JSON.stringify(body).includes(LOG_APPEND.sha1)
}

describe('lists kept in the process, strict', () => {
  let reader: CachedEmailRepository

  beforeEach(() => {
    reader = open({})
  })

  test('are dropped when another isolate drops all that is cached of the mailbox', async () => {
    // Changed past the repository: nothing but the cleared cache tells of it.
    await readNew(reader)
    await mailbox.database.updateEmail(id, { status: 'completed' })
    const before = await readNew(reader)

    await writer.clearCache()

    expect(before).toHaveLength(1)
    expect(await readNew(reader)).toEqual([])
    expect(await reader.getEmailById(id)).toMatchObject({ status: 'completed' })
  })

  test.each<[string, (emails: CachedEmailRepository) => Promise<unknown>]>([
    ['a page', (emails) => emails.queryEmails(NEW)],
    ['its ids', (emails) => emails.queryEmailIds(NEW)],
    ['a count', (emails) => emails.countEmails(NEW)],
    ['figures', (emails) => emails.getAnalytics()],
    ['a thread', (emails) => emails.getThread('t')],
  ])('%s that was read costs one command, and sees what others have written', async (_, read) => {
    await read(reader)

    expect(await costOf(() => read(reader))).toEqual([1, 1, 0])
    await writer.createEmail(makeEmail({ threadId: 't' }))
    expect(await read(reader)).toEqual(await read(writer))
  })

  test('a message that was written here is among the copies: its lists ask for no message', async () => {
    await readNew(reader)

    expect(await costOf(() => reader.updateEmail(id, { isFlagged: true }))).toEqual([2, 4, 2])
    expect(await costOf(() => readNew(reader))).toEqual([1, 1, 0])
    expect(await readNew(reader)).toMatchObject([{ isFlagged: true }])
    await writer.updateEmail(id, { isRead: true })
    expect(await readNew(reader)).toMatchObject([{ isFlagged: true, isRead: true }])
  })

  test('a page is answered before it is stored', async () => {
    const stuck = mailbox.over(mailbox.database, holding(mailbox.transport, 2), { near: {} })

    expect(await readNew(stuck)).toMatchObject([{ id }])
  })

  test('reads of one tick share one look', async () => {
    await readNew(reader)
    await reader.countEmails(NEW)

    const reads = (): Promise<unknown> =>
      Promise.all([readNew(reader), reader.countEmails(NEW), readNew(reader), readNew(reader)])

    expect(await costOf(reads)).toEqual([1, 1, 0])
  })

  test('a read does not go by a look that had begun before it', async () => {
    const answered = Promise.withResolvers<void>()
    let isHeld = false
    const { transport: inner } = mailbox
    const holding: Transport = {
      kind: inner.kind,
      close: () => inner.close(),
      request: async <Result>(request: RedisRequest) => {
        const mustWait = isHeld
        const answer = await inner.request<Result>(request)
        if (mustWait) await answered.promise
        return answer
      },
    }
    reader = mailbox.over(mailbox.database, holding, { near: {} })
    await readNew(reader)
    isHeld = true
    const early = readNew(reader)
    await mailbox.turn()
    isHeld = false
    await writer.updateEmail(id, { status: 'completed' })

    const late = readNew(reader)
    await mailbox.turn()
    answered.resolve()

    expect(await late).toEqual([])
    await early
  })

  test('what is committed and not yet told is read from SQL', async () => {
    await readNew(reader)
    const tell = await committed({ status: 'completed' })

    expect(await costOf(() => readNew(reader))).toEqual([1, 1, 1])
    expect(await readNew(reader)).toEqual([])
    await tell()
  })

  test('a page is made once, and nobody can change it', async () => {
    await readNew(reader)

    const page = await reader.queryEmails(NEW)

    expect(await reader.queryEmails(NEW)).toBe(page)
    expect(() => (page.emails as Email[]).pop()).toThrow(TypeError)
    await writer.createEmail(makeEmail({ status: 'completed' }))
    expect(await reader.queryEmails(NEW)).toBe(page)
    await writer.updateEmail(id, { isFlagged: true })
    expect(await readNew(reader)).toMatchObject([{ id, isFlagged: true }])
  })

  test('a page that is nowhere takes one statement, and what is warmed is there for others too', async () => {
    const pending = { statuses: ['pending'] } as const
    await mailbox.database.createEmail(makeEmail({ status: 'pending' }))

    expect(await costOf(() => reader.queryEmails(pending))).toEqual([2, 3, 1])
    expect(await mailbox.statementsOf(() => reader.queryEmails(pending))).toBe(0)
    await reader.warmCache({ queries: [pending] })
    const other = open({})
    expect(await mailbox.statementsOf(() => other.queryEmails(pending))).toBe(0)
    expect((await other.queryEmails(pending)).emails).toHaveLength(1)
  })

  test('with Redis away lists are read from SQL', async () => {
    await readNew(reader)
    mailbox.redis.isCut = true
    await mailbox.database.updateEmail(id, { isFlagged: true })

    expect(await readNew(reader)).toMatchObject([{ isFlagged: true }])
  })

  test('no more are kept than were asked for, the ones longest unused leaving first', async () => {
    reader = open({ maxLists: 2 })
    const read = (status: 'new' | 'pending' | 'completed') => (): Promise<unknown> =>
      reader.countEmails({ statuses: [status] })
    await read('new')()
    await read('pending')()
    await read('new')()
    await read('completed')()

    expect(await costOf(read('new'))).toEqual([1, 1, 0])
    expect(await costOf(read('pending'))).toEqual([1, 2, 0])
  })

  test('a log that is lost ends them', async () => {
    await readNew(reader)
    await mailbox.transport.request({ path: [], body: ['FLUSHALL'] })
    await mailbox.database.updateEmail(id, { status: 'completed' })

    expect(await readNew(reader)).toEqual([])
  })

  test('more changes than the log holds are read anew', async () => {
    reader = mailbox.over(mailbox.database, transport, { near: {}, logLength: 16 })
    const busy = mailbox.over(mailbox.database, mailbox.transport, { logLength: 16 })
    await readNew(reader)
    for (let i = 0; i < 20; i++) await busy.updateEmail(id, { isRead: i % 2 === 0 })
    await busy.updateEmail(id, { status: 'completed' })

    expect(await readNew(reader)).toEqual([])
  })
})

describe('lists kept in the process, with a lag', () => {
  let reader: CachedEmailRepository

  beforeEach(async () => {
    reader = open(LAG)
    await readNew(reader)
    await reader.countEmails(NEW)
    await reader.getEmailById(id)
    // The first look for reads of the process.
    await readNew(reader)
  })

  test('within it neither Redis nor SQL is asked', async () => {
    expect(await costOf(() => readNew(reader))).toEqual([0, 0, 0])
    expect(await costOf(() => reader.countEmails(NEW))).toEqual([0, 0, 0])
    expect(await costOf(() => reader.getEmailById(id))).toEqual([0, 0, 0])
    expect(await costOf(() => reader.getEmailsByIds([id]))).toEqual([0, 0, 0])
  })

  test('what others have written is seen when it ends, and not a moment later', async () => {
    await writer.updateEmail(id, { status: 'completed' })

    await mailbox.platform.advance(499)
    expect(await readNew(reader)).toMatchObject([{ status: 'new' }])
    // Nobody has read in the second half, so nothing was renewed behind a read.
    await mailbox.platform.advance(501)

    expect(await readNew(reader)).toEqual([])
    expect(await reader.countEmails(NEW)).toBe(0)
    expect(await reader.getEmailById(id)).toMatchObject({ status: 'completed' })
  })

  test('what was written here is seen at once', async () => {
    await reader.updateEmail(id, { isFlagged: true })
    expect(await readNew(reader)).toMatchObject([{ isFlagged: true }])
    expect(await reader.getEmailById(id)).toMatchObject({ isFlagged: true })

    await reader.updateEmail(id, { status: 'completed' })
    expect(await readNew(reader)).toEqual([])
    expect(await reader.countEmails(NEW)).toBe(0)
    await reader.createEmail(makeEmail())
    expect(await reader.countEmails(NEW)).toBe(1)
  })

  test('a write here looks behind what it tells, so that the reads after it ask nothing', async () => {
    const change = (): Promise<unknown> => reader.updateEmail(id, { isFlagged: true })

    expect(await costOf(change)).toEqual([2, 4, 2])
    expect(await costOf(() => readNew(reader))).toEqual([0, 0, 0])
    expect(await readNew(reader)).toMatchObject([{ isFlagged: true }])
    expect(await costOf(() => reader.createEmail(makeEmail()))).toEqual([2, 4, 3])
    expect(await costOf(() => reader.countEmails(NEW))).toEqual([0, 0, 0])
    expect(await reader.countEmails(NEW)).toBe(2)
  })

  test('a look behind one of two writes at once does not hide the other', async () => {
    const first = Promise.withResolvers<void>()
    let isHeld = true
    const { transport: inner } = mailbox
    const holding: Transport = {
      kind: inner.kind,
      close: () => inner.close(),
      request: async <Result>(request: RedisRequest) => {
        const mustWait = isHeld && JSON.stringify(request.body).includes('first')
        const answer = await inner.request<Result>(request)
        if (mustWait && isAppend(request)) await first.promise
        return answer
      },
    }
    const both = mailbox.over(mailbox.database, holding, { near: LAG })
    await both.countEmails(NEW)
    const slow = both.createEmail(makeEmail({ id: 'first' }))
    await mailbox.turn()
    await both.createEmail(makeEmail({ id: 'second' }))
    isHeld = false
    first.resolve()
    await slow

    expect(await both.countEmails(NEW)).toBe(3)
  })

  test('of two writes of a message at once, what is told last is not kept for the last', async () => {
    const { repository: slow, tell } = tellingLate(mailbox.database)
    const own = mailbox.over(slow, transport, { near: LAG })
    await readNew(own)
    const writing = own.updateEmail(id, { isFlagged: true })
    await mailbox.turn()
    await writer.updateEmail(id, { priority: 'critical' })
    await mailbox.platform.advance(1_000)
    tell()
    await writing

    expect(await readNew(own)).toMatchObject([{ isFlagged: true, priority: 'critical' }])
    expect(await own.getEmailById(id)).toMatchObject({ priority: 'critical' })
  })

  test('what was notified here is seen at once', async () => {
    await mailbox.driver.run('UPDATE emails SET subject = ? WHERE id = ?', ['Mine', id])
    await reader.notifyChanged()

    expect(await readNew(reader)).toMatchObject([{ subject: 'Mine' }])
  })

  test('a write here that failed after it was committed is seen at once', async () => {
    const { database } = mailbox
    const failing = overriding(database, {
      changeEmail: async (of, changes) => {
        await database.changeEmail(of, changes)
        throw new Error('the answer was lost')
      },
    })
    reader = mailbox.over(failing, transport, { near: LAG })
    await readNew(reader)
    await readNew(reader)

    await expect(reader.updateEmail(id, { isFlagged: true })).rejects.toThrow('lost')

    expect(await readNew(reader)).toMatchObject([{ isFlagged: true }])
  })

  test('in its second half the look is renewed behind the read, once', async () => {
    await mailbox.platform.advance(500)

    const reads = async (): Promise<void> => {
      await readNew(reader)
      await readNew(reader)
      await mailbox.turn()
    }

    expect(await costOf(reads)).toEqual([1, 1, 0])
    await mailbox.platform.advance(999)
    expect(await readNew(reader)).toHaveLength(1)
    expect(transport.counts.requests).toBeLessThanOrEqual(2)
  })

  test('a write of another that is not told is seen when the lag ends', async () => {
    const tell = await committed({ status: 'completed' })
    await mailbox.platform.advance(999)
    // The look of this read shows the mark; before, there was none.
    await readNew(reader)
    await mailbox.turn()
    expect(await readNew(reader)).toMatchObject([{ status: 'new' }])

    await mailbox.platform.advance(1)

    expect(await mailbox.statementsOf(() => readNew(reader))).toBe(1)
    expect(await readNew(reader)).toEqual([])
    await tell()
    expect(await readNew(reader)).toEqual([])
  })

  test('of two writes at once a list does not show the later one alone', async () => {
    const tell = await committed({ status: 'completed' })

    const later = await reader.createEmail(makeEmail())

    expect(await readNew(reader)).toMatchObject([{ id: later.id }])
    await tell()
    expect(await readNew(reader)).toMatchObject([{ id: later.id }])
  })

  test('a page is served no longer than the copies of messages it was made of', async () => {
    const unread = { isRead: false } as const
    await writer.queryEmails(unread)
    const tell = await committed({ isFlagged: true })
    await mailbox.platform.advance(900)
    // The list is found in Redis, under a look that shows the mark; the message is the copy.
    expect((await reader.queryEmails(unread)).emails).toMatchObject([{ isFlagged: false }])

    await mailbox.platform.advance(100)

    expect((await reader.queryEmails(unread)).emails).toMatchObject([{ isFlagged: true }])
    await tell()
  })

  test('with Redis away lists are served until the lag ends, and are read from SQL then', async () => {
    mailbox.redis.isCut = true
    await mailbox.database.updateEmail(id, { isFlagged: true })

    expect(await readNew(reader)).toMatchObject([{ isFlagged: false }])
    await mailbox.platform.advance(1_000)
    expect(await readNew(reader)).toMatchObject([{ isFlagged: true }])
  })

  test('what is written here while Redis is away is seen at once', async () => {
    mailbox.redis.isCut = true
    await expect(reader.updateEmail(id, { isFlagged: true })).rejects.toThrow()

    expect(await readNew(reader)).toMatchObject([{ isFlagged: true }])
  })

  test('clearing drops them here', async () => {
    await mailbox.driver.run('UPDATE emails SET subject = ? WHERE id = ?', ['Mine', id])
    await reader.clearCache()

    expect(await readNew(reader)).toMatchObject([{ subject: 'Mine' }])
  })

  test('is refused where it is longer than copies are kept, and out of the bounds of its options', () => {
    const build =
      (near: object): (() => unknown) =>
      () =>
        new Repository({ db: mailbox.driver, near })

    expect(build({ lag: '31s' })).toThrow('near.lag')
    expect(build({ lag: -1 })).toThrow('near.lag')
    expect(build({ lag: '1m', ttl: '1m' })).not.toThrow()
    expect(build({ maxLists: -1 })).toThrow('near.maxLists')
  })
})
