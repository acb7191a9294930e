import { setImmediate } from 'node:timers/promises'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  type CachedEmailRepository,
  DuplicateEmailError,
  type Email,
  type EmailRepository,
} from '../../../src/email/index.ts'
import { RemoteError } from '../../../src/errors.ts'
import { type CachedMailbox, makeEmail, openCachedMailbox } from './cached-mailbox.ts'

describe('CachedEmailRepository under races and failures', () => {
  let mailbox: CachedMailbox
  let emails: CachedEmailRepository

  beforeEach(async () => {
    mailbox = await openCachedMailbox()
    emails = mailbox.emails
  })

  describe('when a list and its messages do not match', () => {
    /** A repository that calls `interrupt` once, between the read of a list and that of its rows. */
    function interrupted(interrupt: () => Promise<unknown>): EmailRepository {
      const inner = mailbox.database
      let isDone = false
      return Object.assign(bound(inner), {
        getEmailsByIds: async (ids: readonly string[]) => {
          if (!isDone) await interrupt()
          isDone = true
          return inner.getEmailsByIds(ids)
        },
      })
    }

    test('because of a write between the two reads, the result shows one state', async () => {
      const kept = await emails.createEmail(makeEmail({ receivedAt: 2 }))
      const moved = await emails.createEmail(makeEmail({ receivedAt: 1 }))
      await emails.clearCache()
      const repository = interrupted(() => emails.updateEmail(moved.id, { status: 'completed' }))
      const reader = mailbox.over(repository)

      const page = await reader.queryEmails({ statuses: ['new'] })

      expect(page.emails).toEqual([kept])
    })

    test('because a message was deleted outside the repository, the list is read again', async () => {
      const kept = await emails.createEmail(makeEmail({ receivedAt: 2 }))
      const gone = await emails.createEmail(makeEmail({ receivedAt: 1 }))
      await emails.clearCache()
      await emails.queryEmailIds({})
      await mailbox.driver.run('DELETE FROM emails WHERE id = ?', [gone.id])

      expect((await emails.queryEmails({})).emails).toEqual([kept])
      expect((await emails.queryEmailIds({})).ids).toEqual([kept.id])
    })

    test('and Redis is lost between the two reads, the result comes from SQL', async () => {
      const { id } = await emails.createEmail(makeEmail())
      const { redis } = mailbox
      await emails.clearCache()
      const repository = interrupted(async () => {
        await emails.updateEmail(id, { status: 'completed' })
        redis.isCut = true
      })
      const reader = mailbox.over(repository)

      await expect(reader.queryEmails({ statuses: ['new'] })).resolves.toEqual({ emails: [] })
    })
  })

  describe('while Redis is unreachable', () => {
    test('reads use SQL', async () => {
      const { id } = await emails.createEmail(makeEmail())
      mailbox.redis.isCut = true

      expect(await emails.getEmailById(id)).toMatchObject({ id })
      expect((await emails.queryEmails({})).emails).toMatchObject([{ id }])
    })

    test('a change rejects with the error of the cache; after a retry, lists are right', async () => {
      const { id } = await emails.createEmail(makeEmail())
      await emails.queryEmails({ statuses: ['new'] })

      mailbox.redis.isCut = true
      const change = emails.updateEmail(id, { status: 'completed' })
      await expect(change).rejects.toBeInstanceOf(RemoteError)
      mailbox.redis.isCut = false
      await emails.updateEmail(id, { status: 'completed' })

      expect((await emails.queryEmails({ statuses: ['new'] })).emails).toEqual([])
    })

    test('a retried createEmail rejects with DuplicateEmailError, and lists are right', async () => {
      await emails.queryEmails({})
      await mailbox.turn()

      mailbox.redis.isCut = true
      const first = emails.createEmail(makeEmail({ id: 'one' }))
      await expect(first).rejects.toBeInstanceOf(RemoteError)
      mailbox.redis.isCut = false
      const again = emails.createEmail(makeEmail({ id: 'one' }))
      await expect(again).rejects.toBeInstanceOf(DuplicateEmailError)

      expect((await emails.queryEmails({})).emails).toMatchObject([{ id: 'one' }])
    })
  })

  test('a write that failed after its commit is visible in lists', async () => {
    const { id } = await emails.createEmail(makeEmail())
    await emails.queryEmails({ isRead: false })
    const lost = new Error('connection lost')
    const repository: EmailRepository = Object.create(mailbox.database, {
      changeEmail: {
        value: async (...args: Parameters<EmailRepository['changeEmail']>) => {
          await mailbox.database.changeEmail(...args)
          throw lost
        },
      },
    })
    const writer = mailbox.over(repository)

    await expect(writer.updateEmail(id, { isRead: true })).rejects.toBe(lost)

    expect((await emails.queryEmails({ isRead: false })).emails).toEqual([])
  })

  test('concurrent reads and writes never return a message in a list it has left', async () => {
    const stored: Email[] = []
    for (let i = 0; i < 6; i++) stored.push(await emails.createEmail(makeEmail({ receivedAt: i })))
    const statuses = ['new', 'in_progress', 'completed'] as const
    let round = 0
    let isOver = false
    const read = async (): Promise<void> => {
      while (!isOver) {
        for (const status of statuses) {
          const { emails: page } = await emails.queryEmails({ statuses: [status] })
          for (const email of page) expect(email.status).toBe(status)
        }
        const all = await emails.queryEmails({})
        expect(all.emails).toHaveLength(stored.length)
        // A hit in the embedded engine takes no turn of the event loop; without this, readers would block it.
        await setImmediate()
      }
    }
    const write = async (): Promise<void> => {
      for (; round < 60; round++) {
        const { id } = stored[round % stored.length] as Email
        const status = statuses[round % statuses.length] as (typeof statuses)[number]
        await emails.updateEmail(id, { status })
        const { emails: page } = await emails.queryEmails({ statuses: [status] })
        expect(page.map((email) => email.id)).toContain(id)
      }
    }
    const writing = write().finally(() => {
      isOver = true
    })

    // Readers of a message that is being written wait on the manual clock.
    const pass = async (): Promise<void> => {
      while (!isOver) await mailbox.platform.advance(10)
    }

    await Promise.all([read(), read(), writing, pass()])

    expect(round).toBe(60)
  })
})

/** An object with the methods of a repository, bound to it, some of which a test replaces. */
function bound(inner: EmailRepository): EmailRepository {
  const names = Object.getOwnPropertyNames(Object.getPrototypeOf(inner))
  const methods = names.filter((name) => name !== 'constructor')
  return Object.fromEntries(
    methods.map((name) => [name, Reflect.get(inner, name).bind(inner)]),
  ) as unknown as EmailRepository
}
