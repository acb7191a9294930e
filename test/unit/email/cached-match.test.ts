import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { generateMailbox } from '../../../scripts/mailbox/generate.ts'
import { matches } from '../../../scripts/mailbox/oracle.ts'
import { matchesQuery } from '../../../src/email/cached-match.ts'
import { PRIORITIES, STATUSES } from '../../../src/email/email.ts'
import { parseNewEmail } from '../../../src/email/email-input.ts'
import { canonicalize, type EmailQuery } from '../../../src/email/filter.ts'

const NOW = Date.UTC(2026, 0, 1)
const MAILBOX = generateMailbox({ seed: 11, count: 300, now: NOW }).map((email) =>
  parseNewEmail(email, { id: email.id, now: NOW }),
)

describe('matchesQuery', () => {
  test('agrees with the oracle on every message and every query', () => {
    const one = fc.constantFrom(...MAILBOX)
    const query = fc.record(
      {
        statuses: fc.subarray([...STATUSES], { minLength: 1 }),
        priorities: fc.subarray([...PRIORITIES], { minLength: 1 }),
        senderEmails: fc.array(
          one.map((email) => email.senderEmail.toUpperCase()),
          {
            minLength: 1,
            maxLength: 4,
          },
        ),
        assignedTo: one.map((email) => email.assignedTo),
        dateRange: one.map(({ receivedAt }) => ({ start: receivedAt })),
        isRead: fc.boolean(),
        threadId: one.map((email) => email.threadId ?? 'none'),
      },
      { requiredKeys: [] },
    )

    fc.assert(
      fc.property(query, (raw: EmailQuery) => {
        const canonical = canonicalize(raw)
        const found = MAILBOX.filter((email) => matchesQuery(email, canonical))
        expect(found).toEqual(MAILBOX.filter((email) => matches(email, raw)))
      }),
    )
  })

  test('takes both ends of a range in', () => {
    const [email] = MAILBOX
    if (!email) throw new Error('the mailbox is empty')
    const at = (start: number, end: number) =>
      matchesQuery(email, canonicalize({ dateRange: { start, end } }))

    expect(at(email.receivedAt, email.receivedAt)).toBe(true)
    expect(at(email.receivedAt + 1, email.receivedAt + 1)).toBe(false)
    expect(at(email.receivedAt - 1, email.receivedAt - 1)).toBe(false)
  })
})
