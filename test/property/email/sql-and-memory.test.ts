import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EmailConditions, EmailFilter } from '../../../src/email/conditions.ts'
import type { Email } from '../../../src/email/email.ts'
import { canonicalize, canonicalizeFilter, type EmailQuery } from '../../../src/email/filter.ts'
import { isAfterStart, matchesFilter } from '../../../src/email/match.ts'
import { compareInOrder } from '../../../src/email/order.ts'
import { SqlEmailRepository } from '../../../src/email/sql-email-repository.ts'
import { type OpenDatabase, openD1, openNodeSqlite } from '../../contract/email/databases.ts'
import { amount } from '../../support/deep.ts'
import { found } from '../../support/findings.ts'
import { emails, queries, workflows } from './arbitraries.ts'

const MESSAGES = 120
/** D1 takes some milliseconds per statement. */
const TIMEOUT_MS = amount(60_000, 600_000)

/** The correct answer to a query, found by checking every message. */
function answerOf(mailbox: readonly Email[], query: EmailQuery): readonly Email[] {
  const canonical = canonicalize(query)
  const { limit, offset = 0, order } = canonical
  return mailbox
    .filter((email) => matchesFilter(email, canonical) && isAfterStart(email, canonical))
    .sort((a, b) => compareInOrder(a, b, order))
    .slice(offset, offset + limit)
}

/** The conditions as documented, checked one by one; shares no code with the canonical form. */
function meets(email: Email, asked: EmailConditions): boolean {
  const { dateRange, recipients, categories, search, ...rest } = asked
  const addresses = [...email.recipients, ...email.cc, ...email.bcc].map(({ address }) => address)
  const among = (list: readonly string[] | undefined, values: readonly string[]) =>
    list === undefined || list.some((wanted) => values.includes(wanted.toLowerCase()))
  const lists: [readonly unknown[] | undefined, unknown][] = [
    [rest.statuses, email.status],
    [rest.priorities, email.priority],
    [rest.workflowStates, email.workflowState],
    [rest.workflowTypes, email.workflowType],
    [rest.senderEmails?.map((address) => address.toLowerCase()), email.senderEmail],
  ]
  const single: [unknown, unknown][] = [
    [rest.workflowChainId, email.workflowChainId],
    [rest.assignedTo, email.assignedTo],
    [rest.hasAttachments, email.hasAttachments],
    [rest.isRead, email.isRead],
    [rest.isFlagged, email.isFlagged],
    [rest.threadId, email.threadId],
    [rest.conversationId, email.conversationId],
  ]
  return (
    lists.every(([list, value]) => list === undefined || list.includes(value)) &&
    single.every(([wanted, value]) => wanted === undefined || wanted === value) &&
    Number(dateRange?.start ?? -Infinity) <= email.receivedAt &&
    Number(dateRange?.end ?? Infinity) >= email.receivedAt &&
    among(recipients, addresses) &&
    (categories === undefined || categories.some((name) => email.categories.includes(name))) &&
    // A search alone has one branch, whose words the other property compares with the index.
    (search === undefined || matchesFilter(email, canonicalizeFilter({ search })))
  )
}

function matchesAsDocumented(email: Email, { anyOf, ...common }: EmailFilter): boolean {
  return (
    meets(email, common) && (anyOf === undefined || anyOf.some((branch) => meets(email, branch)))
  )
}

function filterOf(query: EmailQuery): EmailFilter {
  const { orderBy, direction, limit, cursor, offset, total, ...filter } = query
  return filter
}

describe.each([
  { name: 'node:sqlite', open: openNodeSqlite, numRuns: amount(250, 5_000) },
  { name: 'D1', open: openD1, numRuns: amount(20, 400) },
])('a query on $name', { timeout: TIMEOUT_MS }, ({ name, open, numRuns }) => {
  let database: OpenDatabase
  let repository: SqlEmailRepository
  let mailbox: Email[]

  beforeAll(async () => {
    database = await open()
    repository = new SqlEmailRepository({ db: database.db })
    const inputs = fc.sample(fc.tuple(emails, workflows), { numRuns: MESSAGES, seed: 5 })
    const { created } = await repository.batchCreate(inputs.map(([email]) => email))
    const states = inputs.map(([, state]) => state)
    for (const [index, state] of states.slice(0, 12).entries()) {
      const ids = created.filter((_, place) => place % 12 === index).map(({ id }) => id)
      await repository.bulkUpdate(ids, state)
    }
    mailbox = [...(await repository.getEmailsByIds(created.map(({ id }) => id))).values()]
  }, TIMEOUT_MS)
  afterAll(() => database.close())

  test('gives the same answer in SQL as in memory, page by page, with order and total', async ({
    task,
  }) => {
    const counts = { run: 0, pages: 0, messages: 0, violations: 0 }
    const property = fc.asyncProperty(queries, async (query) => {
      counts.run += 1
      let asked = query
      for (let pages = 0; pages < 3; pages++) {
        const page = await repository.queryEmails(asked)
        const { ids, nextCursor } = await repository.queryEmailIds(asked)
        const expected = answerOf(mailbox, asked)
        expect(page.emails).toEqual(expected)
        expect(ids).toEqual(expected.map(({ id }) => id))
        expect(nextCursor).toBe(page.nextCursor)
        counts.pages += 1
        counts.messages += ids.length
        const count = mailbox.filter((email) => matchesFilter(email, canonicalize(query))).length
        expect(page.total).toBe(query.total ? count : undefined)
        expect(nextCursor !== undefined).toBe(
          answerOf(mailbox, { ...asked, limit: 1_000 }).length > expected.length,
        )
        if (nextCursor === undefined) break
        asked = { ...query, offset: 0, cursor: nextCursor }
      }
    })
    const outcome = await fc.check(property, { numRuns })

    counts.violations = Number(outcome.failed)
    found(task, `queries on ${name}, SQL against memory`, counts)
    if (outcome.failed) throw new Error(fc.defaultReportMessage(outcome))
    expect(counts.messages).toBeGreaterThan(counts.run)
  })

  test('counts what matches', async () => {
    const property = fc.asyncProperty(queries, async (query) => {
      const filter = filterOf(query)
      const expected = mailbox.filter((email) => matchesAsDocumented(email, filter))
      expect(await repository.countEmails(filter)).toBe(expected.length)
    })

    await fc.assert(property, { numRuns: Math.ceil(numRuns / 3) })
  })

  test('has the same meaning in its canonical form', () => {
    const property = fc.property(queries, (query) => {
      const filter = filterOf(query)
      const canonical = canonicalizeFilter(filter)
      for (const email of mailbox) {
        expect(matchesFilter(email, canonical)).toBe(matchesAsDocumented(email, filter))
      }
    })

    fc.assert(property, { numRuns: Math.ceil(numRuns / 3) })
  })
})
