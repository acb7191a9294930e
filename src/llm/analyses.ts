/**
 * What models have found out about e-mails and workflows. An analysis is found by what was analysed,
 * and never by how similar it is to something else.
 *
 * @module
 */

import type { CacheNamespace } from '../cache/namespace.ts'
import { nonEmptyText, numberWithin, oneOf } from '../entry/option-checks.ts'
import { InvalidOptionError } from '../errors.ts'
import type { Platform } from '../platform/platform.ts'
import { canonicalJson, digest, normaliseText } from './canonical.ts'
import type { ClassTtls } from './content-class.ts'
import { checkText, label } from './request.ts'

/** The phases in which an e-mail is analysed, each deeper than the one before. */
export const EMAIL_PHASES = ['pattern_triage', 'llama_analysis', 'critical_analysis'] as const

/** One of {@link EMAIL_PHASES}. */
export type EmailPhase = (typeof EMAIL_PHASES)[number]

/** What an analysis was made from. Another content, version, build or tenant is another analysis. */
export interface AnalysisOrigin {
  /** The text that was analysed; its hash is kept. With it, an edited message is analysed anew. */
  readonly content?: string
  /** Of the prompts and the code of the analysis. @default '1' */
  readonly version?: string
  readonly modelDigest?: string
  /** @default '' */
  readonly tenant?: string
}

/** What may be told of an analysis of an e-mail. */
export interface EmailAnalysisOptions extends AnalysisOrigin {
  /** How long it took, in milliseconds. @default 0 */
  readonly processingTime?: number
  /** From [0, 1]: what is below 0.8 is kept for a shorter time. @default 1 */
  readonly confidence?: number
  /** Its thread, for `invalidateByThreadId`. @default none */
  readonly threadId?: string
  /** Its mailbox, for `invalidateByMailbox`. @default none */
  readonly mailbox?: string
}

/** A stored analysis of an e-mail. */
export interface CachedEmailAnalysis<T = unknown> {
  readonly emailId: string
  readonly phase: EmailPhase
  readonly model: string
  readonly analysis: T
  readonly confidence: number
  /** In milliseconds. */
  readonly processingTime: number
  /** When it was stored, in epoch milliseconds. */
  readonly timestamp: number
}

/** A stored analysis of a workflow. */
export interface CachedWorkflowAnalysis<T = unknown> {
  readonly workflowId: string
  readonly type: string
  readonly analysis: T
  readonly state: string
  readonly emailIds: readonly string[]
  /** When it was stored, in epoch milliseconds. */
  readonly timestamp: number
}

/** States in which nothing is to be expected any more. */
const SETTLED: readonly string[] = ['completed', 'complete', 'closed', 'cancelled', 'archived']
/** From here on an analysis is as good as it gets. */
const CONFIDENT = 0.8
/** More e-mails than an entry may have tags are labelled by the workflow alone. */
const MAX_EMAILS = 40

/** What {@link Analyses} works with. */
export interface AnalysesContext {
  readonly platform: Platform
  readonly ttls: ClassTtls
  cache(): CacheNamespace<unknown>
}

/** Stores and finds analyses. Its methods can be used apart from it. */
export class Analyses {
  readonly #ctx: AnalysesContext

  constructor(ctx: AnalysesContext) {
    this.#ctx = ctx
  }

  /**
   * Stores an analysis of an e-mail: for 7 days if its confidence is at least 0.8, else for 30
   * minutes.
   *
   * @returns Whether it was stored: a later call for the same analysis may have come first.
   * @throws {InvalidOptionError} When an argument is out of its range.
   * @throws {InvalidValueError} When the analysis cannot be stored.
   */
  readonly storeEmail = async <T>(
    emailId: string,
    phase: EmailPhase,
    analysis: T,
    model: string,
    options: EmailAnalysisOptions = {},
  ): Promise<boolean> => {
    const { processingTime = 0, confidence = 1, threadId, mailbox } = options
    numberWithin(confidence, 'confidence', 0, 1)
    if (!(processingTime >= 0)) throw new InvalidOptionError('processingTime', '0 or more')
    const { key, tags } = emailTarget(emailId, phase, model, options)
    if (threadId !== undefined) tags.push(label('thread', threadId))
    if (mailbox !== undefined) tags.push(label('mailbox', mailbox))
    const timestamp = this.#ctx.platform.now()
    const stored: CachedEmailAnalysis<T> = {
      emailId,
      phase,
      model,
      analysis,
      confidence,
      processingTime,
      timestamp,
    }
    return this.#store(key, stored, tags, confidence >= CONFIDENT)
  }

