/**
 * Caches analyses of e-mails and workflows. They are looked up by exact key, never by similarity.
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

/** What an analysis depends on. Each content, version, model build and tenant has its own analysis. */
export interface AnalysisOrigin {
  /** The analysed text; only its hash is stored. If given, an edited message is analysed again. */
  readonly content?: string
  /** Version of the prompts and the code of the analysis. @default '1' */
  readonly version?: string
  readonly modelDigest?: string
  /** @default '' */
  readonly tenant?: string
}

/** Details of an analysis of an e-mail. */
export interface EmailAnalysisOptions extends AnalysisOrigin {
  /** How long the analysis took, in milliseconds. @default 0 */
  readonly processingTime?: number
  /** From [0, 1]. Below 0.8, the analysis is kept for a shorter time. @default 1 */
  readonly confidence?: number
  /** Thread of the e-mail, for `invalidateByThreadId`. @default none */
  readonly threadId?: string
  /** Mailbox of the e-mail, for `invalidateByMailbox`. @default none */
  readonly mailbox?: string
}

/** A stored analysis of an e-mail. */
export interface CachedEmailAnalysis<T = unknown> {
  readonly emailId: string
  readonly phase: EmailPhase
  readonly model: string
  readonly analysis: T
  readonly confidence: number
  /** How long the analysis took, in milliseconds. */
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

/** Final states: a workflow in one of them no longer changes. */
const SETTLED: readonly string[] = ['completed', 'complete', 'closed', 'cancelled', 'archived']
/** Lowest confidence at which an analysis is kept for the long lifetime. */
const CONFIDENT = 0.8
/** Each e-mail of a workflow takes one tag, and an entry has at most 64 tags. */
const MAX_EMAILS = 40

/** What {@link Analyses} depends on. */
export interface AnalysesContext {
  readonly platform: Platform
  readonly ttls: ClassTtls
  cache(): CacheNamespace<unknown>
}

/** Stores and finds analyses. The methods are bound to the instance, so they can be passed on alone. */
export class Analyses {
  readonly #ctx: AnalysesContext

  constructor(ctx: AnalysesContext) {
    this.#ctx = ctx
  }

  /**
   * Stores an analysis of an e-mail: for 7 days if its confidence is at least 0.8, else for 30
   * minutes.
   *
   * @returns Whether it was stored. False if a later call stored the same analysis first, or its lifetime is 0.
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

  /** The stored analysis of an e-mail with the same content, version, model build and tenant. */
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
   * Stores an analysis of a workflow: for 7 days if the state is final, such as `completed`, else for
   * 30 minutes.
   *
   * @param emailIds At most 40. Invalidating any of them invalidates the analysis.
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

  /** The stored analysis of a workflow. */
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
