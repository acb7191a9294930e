import { beforeEach, describe, expect, test } from 'vitest'
import type { CachedEmailRepository, Email, NearMessages } from '../../../src/email/index.ts'
import { CachedEmailRepository as Repository } from '../../../src/email/index.ts'
import { InvalidOptionError } from '../../../src/errors.ts'
import type { RedisRequest, Transport } from '../../../src/redis/requester.ts'
import {
  type CachedMailbox,
  makeEmail,
  openCachedMailbox,
  overriding,
  tellingLate,
} from './cached-mailbox.ts'

const NEW = { statuses: ['new'] } as const

describe('near copies of messages', () => {
  let mailbox: CachedMailbox
  /** A repository of another isolate, without near copies. */
  let writer: CachedEmailRepository
  let reader: CachedEmailRepository
  let requests: number

  beforeEach(async () => {
    mailbox = await openCachedMailbox()
    writer = mailbox.emails
    requests = 0
    reader = open({})
  })

  function open(near: NearMessages): CachedEmailRepository {
    const { transport } = mailbox
    const counted: Transport = {
      kind: transport.kind,
      close: () => transport.close(),
      request: <Result>(request: RedisRequest) => {
        requests++
        return transport.request<Result>(request)
      },
    }
    return mailbox.over(mailbox.database, counted, { near })
  }

  async function readNew(repository: CachedEmailRepository = reader): Promise<readonly Email[]> {
    return (await repository.queryEmails(NEW)).emails
  }

  async function requestsOf(run: () => Promise<unknown>): Promise<number> {
    await mailbox.turn()
    const before = requests
    await run()
    await mailbox.turn()
    return requests - before
  }

  test('a cached list takes one request and no SQL', async () => {
    await writer.createEmail(makeEmail())
    const first = await readNew()

    expect(await requestsOf(readNew)).toBe(1)
    expect(await mailbox.statementsOf(readNew)).toBe(0)
    expect(await readNew()).toEqual(first)
  })

  test('every write of another isolate is visible at once, also of fields that lists do not compare', async () => {
    const { id } = await writer.createEmail(makeEmail())
    await readNew()

    await writer.updateEmail(id, { isRead: true })

    expect((await readNew()).map(({ isRead }) => isRead)).toEqual([true])
    await writer.storeEmailEntities(id, [{ type: 'person', value: 'Ada', confidence: 1 }])
    expect((await readNew()).map(({ entities }) => entities.length)).toEqual([1])
    await writer.bulkUpdate([id], { isFlagged: true })
    expect((await readNew()).map(({ isFlagged }) => isFlagged)).toEqual([true])
    await writer.deleteEmail(id)
    expect(await readNew()).toEqual([])
  })

  test('a committed write that is not yet reported is visible', async () => {
    const { id } = await writer.createEmail(makeEmail())
    await readNew()
    const { repository: slow, tell } = tellingLate(mailbox.database)
    const writing = mailbox.over(slow).updateEmail(id, { isRead: true })
    await mailbox.turn()

    const reading = readNew()
    await mailbox.turn()
    // The reader waits for the lease of the writer, at most until it expires.
    await mailbox.platform.advance(10_000)
    expect((await reading).map(({ isRead }) => isRead)).toEqual([true])
    tell()
    await writing
    expect((await readNew()).map(({ isRead }) => isRead)).toEqual([true])
  })

  test('a write that failed after its commit is visible', async () => {
    const { id } = await writer.createEmail(makeEmail())
    await readNew()
    const { database } = mailbox
    const failing = overriding(database, {
      changeEmail: async (of, changes) => {
        await database.changeEmail(of, changes)
        throw new Error('the answer was lost')
      },
    })

    await expect(mailbox.over(failing).updateEmail(id, { isRead: true })).rejects.toThrow('lost')

    expect((await readNew()).map(({ isRead }) => isRead)).toEqual([true])
  })

  test('a change made outside the repository is visible after notifyChanged', async () => {
    const { id } = await writer.createEmail(makeEmail())
    await readNew()
    const change = (): Promise<unknown> =>
      mailbox.driver.run('UPDATE emails SET subject = subject || 1 WHERE id = ?', [id])

    await change()
    await writer.notifyChanged({ ids: [id] })
    expect((await readNew()).map(({ subject }) => subject)).toEqual(['Order1'])
    await change()
    await writer.notifyChanged()
    expect((await readNew()).map(({ subject }) => subject)).toEqual(['Order11'])
  })

  test('clearCache drops the near copies at once, called here or in another isolate', async () => {
    const { id } = await writer.createEmail(makeEmail())
    await readNew()
    const change = (): Promise<unknown> =>
      mailbox.driver.run('UPDATE emails SET subject = subject || 1 WHERE id = ?', [id])

    await change()
    await writer.clearCache()
    expect((await readNew()).map(({ subject }) => subject)).toEqual(['Order1'])
    await change()
    await reader.clearCache()
    expect((await readNew()).map(({ subject }) => subject)).toEqual(['Order11'])
  })

  test('a reader cannot change a message that others get', async () => {
    await writer.createEmail(makeEmail({ categories: ['a'] }))
    const [email] = await readNew()
    const categories = (email?.categories ?? []) as string[]

    expect(() => Object.assign(email ?? {}, { subject: 'Mine' })).toThrow(TypeError)
    expect(() => categories.push('b')).toThrow(TypeError)
    expect((await readNew()).map((one) => [one.subject, one.categories])).toEqual([
      ['Order', ['a']],
    ])
  })

  test('no more than maxMessages are kept; the oldest is evicted first', async () => {
    await writer.createEmail(makeEmail())
    await writer.createEmail(makeEmail({ status: 'pending' }))
    reader = open({ maxMessages: 1, maxLists: 0 })
    const readPending = (): Promise<unknown> => reader.queryEmails({ statuses: ['pending'] })
    await readNew()
    await readPending()

    expect(await requestsOf(readPending)).toBe(1)
    expect(await requestsOf(readNew)).toBe(2)
  })

  test('a recently used message is not evicted', async () => {
    const statuses = ['new', 'pending', 'completed'] as const
    for (const status of statuses) await writer.createEmail(makeEmail({ status }))
    reader = open({ maxMessages: 2, maxLists: 0 })
    const read = (status: (typeof statuses)[number]) => (): Promise<unknown> =>
      reader.queryEmails({ statuses: [status] })
    for (const status of ['new', 'pending', 'new', 'completed'] as const) await read(status)()

    expect(await requestsOf(read('new'))).toBe(1)
    expect(await requestsOf(read('completed'))).toBe(1)
    expect(await requestsOf(read('pending'))).toBe(2)
  })

  test('the option is refused without strict consistency, and with values out of range', () => {
    const build =
      (options: object): (() => unknown) =>
      () =>
        new Repository({ db: mailbox.driver, ...options })

    expect(build({ near: {}, consistency: 'eventual' })).toThrow(InvalidOptionError)
    expect(build({ near: { maxMessages: 0 } })).toThrow('near.maxMessages')
    expect(build({ near: { ttl: '2h' } })).toThrow('near.ttl')
  })
})
