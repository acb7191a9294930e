/**
 * Computes from a question the key, lifetime and labels of its answer, and the scope for matching.
 *
 * @module
 */

import { MAX_TAGS } from '../cache/policy.ts'
import { type Duration, toMilliseconds } from '../entry/duration.ts'
import { nonEmptyText, numberWithin } from '../entry/option-checks.ts'
import { InvalidOptionError } from '../errors.ts'
import { type CacheControl, readCacheControl } from './cache-control.ts'
import { canonicalJson, digest, foldText, normaliseText } from './canonical.ts'
import { type ClassTtls, type ContentClass, checkClass, isTimeDependent } from './content-class.ts'

/** Increase it when keys are computed in another way, so that no key can name an entry of the old way. */
const KEY_VERSION = 1
/**
 * Increase it when prompts are folded in another way: a stored pointer may then lead to the answer of another prompt.
 */
const FOLDING = 2
/** A tag has at most 256 bytes, and a text may take three bytes for each UTF-16 unit. */
const MAX_LABEL = 80
const PLAIN = /^[\x21-\x7e]+$/

/** Options of a question: everything that its answer depends on besides the prompt, and how to cache it. */
export interface LLMRequestOptions {
  /** The tenant that asks. Another tenant never gets its answers. @default '' (one tenant for all) */
  readonly tenant?: string
  /** Distinguishes builds of a model that have the same name. @default none */
  readonly modelDigest?: string
  /** The system prompt. @default none */
  readonly system?: string
  /** Temperature, seed and the like. Any difference makes a different question. @default none */
  readonly parameters?: Readonly<Record<string, unknown>>
  /** The tools that the model may call. Any difference makes a different question. @default none */
  readonly tools?: readonly unknown[]
  /** The schema that the answer has to follow. @default none */
  readonly schema?: unknown
  /** The turns before the prompt, oldest first. @default none */
  readonly turns?: readonly unknown[]
  /** Version of the prompt's template; answers of other versions are not served. @default none */
  readonly promptVersion?: string
  /**
   * Ids of the documents that the answer is drawn from, for {@link LLMResponseCache.invalidateDocument}:
   * at most 61 with the `tags`. @default none
   */
  readonly documents?: readonly string[]
  /**
   * Further labels for joint invalidation. All calls for one question must name the same ones.
   * @default none
   */
  readonly tags?: readonly string[]
  /** @default that of the content class */
  readonly ttl?: Duration
  /** @default 'timeDependent' or 'general', by the words of the prompt */
  readonly contentClass?: ContentClass
  /** As in the HTTP request header: `no-cache`, `no-store`, `max-age=60`, `only-if-cached`. @default none */
  readonly cacheControl?: string
  /**
   * Also looks for the answer to a similar prompt. Needs a `matcher`.
   * @default false; true for `cacheLLMResponse`
   */
  readonly enableSemanticMatching?: boolean
  /**
   * Requires more similarity than the matcher does, from [0, 1]. A lower value has no effect.
   * @default what the matcher requires
   */
  readonly semanticSimilarityThreshold?: number
  /** Aborting it rejects this call with the signal's reason. @default none */
  readonly signal?: AbortSignal
}

/** A question to a model. */
export interface LLMRequest extends LLMRequestOptions {
  /** The user's last message. */
  readonly prompt: string
  readonly model: string
}

