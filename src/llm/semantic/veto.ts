/**
 * Says that two prompts, however similar their vectors, do not want the same answer.
 *
 * Encoders put opposites side by side: prompts that differ in a negation alone have cosines of 0.83 to
 * 0.9997 in nine of them (GPTCache issue 694). So what differs is looked for in the words.
 *
 * @module
 */

import { areAntonyms } from './antonyms.ts'
import { NEGATING_PREFIXES } from './lexicon.ts'
import { areCompatible } from './question.ts'
import type { Reading } from './reading.ts'

/** What differs: see docs/guides/semantic-matching.md for examples of each. */
export type VetoReason =
  | 'language'
  | 'number'
  | 'unit'
  | 'identifier'
  | 'negation'
  | 'antonym'
  | 'entity'
  | 'person'
  | 'direction'
  | 'question'
  | 'word'

/**
 * How much may differ. `meaning`: other words for the same, as an encoder finds them, but not the same
 * words with one exchanged. `wording`: nothing that carries meaning; for an embedder that sees words.
 */
export type Strictness = 'meaning' | 'wording'

/** `lacking`: how much of the content of one the other lacks, of the two the more. */
type Rule = (a: Reading, b: Reading, lacking: number) => boolean

const RULES: readonly (readonly [VetoReason, Rule])[] = [
  ['language', (a, b) => !!a.language && !!b.language && a.language !== b.language],
  ['number', (a, b) => !sameCounts(a.numbers, b.numbers)],
  ['unit', (a, b) => !sameCounts(a.units, b.units)],
  ['identifier', (a, b) => !sameCounts(a.identifiers, b.identifiers)],
  ['negation', (a, b) => a.negations !== b.negations],
  ['antonym', haveAntonyms],
  ['entity', (a, b) => lacksName(a, b) || lacksName(b, a)],
  ['person', (a, b, lacking) => exchangesSexes(a, b) || exchangesOwners(a, b, lacking)],
  ['direction', (a, b, lacking) => swapsRoles(a, b) || isReordered(a, b, lacking)],
  ['question', (a, b) => !areCompatible(a.question, b.question, new Set([...a.words, ...b.words]))],
]

/** The first reason why an answer to one prompt is none to the other, if any is found. */
export function findVeto(
  a: Reading,
  b: Reading,
  strictness: Strictness = 'meaning',
): VetoReason | undefined {
  const lacking = Math.max(
    missing(a.content, b.content).length,
    missing(b.content, a.content).length,
  )
  const [reason] = RULES.find(([, applies]) => applies(a, b, lacking)) ?? []
  if (reason !== undefined) return reason
  if (strictness === 'wording') return differentWording(a, b, lacking)
  // All the same but for one word, put in, left out or exchanged.
  return lacking === 1 ? 'word' : undefined
}

/** What is left of a list when each of the others has been taken out once. */
function missing(from: readonly string[], others: readonly string[]): string[] {
  const left = [...others]
  return from.filter((item) => {
    const at = left.indexOf(item)
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
}

function sameCounts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && missing(a, b).length === 0
}

/** `on` against `off`, and `healthy` against `unhealthy`. Words that carry nothing count here. */
function haveAntonyms(a: Reading, b: Reading): boolean {
  const onlyA = [...a.words].filter((word) => !b.words.has(word))
  const onlyB = [...b.words].filter((word) => !a.words.has(word))
  return onlyA.some((one) =>
    onlyB.some((other) => areAntonyms(one, other) || isNegated(one, other)),
  )
}

function isNegated(one: string, other: string): boolean {
  const [short, long] = one.length < other.length ? [one, other] : [other, one]
  if (short.length < 4 || !long.endsWith(short)) return false
  return NEGATING_PREFIXES.includes(long.slice(0, -short.length))
}

function lacksName(a: Reading, b: Reading): boolean {
  return a.names.some((name) => !b.words.has(name) && !isInitialism(name, b.content))
}

/** Whether the letters of a name are the first ones of as many words in a row. */
function isInitialism(name: string, content: readonly string[]): boolean {
  if (name.length < 2 || name.length > 6) return false
  return content
    .map(([first]) => first ?? '')
    .join('')
    .includes(name)
}

const HERS = ['her', 'hers', 'herself']
const HIS = ['him', 'his', 'himself']
const MINE = ['my', 'mine', 'myself']
const YOURS = ['your', 'yours', 'yourself']

/** `she` against `he`, `her` against `his`. Whoever says "he or she", or `they`, may mean anybody. */
function exchangesSexes(a: Reading, b: Reading): boolean {
  return exchanges(a, b, ['she'], ['he']) || exchanges(a, b, HERS, HIS)
}

/** `my` against `your`, all else the same. How or why one does something is asked of anybody by either. */
function exchangesOwners(a: Reading, b: Reading, lacking: number): boolean {
  if (lacking > 0) return false
  if ([a, b].some(({ question }) => question === 'how' || question === 'why')) return false
  return exchanges(a, b, MINE, YOURS)
}

/** Whether one prompt has some of these words and none of those, and the other the reverse. */
function exchanges(
  a: Reading,
  b: Reading,
  these: readonly string[],
  those: readonly string[],
): boolean {
  const [inA, inB] = [a, b].map(({ words }) =>
    [these, those].map((list) => list.some((word) => words.has(word))).join(),
  )
  return inA !== inB && [inA, inB].every((side) => side === 'true,false' || side === 'false,true')
}

/** A word of direction leads to something that has another part in the other prompt. */
function swapsRoles(a: Reading, b: Reading): boolean {
  for (const [role, targets] of a.roles) {
    const others = b.roles.get(role)
    if (others === undefined || sameCounts(targets, others)) continue
    if (targets.some((target) => !others.includes(target) && b.words.has(target))) return true
    if (others.some((target) => !targets.includes(target) && a.words.has(target))) return true
  }
  return false
}

/** The same words or persons in another order, where the order may be what matters. */
function isReordered(a: Reading, b: Reading, lacking: number): boolean {
  if (lacking > 0 || (a.isSymmetric && b.isSymmetric)) return false
  const areSwapped = sameCounts(a.persons, b.persons) && a.persons.join() !== b.persons.join()
  return areSwapped || a.content.join() !== b.content.join()
}

function differentWording(a: Reading, b: Reading, lacking: number): VetoReason | undefined {
  if (lacking > 0 || a.light !== b.light) return 'word'
  return a.question === b.question ? undefined : 'question'
}
