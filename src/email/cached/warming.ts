/**
 * Warms the cache of a mailbox: reads pages ahead.
 *
 * @module
 */

import { InvalidFilterError } from '../../errors.ts'
import type { Platform } from '../../platform/platform.ts'
import { OPEN_STATUSES } from '../email.ts'
import type { EmailPage } from '../email-repository.ts'
import { readBoolean, readFields, readInteger, readList } from '../fields.ts'
import { canonicalize, canonicalKey, type EmailQuery } from '../filter.ts'
import type { QueryRecorder } from './recorder.ts'

/** How far the warming has come. */
export interface WarmProgress {
  /** Lists read so far, and lists planned so far; top senders are planned last, from the messages read. */
  readonly lists: number
  readonly planned: number
  /** Different messages read so far. */
  readonly emails: number
}

/** What the warming has done. */
export interface WarmResult {
  /** Pages of lists read. */
  readonly lists: number
  /** Different messages read. */
  readonly emails: number
  /** Whether all planned pages were read: false if a budget, the signal or a failure of Redis ended it. */
  readonly isComplete: boolean
}

/** What to read ahead, besides the first views of a mailbox. Pages that are cached already cost no SQL. */
export interface WarmOptions {
  /** The messages since midnight (UTC) this many days ago, newest first; 1 to 366. @default none */
  readonly recentDays?: number | undefined
  /** Messages of priority `critical` or `high` that are not settled, of any age. @default false */
  readonly priorityEmails?: boolean | undefined
  /** The first page of this many senders, those with most of the messages read before; 0 to 100. @default 0 */
  readonly topSenders?: number | undefined
  /** How many of the most frequent queries to read, or a list of queries; at most 128. @default 20 */
  readonly queries?: number | readonly EmailQuery[] | undefined
  /** Reads no further page once this many messages were read; 1 to 10_000. @default 1_000 */
  readonly maxEmails?: number | undefined
  /** Reads no further page after this many milliseconds; 1 to 3_600_000. @default 30_000 */
  readonly budgetMs?: number | undefined
  /** Reads no further page once the signal is aborted. @default none */
  readonly signal?: AbortSignal | undefined
  /** Called after each page. If it throws, the warming rejects. @default none */
  readonly onProgress?: ((progress: WarmProgress) => void) | undefined
}

/** Options with their defaults. */
interface Wanted {
  readonly recentDays: number | undefined
  readonly priorityEmails: boolean
  readonly topSenders: number
  readonly queries: number | readonly EmailQuery[]
  readonly maxEmails: number
  readonly budgetMs: number
  readonly signal: AbortSignal | undefined
  readonly onProgress: (progress: WarmProgress) => void
}

/** One query to read: its first page, or page after page. */
interface Step {
  readonly query: EmailQuery
  readonly isWalked: boolean
}

const DAY_MS = 86_400_000
const MOST_QUERIES = 128

/** The first pages that a mailbox shows. */
const OPENING_VIEWS: readonly EmailQuery[] = [
  {},
  { statuses: ['new'] },
  { statuses: ['new', 'in_progress'] },
  { assignedTo: null },
]

/** What {@link warm} needs. */
export interface WarmerOptions {
  readonly recorder: QueryRecorder
  readonly platform: Platform
  /** @returns Undefined if Redis was unavailable: the page was then not stored, so warming is of no use. */
  read(query: EmailQuery): Promise<EmailPage | undefined>
}

/**
 * Reads pages ahead, the most wanted first, one after the other. It uses ordinary reads, so it never
 * overwrites newer data.
 *
 * @throws {InvalidFilterError} When an option is unknown or out of its range.
 */
export async function warm(
  { recorder, platform, read }: WarmerOptions,
  options: WarmOptions,
): Promise<WarmResult> {
  const wanted = readOptions(options)
  const until = platform.now() + wanted.budgetMs
  const steps = await planOf(wanted, recorder, platform.now())
  const walk = new Walk(read, wanted, () => platform.now() >= until)
  const isDone = await walk.through(steps)
  const isComplete = isDone && (await walk.through(topSenders(walk.senders, wanted.topSenders)))
  return { lists: walk.lists, emails: walk.senders.size, isComplete }
}

