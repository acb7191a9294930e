/**
 * The jobs that most deployments need: for the mailbox, its figures, and questions that a model is asked
 * often.
 *
 * @module
 */

import { checkFunction } from '../entry/option-checks.ts'
import { InvalidOptionError } from '../errors.ts'
import type { JobAnswer, JobContext, WarmingJob } from './job.ts'

/** What can be changed of a default job: everything except its handler. */
export type JobTerms = Partial<Omit<WarmingJob, 'handler'>>

/** The part of a `CachedEmailRepository` that {@link mailJob} uses. */
export interface WarmableMailbox {
  warmCache(options: {
    readonly recentDays: number
    readonly priorityEmails: boolean
    readonly topSenders: number
    readonly maxEmails: number
    readonly budgetMs: number
    readonly signal: AbortSignal
    readonly onProgress: (progress: { readonly emails: number }) => void
  }): Promise<{ readonly isComplete: boolean }>
}

/** Options for {@link mailJob}. */
export interface MailJobOptions extends JobTerms {
  /** The mailbox, such as a `CachedEmailRepository`. */
  readonly emails: WarmableMailbox
  /** Warms the messages of this many days; 1 to 366. @default 7 */
  readonly recentDays?: number
  /** Warms open messages of priority `critical` or `high`, of any age. @default true */
  readonly priorityEmails?: boolean
  /** Warms the first page of this many senders; 0 to 100. @default 0 */
  readonly topSenders?: number
  /** At most this many messages in one invocation; 1 to 10_000. @default 1_000 */
  readonly maxEmails?: number
}

/**
 * Warms a mailbox: its most frequent queries, its first pages, recent and urgent messages.
 *
 * By default the job `mail` of priority 80, every six hours and once for each version of the deployment.
 * Entries that are already in the cache cost no SQL, so a new invocation continues where the last one ended.
 * An invocation that a failure of Redis ends is not complete; one that reaches `maxEmails` is.
 */
export function mailJob(options: MailJobOptions): WarmingJob {
  const { emails, recentDays = 7, priorityEmails = true, ...rest } = options
  const { topSenders = 0, maxEmails = 1_000, ...terms } = rest
  return {
    id: 'mail',
    name: 'Mailbox',
    priority: 80,
    schedule: '0 */6 * * *',
    atStart: true,
    ...terms,
    handler: async ({ signal, budget, emit }): Promise<JobAnswer> => {
      let told = 0
      const { isComplete } = await emails.warmCache({
        recentDays,
        priorityEmails,
        topSenders,
        maxEmails,
        signal,
        budgetMs: Math.max(1, Math.min(budget.remainingMs, 3_600_000)),
        onProgress: (progress) => {
          emit(progress.emails - told)
          told = progress.emails
        },
      })
      return { count: 0, isComplete: isComplete || told >= maxEmails }
    },
  }
}

/** The part of a `CachedEmailRepository` that {@link analyticsJob} uses. */
export interface MailboxWithFigures {
  getAnalytics(range?: { readonly start: number; readonly end: number }): Promise<unknown>
}

/** Options for {@link analyticsJob}. */
export interface AnalyticsJobOptions extends JobTerms {
  /** The mailbox, such as a `CachedEmailRepository`. */
  readonly emails: MailboxWithFigures
  /** Also warms figures of this many whole days before today (UTC), each 1 to 366. @default [1, 7, 30] */
  readonly days?: readonly number[]
}

const DAY_MS = 86_400_000

/**
 * Warms the figures of a mailbox: those of all mail, and those of whole days up to last midnight (UTC).
 *
 * By default the job `analytics` of priority 40, every hour and once for each version of the deployment.
 *
 * @throws {InvalidOptionError} When `days` is no list of numbers in range.
 */
