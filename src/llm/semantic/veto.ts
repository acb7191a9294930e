/**
 * Detects that two prompts need different answers although their vectors are similar.
 *
 * Embedding models place opposites close together: in nine models, prompts that differ only in a negation
 * have cosines of 0.83 to 0.9997 (GPTCache issue 694). So the words themselves are compared.
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
 * How much two prompts may differ. `meaning`: in their words, but not in exactly one content word.
 * `wording`: in no word that carries meaning; for an embedder that sees wording.
 */
export type Strictness = 'meaning' | 'wording'

/** `lacking`: how many content words of one prompt the other lacks; the larger of the two numbers. */
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

/** The first reason found why the answer to one prompt does not fit the other; otherwise `undefined`. */
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
  // The prompts are equal except for one word that was added, left out or replaced.
  return lacking === 1 ? 'word' : undefined
}

/** The items of `from` that are left when each of `others` is removed once. */
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

/** `on` against `off`, and `healthy` against `unhealthy`. Stop words count here too. */
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

/** Whether the letters of a name are the initials of consecutive content words. */
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

/** `she` against `he`, `her` against `his`. A prompt with "he or she", or with `they`, may mean either. */
function exchangesSexes(a: Reading, b: Reading): boolean {
  return exchanges(a, b, ['she'], ['he']) || exchanges(a, b, HERS, HIS)
}

/** `my` against `your`, with the same content words. In a `how` or `why` question both mean anybody. */
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

/** Whether a preposition has an object that has another role in the other prompt: from or to London. */
function swapsRoles(a: Reading, b: Reading): boolean {
  for (const [role, targets] of a.roles) {
    const others = b.roles.get(role)
    if (others === undefined || sameCounts(targets, others)) continue
    if (targets.some((target) => !others.includes(target) && b.words.has(target))) return true
    if (others.some((target) => !targets.includes(target) && a.words.has(target))) return true
  }
  return false
}

/** Whether both have the same words or persons in another order, and the order may matter. */
function isReordered(a: Reading, b: Reading, lacking: number): boolean {
  if (lacking > 0 || (a.isSymmetric && b.isSymmetric)) return false
  const areSwapped = sameCounts(a.persons, b.persons) && a.persons.join() !== b.persons.join()
  return areSwapped || a.content.join() !== b.content.join()
}

function differentWording(a: Reading, b: Reading, lacking: number): VetoReason | undefined {
  if (lacking > 0 || a.light !== b.light) return 'word'
  return a.question === b.question ? undefined : 'question'
}
