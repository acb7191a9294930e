/**
 * Generates a realistic mailbox, which is the same for the same seed: frequent and rare senders, threads,
 * working hours, and a queue that is processed over time.
 *
 * @module
 */

import type {
  EmailAttachment,
  EmailPriority,
  EmailStatus,
  NewEmail,
} from '../../src/email/email.ts'
import { Dice, Weighted } from './dice.ts'
import * as words from './vocabulary.ts'

/** A message of the sample, ready for `createEmail`. */
export interface GeneratedEmail extends NewEmail {
  readonly id: string
  /** Epoch milliseconds, whole seconds. */
  readonly receivedAt: number
}

/** Options for {@link generateMailbox}. */
export interface MailboxOptions {
  /** An integer; the same one gives the same mailbox. */
  readonly seed: number
  /** Messages. @default 20_000 */
  readonly count?: number
  /** Epoch milliseconds; no message is later. The oldest is some 18 months before. */
  readonly now: number
}

interface Person {
  readonly name: string
  readonly address: string
}

/** What the messages of a thread share. */
interface Thread {
  readonly id: string
  readonly subject: string
  readonly opening: string
  readonly category: string
  readonly customer: Person
  readonly agent: string
  readonly account: string
  readonly priority: EmailPriority
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const SPAN_DAYS = 548
const PEOPLE = 360
/** Long enough for the oldest thread, short enough that a page of one stays readable. */
const MAX_THREAD_LENGTH = 14

/** Messages by hour of the day (UTC), relative: a morning peak, a lunch dip, quiet nights. */
const HOURS = [1, 1, 1, 1, 1, 2, 5, 14, 30, 44, 46, 40, 26, 32, 42, 40, 34, 22, 10, 7, 6, 4, 2, 1]
const WEEKEND_SHARE = 0.12

const PRIORITY = new Weighted<EmailPriority>(['critical', 'high', 'medium', 'low'], [3, 13, 59, 25])
const FRESH = new Weighted<EmailStatus>(
  ['new', 'in_progress', 'pending', 'waiting', 'escalated', 'completed', 'resolved'],
  [52, 20, 8, 5, 2, 8, 5],
)
const RECENT = new Weighted<EmailStatus>(
  ['new', 'in_progress', 'pending', 'waiting', 'escalated', 'completed', 'resolved', 'archived'],
  [6, 14, 8, 10, 3, 36, 20, 3],
)
const OLD = new Weighted<EmailStatus>(
  ['new', 'in_progress', 'waiting', 'completed', 'resolved', 'archived'],
  [0.4, 0.6, 1, 50, 22, 26],
)
const HOUR = new Weighted(
  HOURS.map((_, hour) => hour),
  HOURS,
)

/**
 * Generates a mailbox, oldest message first. Message k answers an earlier one of its thread, whose
 * Message-IDs it names in `references`.
 */
export function generateMailbox({ seed, count = 20_000, now }: MailboxOptions): GeneratedEmail[] {
  const dice = new Dice(seed)
  const customers = makePeople(dice)
  const messages: GeneratedEmail[] = []
  while (messages.length < count) addThread(dice, customers, now, messages, count)
  return messages.sort((a, b) => a.receivedAt - b.receivedAt || (a.id < b.id ? -1 : 1))
}

/** How often people write follows Zipf's law: the k-th busiest writes 1/k as much as the first. */
function makePeople(dice: Dice): Weighted<Person> {
  const people = new Map<string, Person>()
  while (people.size < PEOPLE) {
    const [first, last] = [dice.pick(words.FIRST_NAMES), dice.pick(words.LAST_NAMES)]
    const address = `${ascii(first)}.${ascii(last)}@${dice.pick(words.COMPANIES)}.example`
    people.set(address, { name: `${first} ${last}`, address })
  }
  const list = [...people.values()]
  return new Weighted(
    list,
    list.map((_, rank) => 1 / (rank + 1)),
  )
}

const NOT_DECOMPOSED: Readonly<Record<string, string>> = { ø: 'o', ı: 'i' }

function ascii(name: string): string {
  return name
    .toLowerCase()
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[øı]/g, (letter) => NOT_DECOMPOSED[letter] ?? '')
}

function addThread(
  dice: Dice,
  customers: Weighted<Person>,
  now: number,
  messages: GeneratedEmail[],
  count: number,
): void {
  const thread = makeThread(dice, customers)
  const length = Math.min(1 + Math.floor(dice.exponential(1.7)), MAX_THREAD_LENGTH)
  const references: string[] = []
  let receivedAt = openingInstant(dice, now)
  for (let index = 0; index < length && messages.length < count && receivedAt <= now; index++) {
    const message = makeMessage(dice, thread, references, receivedAt, now)
    messages.push(message)
    references.push(message.messageId ?? '')
    receivedAt = replyInstant(dice, receivedAt)
  }
}