export function analyticsJob({
  emails,
  days = [1, 7, 30],
  ...terms
}: AnalyticsJobOptions): WarmingJob {
  if (!days.every((count) => Number.isSafeInteger(count) && count >= 1 && count <= 366)) {
    throw new InvalidOptionError('days', 'a list of whole numbers from 1 to 366')
  }
  return {
    id: 'analytics',
    name: 'Figures of the mailbox',
    priority: 40,
    schedule: '0 * * * *',
    atStart: true,
    ...terms,
    handler: async ({ signal, slot, emit }): Promise<JobAnswer> => {
      const end = Math.floor(slot / DAY_MS) * DAY_MS
      const ranges = days.map((count) => ({ start: end - count * DAY_MS, end }))
      for (const range of [undefined, ...ranges]) {
        signal.throwIfAborted()
        await emails.getAnalytics(range)
        emit(1)
      }
      return 0
    },
  }
}

/** Options for {@link llmJob}. */
export interface LLMJobOptions<Question> extends JobTerms {
  /** The questions, most important first: a list, or a function that returns one; the first 10,000 count. */
  readonly questions:
    | readonly Question[]
    | (() => readonly Question[] | Promise<readonly Question[]>)
  /**
   * Asks one question through the cache, such as by `llmCache.getOrGenerate`. If its result has `via`, as of
   * that method, answers that were already stored count as skipped.
   */
  ask(question: Question, context: { readonly signal: AbortSignal }): Promise<unknown>
}

const MAX_QUESTIONS = 10_000

/**
 * Warms the answers to frequent questions, one after the other: many models answer only one at a time.
 *
 * By default the job `llm` of priority 60, every twelve hours and once for each version of the
 * deployment, with five minutes per invocation. If a question fails, the others are still asked; the run
 * fails if all of them do.
 *
 * @throws {InvalidOptionError} When `questions` or `ask` is missing.
 *
 * @example
 * ```ts no-check
 * warming.register(
 *   llmJob({
 *     questions: [{ prompt: 'Which orders are late?', model: 'llama3.2:3b' }],
 *     ask: (question, { signal }) => llmCache.getOrGenerate(question, () => generate(question, signal)),
 *   }),
 * )
 * ```
 */
export function llmJob<Question>(options: LLMJobOptions<Question>): WarmingJob {
  const { questions, ask, ...terms } = options
  if (!Array.isArray(questions) && typeof questions !== 'function') {
    throw new InvalidOptionError('questions', 'a list, or a function that returns one')
  }
  checkFunction(ask, 'ask')
  return {
    id: 'llm',
    name: 'Answers of the model',
    priority: 60,
    schedule: '0 */12 * * *',
    timeBudget: '5m',
    atStart: true,
    ...terms,
    handler: async (context): Promise<JobAnswer> => {
      const all = typeof questions === 'function' ? await questions() : questions
      return askAll(context, all.slice(0, MAX_QUESTIONS), ask)
    },
  }
}

async function askAll<Question>(
  { checkpoint, budget, signal, emit }: JobContext,
  questions: readonly Question[],
  ask: LLMJobOptions<Question>['ask'],
): Promise<JobAnswer> {
  let next = Number(checkpoint.get() ?? 0)
  const failures: unknown[] = []
  const first = next
  for (const question of questions.slice(first)) {
    signal.throwIfAborted()
    try {
      emit(...countOf(await ask(question, { signal })))
    } catch (error) {
      if (signal.aborted) throw error
      failures.push(error)
    }
    next++
    await checkpoint.set(next)
    if (budget.isSpent && next < questions.length) return { count: 0, isComplete: false }
  }
  if (failures.length > 0 && failures.length === questions.length - first) {
    await checkpoint.set(first) // or the next attempt would find nothing left to ask
    throw failures[0]
  }
  return 0
}

/** Answers of `getOrGenerate` say in `via` where they came from. */
function countOf(answer: unknown): [count: number, skipped: number] {
  const { via = 'miss' } = (answer ?? {}) as { readonly via?: unknown }
  return via === 'miss' || via === 'bypass' ? [1, 0] : [0, 1]
}
