/**
 * Lifetimes of answers by the kind of question.
 *
 * @module
 */

import { type Duration, toMilliseconds } from '../entry/duration.ts'
import { oneOf } from '../entry/option-checks.ts'
import { InvalidOptionError } from '../errors.ts'

/**
 * What an answer is about: `general` knowledge, something that depends on when it is asked
 * (`timeDependent`), an `analysis` of a text that does not change, an analysis that is uncertain or not
 * finished (`provisional`), or an `embedding`.
 */
export type ContentClass = 'general' | 'timeDependent' | 'analysis' | 'provisional' | 'embedding'

/** Lifetimes by class, in milliseconds; a class with 0 is not cached. */
export type ClassTtls = Readonly<Record<ContentClass, number>>

/** In milliseconds: a day, 5 minutes, 7 days, 30 minutes, 30 days. */
export const DEFAULT_TTLS: ClassTtls = Object.freeze({
  general: 86_400_000,
  timeDependent: 300_000,
  analysis: 604_800_000,
  provisional: 1_800_000,
  embedding: 2_592_000_000,
})

/** @throws {InvalidOptionError} When a class is unknown or its lifetime is not a duration; names the class. */
export function readTtls(ttls: Readonly<Partial<Record<ContentClass, Duration>>> = {}): ClassTtls {
  const read: Record<ContentClass, number> = { ...DEFAULT_TTLS }
  for (const [name, ttl] of Object.entries(ttls)) {
    if (!Object.hasOwn(DEFAULT_TTLS, name)) {
      throw new InvalidOptionError(`ttl.${name}`, 'left out: there is no such class')
    }
    if (ttl !== undefined) read[name as ContentClass] = toMilliseconds(ttl, `ttl.${name}`)
  }
  return read
}

/** @throws {InvalidOptionError} When the value is not a content class. */
export function checkClass(contentClass: ContentClass): ContentClass {
  return oneOf(contentClass, 'contentClass', Object.keys(DEFAULT_TTLS) as ContentClass[])
}

const MOMENT =
  /\b(?:now(?:adays)?|today|tonight|tomorrow|yesterday|currently|current|latest|newest|recent(?:ly)?|up[- ]to[- ]date|so far|at the moment|right now|this (?:morning|afternoon|evening|week|weekend|month|quarter|year)|(?:last|next) (?:hour|night|week|month|quarter|year)|what time is it|what(?:'s| is) the (?:time|date)|breaking news)\b/i
const CHANGING =
  /\b(?:weather|forecast|headlines|exchange rates?|stock price|share price|price of (?:bitcoin|gold|oil)|traffic|standings|live score|my (?:balance|orders?|account|inbox|calendar|schedule|location))\b|\bnear me\b/i
const MOMENT_ELSEWHERE =
  /(?<!\p{L})(?:heute|morgen|gestern|aktuell|derzeit|momentan|aujourd['’]hui|demain|hier|actuellement|hoy|ayer|ahora|actualmente|oggi|adesso|attualmente|hoje|agora)(?!\p{L})|现在|今天|最新|今日|昨日|오늘|지금|сегодня|сейчас/iu

/**
 * Whether the answer to a prompt probably depends on when, where or by whom it is asked. Looks for words
 * such as `today`, `latest` or `my balance`, in some languages. In doubt the result is true.
 */
export function isTimeDependent(prompt: string): boolean {
  return MOMENT.test(prompt) || CHANGING.test(prompt) || MOMENT_ELSEWHERE.test(prompt)
}