/** A question in the form that all interfaces of the cache share. */
export interface Question {
  readonly surface: string
  readonly model: string
  readonly tenant: string
  readonly prompt: string
  /** Everything else that the answer depends on. Must be JSON. */
  readonly context: unknown
  /** Uses the prompt unchanged, because its white space has a meaning. @default false */
  readonly isVerbatim?: boolean
  /** Whether the answer may be given to, or come from, a similar prompt. */
  readonly matching: false | { readonly minSimilarity: number | undefined }
  readonly promptVersion?: string | undefined
  readonly documents?: readonly string[] | undefined
  readonly tags?: readonly string[] | undefined
  readonly ttl?: Duration | undefined
  readonly contentClass?: ContentClass | undefined
  readonly cacheControl?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** A question with its key, lifetime and tags. */
export interface Resolved {
  readonly model: string
  readonly prompt: string
  /** Hash of everything except the prompt. */
  readonly scope: string
  /** Id of the answer in semantic matching. */
  readonly id: string
  readonly key: string
  /** Key of the pointer from the folded prompt to an answer; `undefined` where folding is not allowed. */
  readonly foldedKey: string | undefined
  readonly tags: readonly string[]
  /** 0: the answer is not cached. */
  readonly ttlMs: number
  readonly control: CacheControl
  readonly matching: false | { readonly minSimilarity: number | undefined }
  readonly signal: AbortSignal | undefined
}

/** The settings of a cache that {@link resolve} needs. */
export interface ResolveSettings {
  readonly ttls: ClassTtls
  readonly folds: boolean
}

/** The key of the answer with this id. */
export function answerKey(id: string): string {
  return `answer/${id}`
}

/** The tag for a kind and a value. A value that does not fit is hashed; two values never share a tag. */
export function label(kind: string, value: string): string {
  const isPlain = value.length <= MAX_LABEL && PLAIN.test(value) && !value.startsWith('#')
  return `${kind}:${isPlain ? value : `#${digest(value)}`}`
}

/**
 * @throws {InvalidOptionError} When an option is out of its range.
 * @throws {InvalidValueError} When a part of the context is not JSON.
 */
export function resolve(question: Question, { ttls, folds }: ResolveSettings): Resolved {
  const { surface, model, tenant, promptVersion, context, isVerbatim = false } = question
  checkText(question.prompt, 'prompt')
  nonEmptyText(model, 'model')
  checkText(tenant, 'tenant')
  const prompt = isVerbatim ? question.prompt : normaliseText(question.prompt)
  const version = promptVersion ?? null
  const scope = digest(canonicalJson({ v: KEY_VERSION, surface, model, tenant, version, context }))
  const id = digest(`${scope}\n${prompt}`)
  const mayFold = folds && !isVerbatim && prompt !== ''
  return {
    model,
    prompt,
    scope,
    id,
    key: answerKey(id),
    foldedKey: mayFold
      ? `folded/${digest(`${scope}\n${FOLDING}\n${foldText(prompt)}`)}`
      : undefined,
    tags: tagsOf(question),
    ttlMs: ttlOf(question, ttls),
    control: readCacheControl(question.cacheControl),
    matching: prompt === '' ? false : question.matching,
    signal: question.signal,
  }
}

/** Converts the request of a caller in this process. */
export function questionOf(request: LLMRequest): Question {
  const { parameters = {}, tools = [], schema = null, turns = [], modelDigest = null } = request
  const { system = '', enableSemanticMatching = false } = request
  const minSimilarity = request.semanticSimilarityThreshold
  numberWithin(minSimilarity ?? 0, 'semanticSimilarityThreshold', 0, 1)
  checkText(system, 'system')
  const context = { system: normaliseText(system), parameters, tools, schema, turns, modelDigest }
  return {
    surface: 'native',
    model: request.model,
    tenant: request.tenant ?? '',
    prompt: request.prompt,
    context,
    matching: enableSemanticMatching && { minSimilarity },
    promptVersion: request.promptVersion,
    documents: request.documents,
    tags: request.tags,
    ttl: request.ttl,
    contentClass: request.contentClass,
    cacheControl: request.cacheControl,
    signal: request.signal,
  }
}

function tagsOf({ model, tenant, promptVersion, documents = [], tags = [] }: Question): string[] {
  const all = [label('model', model), label('tenant', tenant)]
  if (promptVersion !== undefined) all.push(label('version', promptVersion))
  for (const id of documents) all.push(label('document', id))
  for (const tag of tags) all.push(label('tag', tag))
  const labels = [...new Set(all)]
  if (labels.length > MAX_TAGS) {
    const option = documents.length > tags.length ? 'documents' : 'tags'
    throw new InvalidOptionError(
      option,
      `so few that an answer has at most ${MAX_TAGS} labels in all`,
    )
  }
  return labels
}

function ttlOf({ ttl, contentClass, prompt }: Question, ttls: ClassTtls): number {
  if (ttl !== undefined) return toMilliseconds(ttl, 'ttl')
  if (contentClass !== undefined) return ttls[checkClass(contentClass)]
  return ttls[isTimeDependent(prompt) ? 'timeDependent' : 'general']
}

export function checkText(text: unknown, option: string): asserts text is string {
  if (typeof text !== 'string') throw new InvalidOptionError(option, 'a text')
}