/** Reads pages one after the other, until a limit is reached. */
class Walk {
  lists = 0
  /** The senders of the messages read, by id. The messages themselves may be more than an isolate's memory. */
  readonly senders = new Map<string, string>()
  readonly #read: WarmerOptions['read']
  readonly #wanted: Wanted
  readonly #isLate: () => boolean
  #planned = 0

  constructor(read: WarmerOptions['read'], wanted: Wanted, isLate: () => boolean) {
    this.#read = read
    this.#wanted = wanted
    this.#isLate = isLate
  }

  /** @returns Whether all pages were read. */
  async through(steps: readonly Step[]): Promise<boolean> {
    this.#planned += steps.length
    for (const step of steps) if (!(await this.#pages(step))) return false
    return true
  }

  async #pages({ query, isWalked }: Step): Promise<boolean> {
    let cursor: string | undefined
    do {
      if (this.#isOver()) return false
      const page = await this.#read({ ...query, ...(cursor !== undefined && { cursor }) })
      if (page === undefined) return false
      for (const { id, senderEmail } of page.emails) this.senders.set(id, senderEmail)
      this.lists++
      const { lists } = this
      this.#wanted.onProgress({ lists, planned: this.#planned, emails: this.senders.size })
      cursor = isWalked ? page.nextCursor : undefined
    } while (cursor !== undefined)
    return true
  }

  #isOver(): boolean {
    const { signal, maxEmails } = this.#wanted
    return signal?.aborted === true || this.#isLate() || this.senders.size >= maxEmails
  }
}

async function planOf(
  { recentDays, priorityEmails, queries }: Wanted,
  recorder: QueryRecorder,
  now: number,
): Promise<Step[]> {
  const asked =
    typeof queries === 'number' ? (await recorder.most(queries)).map(({ query }) => query) : queries
  const steps = [...asked, ...OPENING_VIEWS].map((query) => ({ query, isWalked: false }))
  if (priorityEmails) {
    const query: EmailQuery = { priorities: ['critical', 'high'], statuses: OPEN_STATUSES }
    steps.push({ query, isWalked: true })
  }
  if (recentDays !== undefined) {
    // From midnight, so that all calls on one day use the same query and hit the cache.
    const start = (Math.floor(now / DAY_MS) - recentDays) * DAY_MS
    steps.push({ query: { dateRange: { start } }, isWalked: true })
  }
  return [
    ...new Map(steps.map((step) => [`${canonicalKey(step.query)}${step.isWalked}`, step])).values(),
  ]
}

function topSenders(senders: ReadonlyMap<string, string>, count: number): Step[] {
  const counts = new Map<string, number>()
  for (const sender of senders.values()) counts.set(sender, (counts.get(sender) ?? 0) + 1)
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([sender]) => ({ query: { senderEmails: [sender] }, isWalked: false }))
}

function readOptions(options: WarmOptions): Wanted {
  const fields = readFields(options, 'options', [
    'recentDays',
    'priorityEmails',
    'topSenders',
    'queries',
    'maxEmails',
    'budgetMs',
    'signal',
    'onProgress',
  ])
  const { recentDays, signal, onProgress = () => undefined } = fields
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new InvalidFilterError('signal', 'an AbortSignal')
  }
  if (typeof onProgress !== 'function') throw new InvalidFilterError('onProgress', 'a function')
  return {
    recentDays:
      recentDays === undefined ? undefined : readInteger(recentDays, 'recentDays', 1, 366),
    priorityEmails: readBoolean(fields['priorityEmails'] ?? false, 'priorityEmails'),
    topSenders: readInteger(fields['topSenders'] ?? 0, 'topSenders', 0, 100),
    queries: readQueries(fields['queries'] ?? 20),
    maxEmails: readInteger(fields['maxEmails'] ?? 1_000, 'maxEmails', 1, 10_000),
    budgetMs: readInteger(fields['budgetMs'] ?? 30_000, 'budgetMs', 1, 3_600_000),
    signal,
    onProgress: onProgress as Wanted['onProgress'],
  }
}

function readQueries(queries: unknown): number | readonly EmailQuery[] {
  if (typeof queries === 'number') return readInteger(queries, 'queries', 0, MOST_QUERIES)
  const list = readList(queries, 'queries', (query) => {
    canonicalize(query as EmailQuery)
    return query as EmailQuery
  })
  if (list.length <= MOST_QUERIES) return list
  throw new InvalidFilterError('queries', `a list of at most ${MOST_QUERIES} queries`)
}
