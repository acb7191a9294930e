/**
 * Extracts from a prompt what decides whether another prompt asks for the same.
 *
 * @module
 */

import { wordsIn } from '../../entry/words.ts'
import { languageOf } from './language.ts'
import { FILLERS, NEGATING_CHARACTERS, NEGATIONS, PERSONS, STOP_WORDS, UNITS } from './lexicon.ts'
import { lightWords } from './light.ts'
import { type Question, questionOf } from './question.ts'
import { stem } from './stem.ts'
import { SYNONYMS } from './synonyms.ts'
import { type Token, tokenize } from './tokens.ts'

/** What was extracted from a prompt. */
export interface Reading {
  readonly language: string | undefined
  /** In order of appearance. */
  readonly numbers: readonly string[]
  readonly units: readonly string[]
  readonly identifiers: readonly string[]
  readonly negations: number
  /** Stems of words that are written as names. */
  readonly names: readonly string[]
  /** Stems of the words that carry meaning, in order; synonyms have the same stem. */
  readonly content: readonly string[]
  /** Stems and texts of all words, stop words included. */
  readonly words: ReadonlySet<string>
  readonly question: Question
  /** The stop words that matter: see `lightWords`. */
  readonly light: string
  /** The content words that follow each preposition: `from` leads to `london`. */
  readonly roles: ReadonlyMap<string, readonly string[]>
  /** Whom the pronouns stand for, in order; without I, you and we in a `how` question. */
  readonly persons: readonly string[]
  /** Whether it has two sides that can be swapped: `between`, `versus`, `or`. */
  readonly isSymmetric: boolean
}

const ROLES = wordsIn(
  'from to into than before after by over against without via onto under like as',
)
const SYMMETRIC = wordsIn('and or between vs versus difference compare')
/** Words before an infinitive such as "to do", as opposed to "to London". */
const BEFORE_INFINITIVES = wordsIn(
  'how way ways want need like able have going used try order what where when whether learn',
)
/** Capitals mean nothing in a prompt of at least `TITLE_WORDS` words if this share of them has capitals. */
const TITLE_SHARE = 0.6
const TITLE_WORDS = 4

/** Reads a prompt, in time linear in its length. */
export function read(prompt: string): Reading {
  const tokens = withoutTitleCase(tokenize(prompt))
  const texts = tokens.flatMap((token) => (token.kind === 'word' ? [token.text] : []))
  const content = tokens.flatMap(contentOf)
  const question = questionOf(texts)
  return {
    language: languageOf(prompt, texts),
    numbers: ofKind(tokens, 'number'),
    units: texts.flatMap((word) => UNITS.get(word) ?? []),
    identifiers: ofKind(tokens, 'identifier'),
    negations: texts.filter((word) => NEGATIONS.has(word) || NEGATING_CHARACTERS.has(word)).length,
    names: tokens.flatMap((token) =>
      token.kind === 'word' && token.isName ? contentOf(token) : [],
    ),
    content,
    words: new Set([...texts, ...texts.map(stem), ...content]),
    question,
    light: lightWords(texts, question),
    roles: rolesIn(tokens),
    persons: personsIn(texts, question),
    isSymmetric: texts.some((word) => SYMMETRIC.has(word)),
  }
}

/** In a prompt in capitals, Or In Title Case, capitals do not mark names. */
function withoutTitleCase(tokens: readonly Token[]): readonly Token[] {
  const words = tokens.filter((token) => token.kind === 'word')
  const names = words.filter(({ isName }) => isName).length
  if (words.length < TITLE_WORDS || names < words.length * TITLE_SHARE) return tokens
  return tokens.map((token) => (token.kind === 'word' ? { ...token, isName: false } : token))
}

function ofKind(tokens: readonly Token[], kind: Token['kind']): string[] {
  return tokens.filter((token) => token.kind === kind).map(({ text }) => text)
}

/** The stem of a token, if the token carries meaning. */
function contentOf(token: Token): readonly string[] {
  if (token.kind !== 'word') return [token.text]
  const { text, isName } = token
  // "us" and "it" are stop words, "US" and "IT" are not.
  if (!isName && (STOP_WORDS.has(text) || FILLERS.has(text))) return []
  const unit = UNITS.get(text)
  if (unit !== undefined) return [unit]
  const base = stem(text)
  return [SYNONYMS.get(text) ?? SYNONYMS.get(base) ?? base]
}

function personsIn(words: readonly string[], question: Question): readonly string[] {
  return (
    words
      .flatMap((word) => PERSONS.get(word) ?? [])
      // "How do I" and "how can you" ask for the same.
      .filter((person) => question !== 'how' || !/^(i|you|we)$/.test(person))
  )
}

/** The next content word after each preposition. */
function rolesIn(tokens: readonly Token[]): ReadonlyMap<string, readonly string[]> {
  const roles = new Map<string, string[]>()
  let open: string[] = []
  for (const [i, token] of tokens.entries()) {
    if (token.kind === 'word' && ROLES.has(token.text)) {
      if (!isOfInfinitive(token, tokens[i - 1])) open.push(token.text)
      continue
    }
    const [meant] = contentOf(token)
    if (meant === undefined) continue
    for (const role of open) roles.set(role, [...(roles.get(role) ?? []), meant])
    open = []
  }
  return roles
}

function isOfInfinitive({ text }: Token, before: Token | undefined): boolean {
  return text === 'to' && BEFORE_INFINITIVES.has(before?.text ?? '')
}
