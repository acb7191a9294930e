import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { generateMailbox } from '../../../scripts/mailbox/generate.ts'
import { loadEmails } from '../../../scripts/mailbox/load.ts'
import { queryOracle } from '../../../scripts/mailbox/oracle.ts'
import { type Email, type NewEmail, PRIORITIES, STATUSES } from '../../../src/email/email.ts'
import { parseNewEmail } from '../../../src/email/email-input.ts'
import type { EmailQuery } from '../../../src/email/filter.ts'
import { SqlEmailRepository } from '../../../src/email/sql-email-repository.ts'
import { type OpenDatabase, openD1, openNodeSqlite } from './databases.ts'

const NOW = Date.UTC(2026, 10, 20, 12)
const DAY_MS = 86_400_000

/** Each message three times at the same instant, so that many pages end within a tie. */
function withTies(mailbox: readonly (NewEmail & { id: string })[]): NewEmail[] {
  return mailbox.flatMap((email) => [
    email,
    ...['é', '\u{1f4e6}'].map((suffix) => ({
      ...email,
      id: email.id + suffix,
      graphId: null,
      messageId: null,
    })),
  ])
}

const mailbox: readonly Email[] = withTies(generateMailbox({ seed: 11, count: 400, now: NOW })).map(
  (email) => parseNewEmail(email, { id: '', now: NOW }),
)
const SENDERS = [...new Set(mailbox.map((email) => email.senderEmail))]
const ASSIGNEES = [...new Set(mailbox.map((email) => email.assignedTo))]
const THREADS = [...new Set(mailbox.flatMap((email) => email.threadId ?? []))]

const oneOrMore = <T>(values: readonly T[], maxLength = values.length) =>
  fc.array(fc.constantFrom(...values), { minLength: 1, maxLength })

/** An instant of the mailbox, one next to it, or any in its range. */
const instant = fc.oneof(
  fc
    .tuple(fc.constantFrom(...mailbox), fc.integer({ min: -1, max: 1 }))
    .map(([email, offset]) => email.receivedAt + offset),
  fc.integer({ min: NOW - 600 * DAY_MS, max: NOW }),
)
const asInstant = instant.chain((ms) =>
  fc.constantFrom<(number | string | Date)[]>(ms, new Date(ms), new Date(ms).toISOString()),
)
const dateRange = fc
  .oneof(
    fc.record({ start: asInstant }),
    fc.record({ end: asInstant }),
    fc.record({ start: asInstant, end: asInstant }),
  )
  .filter(
    (range) =>
      !('start' in range && 'end' in range) || +new Date(range.start) <= +new Date(range.end),
  )

const query: fc.Arbitrary<EmailQuery> = fc.record(
  {
    statuses: oneOrMore(STATUSES),
    priorities: oneOrMore(PRIORITIES),
    senderEmails: oneOrMore([...SENDERS, 'nobody@absent.example'], 120).map((senders) =>
      senders.map((sender, index) => (index % 2 ? sender : ` ${sender.toUpperCase()} `)),
    ),
    assignedTo: fc.constantFrom(...ASSIGNEES, 'nobody'),
    dateRange,
    isRead: fc.boolean(),
    threadId: fc.constantFrom(...THREADS, 'no-thread'),
    limit: fc.oneof(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 1_000 })),
  },
  { requiredKeys: [] },
)

describe.each([
  { name: 'node:sqlite', open: openNodeSqlite, numRuns: 300 },
  { name: 'D1', open: openD1, numRuns: 25 },
])('SqlEmailRepository on $name', ({ open, numRuns }) => {
  let database: OpenDatabase
  let repository: SqlEmailRepository

  beforeAll(async () => {
    database = await open()
    repository = new SqlEmailRepository({ db: database.db })
    await loadEmails(database.driver, generateInputs(), { now: NOW })
  })
  afterAll(() => database.close())

  test('returns the same page for any query as a check of every message', async () => {
    await fc.assert(
      fc.asyncProperty(query, async (filter) => {
        let asked = filter
        for (let pages = 0; pages < 4; pages++) {
          const { emails, nextCursor } = await repository.queryEmails(asked)
          expect(emails).toEqual(queryOracle(mailbox, asked))
          if (nextCursor === undefined) return expectLast(emails, asked)
          asked = { ...filter, cursor: nextCursor }
        }
      }),
      { numRuns },
    )
  })

  test('returns pages that, joined, are the whole list of any query', async () => {
    await fc.assert(
      fc.asyncProperty(query, async ({ limit: _, ...filter }) => {
        const ids: string[] = []
        let cursor: string | undefined
        do {
          const page = await repository.queryEmailIds({ ...filter, limit: 97, cursor })
          ids.push(...page.ids)
          cursor = page.nextCursor
        } while (cursor !== undefined)

        const whole = queryOracle(mailbox, { ...filter, limit: mailbox.length })
        expect(ids).toEqual(whole.map(({ id }) => id))
      }),
      { numRuns: Math.ceil(numRuns / 5) },
    )
  })
})

function expectLast(emails: readonly Email[], asked: EmailQuery): void {
  const last = emails.at(-1)
  if (last === undefined) return
  const after = queryOracle(mailbox, { ...asked, limit: (asked.limit ?? 50) + 1 })
  expect(after).toHaveLength(emails.length)
}

function generateInputs(): NewEmail[] {
  return withTies(generateMailbox({ seed: 11, count: 400, now: NOW }))
}
