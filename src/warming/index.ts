/**
 * Scheduled jobs that keep a cache warm. Each slot runs once, on any number of isolates.
 *
 * Exported as `'nearcache/warming'`.
 *
 * @module
 */

export {
  type AnalyticsJobOptions,
  analyticsJob,
  type JobTerms,
  type LLMJobOptions,
  llmJob,
  type MailboxWithFigures,
  type MailJobOptions,
  mailJob,
  type WarmableMailbox,
} from './default-jobs.ts'
export type { WarmingEvent } from './events.ts'
export type { Checkpoint, JobAnswer, JobBudget, JobContext, WarmingJob } from './job.ts'
export type { WarmingOptions } from './options.ts'
export type { Dialect } from './schedule.ts'
export type { Ending, LastRun } from './state.ts'
export type { JobStatus } from './status.ts'
export { type ScheduledControllerLike, Warming } from './warming.ts'
