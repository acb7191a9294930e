import { beforeAll, describe, expect, test } from 'vitest'
import { type GeneratedEmail, generateMailbox } from '../../../scripts/mailbox/generate.ts'
import { PRIORITIES, STATUSES } from '../../../src/email/email.ts'
import { parseNewEmail } from '../../../src/email/email-input.ts'

const NOW = Date.UTC(2026, 10, 20, 12)
const DAY_MS = 86_400_000

describe('generateMailbox', () => {
  let mailbox: GeneratedEmail[]

  beforeAll(() => {
    mailbox = generateMailbox({ seed: 42, now: NOW })
  })

  const share = (holds: (email: GeneratedEmail) => boolean) =>
    mailbox.filter(holds).length / mailbox.length

  test('returns the same mailbox for the same seed and another for another seed', () => {
    const small = { count: 200, now: NOW }

    expect(generateMailbox({ seed: 1, ...small })).toEqual(generateMailbox({ seed: 1, ...small }))
    expect(generateMailbox({ seed: 1, ...small })).not.toEqual(
      generateMailbox({ seed: 2, ...small }),
    )
  })

  test('returns 20,000 valid messages with unique ids', () => {
    for (const email of mailbox) parseNewEmail(email, { id: '', now: NOW })

    expect(mailbox).toHaveLength(20_000)
    for (const field of ['id', 'graphId', 'messageId'] as const) {
      expect(new Set(mailbox.map((email) => email[field])).size).toBe(20_000)
    }
  })

  test('spans 18 months up to now, oldest first, mostly in working hours', () => {
    const instants = mailbox.map(({ receivedAt }) => receivedAt)

    expect(instants).toEqual(instants.toSorted((a, b) => a - b))
    expect(instants.at(-1)).toBeLessThanOrEqual(NOW)
    expect(NOW - (instants[0] ?? 0)).toBeGreaterThan(540 * DAY_MS)
    expect(
      share(({ receivedAt }) => [0, 6].includes(new Date(receivedAt).getUTCDay())),
    ).toBeLessThan(0.2)
    expect(
      share(({ receivedAt }) => {
        const hour = new Date(receivedAt).getUTCHours()
        return hour >= 7 && hour < 18
      }),
    ).toBeGreaterThan(0.75)
  })

  test('has a few hundred senders, of whom a few write most messages', () => {
    const letters = new Map<string, number>()
    for (const { senderEmail } of mailbox) {
      letters.set(senderEmail, (letters.get(senderEmail) ?? 0) + 1)
    }
    const counts = [...letters.values()].toSorted((a, b) => b - a)
    const top = counts.slice(0, 30).reduce((sum, count) => sum + count, 0)

    expect(counts.length).toBeGreaterThan(250)
    expect(top / mailbox.length).toBeGreaterThan(0.4)
  })

  test('has replies to earlier messages of the same thread', () => {
    const byMessageId = new Map(mailbox.map((email) => [email.messageId, email]))
    const replies = mailbox.filter(({ inReplyTo }) => inReplyTo !== undefined)

    expect(replies.length).toBeGreaterThan(5_000)
    for (const reply of replies) {
      const parent = byMessageId.get(reply.inReplyTo ?? '')
      expect(parent?.threadId).toBe(reply.threadId)
      expect(parent?.receivedAt).toBeLessThan(reply.receivedAt)
      expect(reply.subject).toMatch(/^Re: (?!Re: )/)
      expect(reply.references?.at(-1)).toBe(reply.inReplyTo)
    }
  })

  test('has every status and priority; most messages are done and few are critical', () => {
    expect(new Set(mailbox.map(({ status }) => status))).toEqual(new Set(STATUSES))
    expect(new Set(mailbox.map(({ priority }) => priority))).toEqual(new Set(PRIORITIES))
    expect(
      share(({ status }) => ['completed', 'resolved', 'archived'].includes(status ?? '')),
    ).toBeGreaterThan(0.8)
    expect(share(({ priority }) => priority === 'critical')).toBeLessThan(0.06)
    expect(share(({ assignedTo }) => assignedTo === null)).toBeGreaterThan(0.03)
  })
})