function makeThread(dice: Dice, customers: Weighted<Person>): Thread {
  const topic = dice.pick(words.TOPICS)
  const slots = {
    order: `HP-${10_000 + dice.below(90_000)}`,
    invoice: `R-${200_000 + dice.below(800_000)}`,
    product: dice.pick(words.PRODUCTS),
    quantity: String((1 + dice.below(40)) * 50),
    day: dice.pick(words.DAYS),
  }
  const busiestFirst = Math.min(dice.below(5), dice.below(5))
  return {
    id: `thread-${dice.hex(16)}`,
    subject: fill(topic.subject, slots),
    opening: fill(topic.opening, slots),
    category: topic.category,
    customer: customers.draw(dice),
    agent: dice.pick(words.ASSIGNEES),
    account: `${words.ACCOUNTS[busiestFirst]}@${words.OWN_DOMAIN}`,
    priority: PRIORITY.draw(dice),
  }
}

function fill(template: string, slots: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => slots[name] ?? '')
}

/** A day of the span, weekdays far likelier, and an hour of the working day. */
function openingInstant(dice: Dice, now: number): number {
  const daysAgo = dice.below(SPAN_DAYS)
  const day = Math.floor(now / DAY_MS) * DAY_MS - daysAgo * DAY_MS
  // The epoch was a Thursday, hence the 4.
  const weekday = (day / DAY_MS + 4) % 7
  const isWeekend = weekday === 0 || weekday === 6
  if (isWeekend && !dice.chance(WEEKEND_SHARE)) return openingInstant(dice, now)
  const instant = day + timeOfDay(dice)
  return instant > now ? openingInstant(dice, now) : instant
}

function timeOfDay(dice: Dice): number {
  return HOUR.draw(dice) * HOUR_MS + dice.below(3_600) * 1_000
}

/** Most answers come within hours; one that would come at night comes the next morning. */
function replyInstant(dice: Dice, previous: number): number {
  const due = previous + (60 + Math.floor(dice.exponential(14 * 3_600))) * 1_000
  const hour = Math.floor((due % DAY_MS) / HOUR_MS)
  const isNight = hour < 6 || hour > 20
  if (!isNight || dice.chance(0.1)) return due
  const morning = Math.floor(due / DAY_MS) * DAY_MS + (hour > 20 ? DAY_MS : 0)
  return morning + 7 * HOUR_MS + dice.below(3 * 3_600) * 1_000
}

function makeMessage(
  dice: Dice,
  thread: Thread,
  references: readonly string[],
  receivedAt: number,
  now: number,
): GeneratedEmail {
  const isReply = references.length > 0
  const fromAgent = isReply && references.length % 2 === 1
  const agent = { name: agentName(thread.agent), address: `${thread.agent}@${words.OWN_DOMAIN}` }
  const sender = fromAgent ? agent : thread.customer
  const status = statusAt(dice, now - receivedAt)
  const inReplyTo = references.at(-1)
  return {
    id: dice.uuid(),
    graphId: `AAMk${dice.hex(40)}`,
    messageId: `${dice.hex(24)}@${sender.address.split('@')[1]}`,
    threadId: thread.id,
    conversationId: thread.id.replace('thread', 'conversation'),
    ...(inReplyTo === undefined ? {} : { inReplyTo }),
    references: [...references],
    subject: isReply ? `Re: ${thread.subject}` : thread.subject,
    bodyText: makeBody(dice, thread, sender, isReply),
    senderEmail: sender.address,
    senderName: sender.name,
    recipients: [fromAgent ? thread.customer : { address: thread.account }],
    ...(dice.chance(0.15)
      ? { cc: [{ address: `${dice.pick(words.ASSIGNEES)}@${words.OWN_DOMAIN}` }] }
      : {}),
    receivedAt,
    sentAt: receivedAt - (1 + dice.below(40)) * 1_000,
    importance: dice.chance(0.06) ? 'high' : dice.chance(0.04) ? 'low' : 'normal',
    categories: dice.chance(0.3) ? [thread.category, 'customer'] : [thread.category],
    attachments: dice.chance(0.18) ? [attachmentOf(thread)] : [],
    isRead: dice.chance(status === 'new' ? 0.15 : 0.97),
    isFlagged: dice.chance(0.05),
    status,
    priority: thread.priority,
    assignedTo: dice.chance(status === 'new' ? 0.2 : 0.93) ? thread.agent : null,
  }
}

/** The document that the thread is about. */
function attachmentOf({ category, subject }: Thread): EmailAttachment {
  return {
    name: `${category}.pdf`,
    contentType: 'application/pdf',
    sizeBytes: 20_000 + subject.length * 997,
    contentId: null,
    isInline: false,
  }
}

function agentName(agent: string): string {
  return agent
    .split('.')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join(' ')
}

function statusAt(dice: Dice, age: number): EmailStatus {
  if (age < 3 * DAY_MS) return FRESH.draw(dice)
  return (age < 30 * DAY_MS ? RECENT : OLD).draw(dice)
}

function makeBody(dice: Dice, thread: Thread, sender: Person, isReply: boolean): string {
  const slots = { day: dice.pick(words.DAYS), product: dice.pick(words.PRODUCTS) }
  const first = isReply ? fill(dice.pick(words.REPLIES), slots) : thread.opening
  const more = Array.from({ length: 1 + dice.below(5) }, () =>
    fill(dice.pick(words.SENTENCES), slots),
  )
  const quoted = isReply ? `\n\n> ${thread.opening}` : ''
  return `${dice.pick(words.GREETINGS)},\n\n${[first, ...more].join(' ')}\n\n${dice.pick(words.CLOSINGS)},\n${sender.name}${quoted}\n`
}
