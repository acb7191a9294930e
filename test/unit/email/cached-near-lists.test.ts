import { beforeEach, describe, expect, test } from 'vitest'
import {
  type CachedEmailRepository,
  type Email,
  type EmailChanges,
  type NearMessages,
  CachedEmailRepository as Repository,
  type Workload,
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
/** A repository of another isolate, without near copies. */
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

/** Redis requests, Redis commands and SQL statements of a call, including work after its answer. */
async function costOf(call: () => Promise<unknown>): Promise<readonly number[]> {
  await mailbox.turn()
  transport.reset()
  const statements = await mailbox.statementsOf(call)
  await mailbox.turn()
  return [transport.counts.requests, transport.counts.commands, statements]
}

/** Commits a write of another isolate, which is reported only when the returned function is called. */
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

/** A transport that keeps the answers to requests sent between `hold` and `pass` until `arrive`. */
function holdingAnswers(inner: Transport): {
  readonly transport: Transport
  hold(): { pass(): void; arrive(): void }
} {
  let held: Promise<void> | undefined
  const request = async <Result>(sent: RedisRequest) => {
    const until = held
    const answer = await inner.request<Result>(sent)
    await until
    return answer
  }
  const hold = () => {
    const { promise, resolve: arrive } = Promise.withResolvers<void>()
    held = promise
    return {
      pass: () => {
        held = undefined
      },
      arrive,
    }
  }
  return { transport: { kind: inner.kind, close: () => inner.close(), request }, hold }
}

/** Whether a request appends to the log; the read of the log after it is in the same request. */
function isAppend({ body }: RedisRequest): boolean {
  return JSON.stringify(body).includes(LOG_APPEND.sha1)
}

describe('near copies of lists, strict', () => {
  let reader: CachedEmailRepository

  beforeEach(() => {
    reader = open({})
  })

  test('are dropped by clearCache of another isolate', async () => {
    // Changed outside the repository: only the cleared cache reveals it.
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
    ['the ids of a list', (emails) => emails.queryEmailIds(NEW)],
    ['a count', (emails) => emails.countEmails(NEW)],
    ['analytics', (emails) => emails.getAnalytics()],
    ['a thread', (emails) => emails.getThread('t')],
  ])('%s takes one command when cached, and shows writes of other isolates', async (_, read) => {
    await read(reader)

    expect(await costOf(() => read(reader))).toEqual([1, 1, 0])
    await writer.createEmail(makeEmail({ threadId: 't' }))
    expect(await read(reader)).toEqual(await read(writer))
  })

  test('a message written here has a near copy, so its lists need no message from Redis', async () => {
    await readNew(reader)

    expect(await costOf(() => reader.updateEmail(id, { isFlagged: true }))).toEqual([2, 4, 2])
    expect(await costOf(() => readNew(reader))).toEqual([1, 1, 0])
    expect(await readNew(reader)).toMatchObject([{ isFlagged: true }])
    await writer.updateEmail(id, { isRead: true })
    expect(await readNew(reader)).toMatchObject([{ isFlagged: true, isRead: true }])
  })

  test('a page is returned before it is stored', async () => {
    const stuck = mailbox.over(mailbox.database, holding(mailbox.transport, 2), { near: {} })

    expect(await readNew(stuck)).toMatchObject([{ id }])
  })

  test('reads of one tick share one read of the log', async () => {
    await readNew(reader)
    await reader.countEmails(NEW)

    const reads = (): Promise<unknown> =>
      Promise.all([readNew(reader), reader.countEmails(NEW), readNew(reader), readNew(reader)])

    expect(await costOf(reads)).toEqual([1, 1, 0])
  })

  test('a read does not use a read of the log that began before it', async () => {
    const { transport: held, hold } = holdingAnswers(mailbox.transport)
    reader = mailbox.over(mailbox.database, held, { near: {} })
    await readNew(reader)
    const answer = hold()
    const early = readNew(reader)
    await mailbox.turn()
    answer.pass()
    await writer.updateEmail(id, { status: 'completed' })

    const late = readNew(reader)
    await mailbox.turn()
    answer.arrive()

    expect(await late).toEqual([])
    await early
  })

  test('a list with a committed write that is not yet reported is read from SQL', async () => {
    await readNew(reader)
    const tell = await committed({ status: 'completed' })

    expect(await costOf(() => readNew(reader))).toEqual([1, 1, 1])
    expect(await readNew(reader)).toEqual([])
    await tell()
  })

  test('callers share one page object, which none of them can change', async () => {
    await readNew(reader)

    const page = await reader.queryEmails(NEW)

    expect(await reader.queryEmails(NEW)).toBe(page)
    expect(() => (page.emails as Email[]).pop()).toThrow(TypeError)
    await writer.createEmail(makeEmail({ status: 'completed' }))
    expect(await reader.queryEmails(NEW)).toBe(page)
    await writer.updateEmail(id, { isFlagged: true })
    expect(await readNew(reader)).toMatchObject([{ id, isFlagged: true }])
  })

  test('nobody can change the figures and the keys that others get', async () => {
    await writer.updateEmail(id, { assignedTo: 'ada' })
    const read = async () => [await reader.getAnalytics(), (await reader.queryEmailIds(NEW)).keys]
    await read()
    const truth = structuredClone(await read())

    const { byStatus, workload } = await reader.getAnalytics()
    expect(() => Object.assign(byStatus, { new: 9 })).toThrow(TypeError)
    expect(() => (workload as Workload[]).pop()).toThrow(TypeError)
    expect(() => Object.assign(workload[0] ?? {}, { openCount: 9 })).toThrow(TypeError)
    Object.assign((await reader.queryEmailIds(NEW)).keys[0] ?? [], [9])

    expect(await read()).toEqual(truth)
  })

  test('a page that is not cached takes one statement, and a warmed page is cached for other isolates', async () => {
    const pending = { statuses: ['pending'] } as const
    await mailbox.database.createEmail(makeEmail({ status: 'pending' }))

    expect(await costOf(() => reader.queryEmails(pending))).toEqual([2, 3, 1])
    expect(await mailbox.statementsOf(() => reader.queryEmails(pending))).toBe(0)
    await reader.warmCache({ queries: [pending] })
    const other = open({})
    expect(await mailbox.statementsOf(() => other.queryEmails(pending))).toBe(0)
    expect((await other.queryEmails(pending)).emails).toHaveLength(1)
  })

  test('while Redis is unreachable, lists are read from SQL', async () => {
    await readNew(reader)
    mailbox.redis.isCut = true
    await mailbox.database.updateEmail(id, { isFlagged: true })

    expect(await readNew(reader)).toMatchObject([{ isFlagged: true }])
  })

  test('no more than maxLists are kept; the least recently used is evicted first', async () => {
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

  test('are not used after the log is lost', async () => {
    await readNew(reader)
    await mailbox.transport.request({ path: [], body: ['FLUSHALL'] })
    await mailbox.database.updateEmail(id, { status: 'completed' })

    expect(await readNew(reader)).toEqual([])
  })

  test('after more changes than the log holds, a list is read from SQL', async () => {
    reader = mailbox.over(mailbox.database, transport, { near: {}, logLength: 16 })
    const busy = mailbox.over(mailbox.database, mailbox.transport, { logLength: 16 })
    await readNew(reader)
    for (let i = 0; i < 20; i++) await busy.updateEmail(id, { isRead: i % 2 === 0 })
    await busy.updateEmail(id, { status: 'completed' })

    expect(await readNew(reader)).toEqual([])
  })
})

describe('near copies of lists, with a lag', () => {
  let reader: CachedEmailRepository

  beforeEach(async () => {
    reader = open(LAG)
    await readNew(reader)
    await reader.countEmails(NEW)
    await reader.getEmailById(id)
    // The first read of the log for the near copies.
    await readNew(reader)
  })

  test('within the lag, reads use neither Redis nor SQL', async () => {
    expect(await costOf(() => readNew(reader))).toEqual([0, 0, 0])
    expect(await costOf(() => reader.countEmails(NEW))).toEqual([0, 0, 0])
    expect(await costOf(() => reader.getEmailById(id))).toEqual([0, 0, 0])
    expect(await costOf(() => reader.getEmailsByIds([id]))).toEqual([0, 0, 0])
  })

  test('writes of other isolates are visible when the lag ends', async () => {
    await writer.updateEmail(id, { status: 'completed' })

    await mailbox.platform.advance(499)
    expect(await readNew(reader)).toMatchObject([{ status: 'new' }])
    // No read came in the second half of the lag, so nothing was renewed in the background.
    await mailbox.platform.advance(501)

    expect(await readNew(reader)).toEqual([])
    expect(await reader.countEmails(NEW)).toBe(0)
    expect(await reader.getEmailById(id)).toMatchObject({ status: 'completed' })
  })

  test('writes made here are visible at once', async () => {
    await reader.updateEmail(id, { isFlagged: true })
    expect(await readNew(reader)).toMatchObject([{ isFlagged: true }])
    expect(await reader.getEmailById(id)).toMatchObject({ isFlagged: true })

    await reader.updateEmail(id, { status: 'completed' })
    expect(await readNew(reader)).toEqual([])
    expect(await reader.countEmails(NEW)).toBe(0)
    await reader.createEmail(makeEmail())
    expect(await reader.countEmails(NEW)).toBe(1)
  })

  test('a write made here also reads the log, so the reads after it take no request', async () => {
    const change = (): Promise<unknown> => reader.updateEmail(id, { isFlagged: true })

    expect(await costOf(change)).toEqual([2, 4, 2])
    expect(await costOf(() => readNew(reader))).toEqual([0, 0, 0])
    expect(await readNew(reader)).toMatchObject([{ isFlagged: true }])
    expect(await costOf(() => reader.createEmail(makeEmail()))).toEqual([2, 4, 3])
    expect(await costOf(() => reader.countEmails(NEW))).toEqual([0, 0, 0])
    expect(await reader.countEmails(NEW)).toBe(2)
  })

  test('the log read by one of two concurrent writes does not hide the other write', async () => {
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

  test('with two concurrent writes of a message, the last commit is kept, not the last report', async () => {
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

  test('a change reported here with notifyChanged is visible at once', async () => {
    await mailbox.driver.run('UPDATE emails SET subject = ? WHERE id = ?', ['Mine', id])
    await reader.notifyChanged()

    expect(await readNew(reader)).toMatchObject([{ subject: 'Mine' }])
  })

  test('a write made here that failed after its commit is visible at once', async () => {
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

  test('in the second half of the lag, a read renews the log in the background, once', async () => {
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

  test('an unreported write of another isolate is visible when the lag ends', async () => {
    const tell = await committed({ status: 'completed' })
    await mailbox.platform.advance(999)
    // This read renews the log in the background, which then has the mark; before, it had none.
    await readNew(reader)
    await mailbox.turn()
    expect(await readNew(reader)).toMatchObject([{ status: 'new' }])

    await mailbox.platform.advance(1)

    expect(await mailbox.statementsOf(() => readNew(reader))).toBe(1)
    expect(await readNew(reader)).toEqual([])
    await tell()
    expect(await readNew(reader)).toEqual([])
  })

  test('a list does not show the later of two concurrent writes alone', async () => {
    const tell = await committed({ status: 'completed' })

    const later = await reader.createEmail(makeEmail())

    expect(await readNew(reader)).toMatchObject([{ id: later.id }])
    await tell()
    expect(await readNew(reader)).toMatchObject([{ id: later.id }])
  })

  test('a look whose answer comes late does not hide a write that a later look shows', async () => {
    const { transport: inner, platform } = mailbox
    const { transport: held, hold } = holdingAnswers(inner)
    reader = mailbox.over(mailbox.database, held, { near: LAG })
    await readNew(reader)
    await platform.advance(1_000)
    const answer = hold()
    const early = readNew(reader)
    await mailbox.turn()
    answer.pass()
    const tell = await committed({ status: 'completed' })
    const later = await writer.createEmail(makeEmail())
    expect(await readNew(reader)).toMatchObject([{ id: later.id }])

    answer.arrive()

    expect(await early).toMatchObject([{ id: later.id }])
    expect(await readNew(reader)).toMatchObject([{ id: later.id }])
    await tell()
  })

  test('a page is served no longer than the near copies of its messages', async () => {
    const unread = { isRead: false } as const
    await writer.queryEmails(unread)
    const tell = await committed({ isFlagged: true })
    await mailbox.platform.advance(900)
    // The list comes from Redis, with a log that has the mark; the message is the near copy.
    expect((await reader.queryEmails(unread)).emails).toMatchObject([{ isFlagged: false }])

    await mailbox.platform.advance(100)

    expect((await reader.queryEmails(unread)).emails).toMatchObject([{ isFlagged: true }])
    await tell()
  })

  test('while Redis is unreachable, lists are served until the lag ends, then read from SQL', async () => {
    mailbox.redis.isCut = true
    await mailbox.database.updateEmail(id, { isFlagged: true })

    expect(await readNew(reader)).toMatchObject([{ isFlagged: false }])
    await mailbox.platform.advance(1_000)
    expect(await readNew(reader)).toMatchObject([{ isFlagged: true }])
  })

  test('a write made here while Redis is unreachable is visible at once', async () => {
    mailbox.redis.isCut = true
    await expect(reader.updateEmail(id, { isFlagged: true })).rejects.toThrow()

    expect(await readNew(reader)).toMatchObject([{ isFlagged: true }])
  })

  test('clearCache drops the near copies here', async () => {
    await mailbox.driver.run('UPDATE emails SET subject = ? WHERE id = ?', ['Mine', id])
    await reader.clearCache()

    expect(await readNew(reader)).toMatchObject([{ subject: 'Mine' }])
  })

  test('a lag longer than the ttl of the copies is refused, and options out of range', () => {
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
