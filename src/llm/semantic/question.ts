/**
 * What kind of answer a prompt asks for.
 *
 * @module
 */

import { wordsIn } from '../../entry/words.ts'

/** `how` asks for a way to do something, `whether` for yes or no; `none` is a command or a statement. */
export type Question =
  | 'who'
  | 'when'
  | 'where'
  | 'why'
  | 'what'
  | 'how'
  | 'whether'
  | 'none'
  /** `how many`, `how long`, and so on. */
  | `how ${string}`

const KINDS: ReadonlyMap<string, Question> = new Map([
  ['who', 'who'],
  ['whom', 'who'],
  ['whose', 'who'],
  ['when', 'when'],
  ['where', 'where'],
  ['why', 'why'],
  ['what', 'what'],
  ['which', 'what'],
  ['how', 'how'],
])

const MEASURES = wordsIn(
  'many much long old far often big large tall high deep fast heavy wide hot cold soon late early good bad',
)
const YES_OR_NO = wordsIn(
  'is are was were do does did can could will would should has have had am may might must',
)
const WAYS = wordsIn('way ways steps method tips')

/** Two kinds that may ask for the same, and the stems of which one must occur; `undefined`: none needed. */
const STANDS_FOR: readonly (readonly [Question, Question, ReadonlySet<string> | undefined])[] = [
  ['how', 'what', undefined],
  ['how', 'none', undefined],
  ['what', 'none', undefined],
  ['what', 'whether', undefined],
  ['whether', 'none', undefined],
  ['how', 'whether', undefined],
  ['why', 'what', new Set(['reason', 'cause', 'purpos', 'explanation'])],
  ['why', 'how', new Set(['come'])],
  ['where', 'what', new Set(['plac', 'city', 'country', 'location', 'sit', 'websit', 'stor'])],
  ['when', 'what', new Set(['tim', 'dat', 'day', 'year', 'month', 'hour'])],
  ['who', 'what', new Set(['person', 'name', 'author', 'inventor', 'company'])],
  ['how much', 'what', new Set(['cost', 'pric', 'amount', 'salary', 'fee'])],
  ['how many', 'what', new Set(['number', 'count', 'amount', 'population'])],
  ['how long', 'what', new Set(['tim', 'duration', 'length'])],
  ['how old', 'what', new Set(['ag'])],
  ['how tall', 'what', new Set(['height'])],
  ['how high', 'what', new Set(['height'])],
  ['how far', 'what', new Set(['distanc'])],
  ['how fast', 'what', new Set(['speed'])],
]

/** Reads the kind of question from the words of a prompt, in lower case. */
export function questionOf(words: readonly string[]): Question {
  const at = words.findIndex((word) => KINDS.has(word))
  const found = KINDS.get(words[at] ?? '')
  // A question word decides even within a yes-or-no question: "Do you know who …" asks who.
  if (found === undefined) return YES_OR_NO.has(words[0] ?? '') ? 'whether' : wayOf(words)
  const next = words[at + 1] ?? ''
  if (found === 'how' && MEASURES.has(next)) return `how ${next}`
  if (found === 'what' && words.slice(at, at + 6).some((word) => WAYS.has(word))) return 'how'
  return found
}

function wayOf(words: readonly string[]): Question {
  return words.slice(0, 4).some((word) => WAYS.has(word)) ? 'how' : 'none'
}

/**
 * Whether two prompts may ask for the same kind of answer.
 *
 * @param words The words of both prompts, with their stems.
 */
export function areCompatible(a: Question, b: Question, words: ReadonlySet<string>): boolean {
  if (a === b) return true
  return STANDS_FOR.some(
    ([one, other, hints]) =>
      ((one === a && other === b) || (one === b && other === a)) &&
      (hints === undefined || [...hints].some((hint) => words.has(hint))),
  )
}