  /** The analysis of an e-mail, made from the same content by the same version of everything. */
  readonly findEmail = async <T = unknown>(
    emailId: string,
    phase: EmailPhase,
    model: string,
    origin: AnalysisOrigin = {},
  ): Promise<CachedEmailAnalysis<T> | undefined> => {
    const { key, tags } = emailTarget(emailId, phase, model, origin)
    return (await this.#ctx.cache().get(key, { tags })) as CachedEmailAnalysis<T> | undefined
  }

  /**
   * Stores an analysis of a workflow: for 7 days if the state is one in which nothing follows, such as
   * `completed`, else for 30 minutes.
   *
   * @param emailIds At most 40. An invalidation of any of them makes the analysis invalid.
   * @returns Whether it was stored.
   */
  readonly storeWorkflow = async <T>(
    workflowId: string,
    type: string,
    analysis: T,
    state: string,
    emailIds: readonly string[],
    origin: AnalysisOrigin = {},
  ): Promise<boolean> => {
    nonEmptyText(state, 'state')
    if (!Array.isArray(emailIds) || emailIds.length > MAX_EMAILS) {
      throw new InvalidOptionError('emailIds', `a list of at most ${MAX_EMAILS} ids`)
    }
    const { key, tags } = workflowTarget(workflowId, type, origin)
    const timestamp = this.#ctx.platform.now()
    const ids = [...emailIds]
    const stored = { workflowId, type, analysis, state, emailIds: ids, timestamp }
    for (const id of ids) {
      nonEmptyText(id, 'emailIds')
      tags.push(label('email', id))
    }
    return this.#store(key, stored, tags, SETTLED.includes(state))
  }

  /** The analysis of a workflow. */
  readonly findWorkflow = async <T = unknown>(
    workflowId: string,
    type: string,
    origin: AnalysisOrigin = {},
  ): Promise<CachedWorkflowAnalysis<T> | undefined> => {
    const { key, tags } = workflowTarget(workflowId, type, origin)
    return (await this.#ctx.cache().get(key, { tags })) as CachedWorkflowAnalysis<T> | undefined
  }

  async #store(
    key: string,
    value: unknown,
    tags: readonly string[],
    isSettled: boolean,
  ): Promise<boolean> {
    const ttl = this.#ctx.ttls[isSettled ? 'analysis' : 'provisional']
    if (ttl === 0) return false
    return (await this.#ctx.cache().set(key, value, { tags, ttl })) === 'stored'
  }
}

interface AnalysisTarget {
  readonly key: string
  readonly tags: string[]
}

function emailTarget(
  emailId: string,
  phase: EmailPhase,
  model: string,
  origin: AnalysisOrigin,
): AnalysisTarget {
  nonEmptyText(emailId, 'emailId')
  nonEmptyText(model, 'model')
  oneOf(phase, 'phase', EMAIL_PHASES)
  const parts = { emailId, phase, model, ...originOf(origin) }
  const tenant = label('tenant', parts.tenant)
  return {
    key: `email/${digest(canonicalJson(parts))}`,
    tags: [label('email', emailId), label('model', model), tenant],
  }
}

function workflowTarget(workflowId: string, type: string, origin: AnalysisOrigin): AnalysisTarget {
  nonEmptyText(workflowId, 'workflowId')
  nonEmptyText(type, 'type')
  const parts = { workflowId, type, ...originOf(origin) }
  const tenant = label('tenant', parts.tenant)
  return {
    key: `workflow/${digest(canonicalJson(parts))}`,
    tags: [label('workflow', workflowId), tenant],
  }
}

function originOf({ content, version = '1', modelDigest, tenant = '' }: AnalysisOrigin) {
  checkText(version, 'version')
  checkText(tenant, 'tenant')
  if (content !== undefined) checkText(content, 'content')
  const hash = content === undefined ? undefined : digest(normaliseText(content))
  return { content: hash, version, modelDigest, tenant }
}
