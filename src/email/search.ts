/**
 * Splits messages and searches into words. The full-text index in SQL and the comparison in memory use the
 * same words, so both find the same messages.
 *
 * @module
 */

import { streamSafe } from '../entry/stream-safe.ts'
import { InvalidFilterError } from '../errors.ts'
import { withoutReferences } from './character-references.ts'
import type { Email } from './email.ts'

/** The parts of a message that are searched. */
export type Searchable = Pick<
  Email,
  'subject' | 'senderEmail' | 'senderName' | 'bodyText' | 'bodyHtml'
>

/** The longest text of a search, in characters. */
export const MAX_SEARCH_LENGTH = 1_000

/** Characters of a body that are searched; later text is not found. */
export const SEARCHED_BODY_LENGTH = 50_000

/** Words that a search may have: a longer one is probably a mistake, and each word costs a look-up. */
const MAX_TERMS = 32

/** Characters of a word that are indexed. Longer "words" are encoded data. */
const MAX_TOKEN_LENGTH = 64

const WORD = /[\p{L}\p{N}\p{M}]+/gu
const SEARCH_WORD = /[\p{L}\p{N}\p{M}]+\*?/gu

/** Scripts without spaces between words. A run of such characters is split into characters and pairs. */
const UNSPACED =
  /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]+/u

/** The group makes `split` keep the separators. */
const UNSPACED_RUNS = new RegExp(`(${UNSPACED.source})`, 'u')

/**
 * Combining accents of Latin, Greek and Cyrillic letters: `cafe` finds `Café`. Also the soft hyphen, which
 * stands inside words and is only visible at the end of a line.
 */
const ACCENTS = /[\u0300-\u036f\u00ad]/g

/**
 * The words of a message: of the subject, of the sender's name and address, and of the start of the text (of
 * the HTML if there is no text). In lower case, without accents, compatibility characters decomposed (NFKD).
 */
export function searchTokens(email: Searchable): ReadonlySet<string> {
  const { subject, senderName, senderEmail, bodyText, bodyHtml } = email
  const body = bodyText ?? plainText(bodyHtml ?? '')
  const text = [subject, senderName ?? '', senderEmail, body.slice(0, SEARCHED_BODY_LENGTH)]
  const tokens = new Set<string>()
  for (const [word] of fold(text.join('\n')).matchAll(WORD)) {
    for (const token of indexed(word)) tokens.add(token)
  }
  return tokens
}

/**
 * Reads a search into its terms. A message must have all of them, in any order; a term that ends in `*`
 * matches by prefix. Terms are sorted, without duplicates and without those that another term implies.
 *
 * @throws {InvalidFilterError} When the text is too long, or does not have 1 to 32 words.
 */
export function readSearch(value: unknown, field: string): readonly string[] {
  if (typeof value !== 'string' || value.length > MAX_SEARCH_LENGTH) {
    throw new InvalidFilterError(field, `a text of at most ${MAX_SEARCH_LENGTH} characters`)
  }
  const terms = [...fold(value).matchAll(SEARCH_WORD)].flatMap(([word]) => asked(word))
  const set = withoutImplied(terms)
  if (set.length === 0 || set.length > MAX_TERMS) {
    throw new InvalidFilterError(field, `a text of 1 to ${MAX_TERMS} words`)
  }
  return set
}

/** Whether a message with these words meets all terms. */
export function hasTerms(tokens: ReadonlySet<string>, terms: readonly string[]): boolean {
  return terms.every((term) =>
    isPrefix(term) ? someStartsWith(tokens, term.slice(0, -1)) : tokens.has(term),
  )
}

/** Sorts terms and removes duplicates and terms that another term implies. */
export function withoutImplied(terms: readonly string[]): readonly string[] {
  const set = [...new Set(terms)]
  return set.filter((term) => !set.some((other) => other !== term && implies(other, term))).sort()
}

/** Whether every message that meets `one` also meets `other`. */
export function implies(one: string, other: string): boolean {
  if (!isPrefix(other)) return one === other
  return (isPrefix(one) ? one.slice(0, -1) : one).startsWith(other.slice(0, -1))
}

/**
 * The search as an FTS5 query. Words need no escaping: they have only letters, digits and combining marks.
 */
export function matchExpression(terms: readonly string[]): string {
  return terms
    .map((term) => (isPrefix(term) ? `"${term.slice(0, -1)}"*` : `"${term}"`))
    .join(' AND ')
}

/** The text of HTML, approximate but good enough for search and preview. Takes linear time. */
export function plainText(html: string): string {
  const text = withoutCode(html.slice(0, SEARCHED_BODY_LENGTH))
  // A `<` after the last `>` cannot start a tag.
  const end = text.lastIndexOf('>') + 1
  return withoutReferences(text.slice(0, end).replaceAll(/<[^>]*>/g, ' ') + text.slice(end))
}

/** Removes style and script elements; those without an end tag are kept. */
function withoutCode(html: string): string {
  const unclosed = new Set<string>()
  let kept = ''
  let from = 0
  for (const { 1: name = '', index } of html.matchAll(/<(style|script)\b/gi)) {
    const kind = name.toLowerCase()
    if (index < from || unclosed.has(kind)) continue
    const end = endOf(html, kind, index)
    if (end === undefined) {
      unclosed.add(kind)
      continue
    }
    kept += `${html.slice(from, index)} `
    from = end
  }
  return kept + html.slice(from)
}

function endOf(html: string, kind: string, index: number): number | undefined {
  const start = html.indexOf('>', index)
  if (start < 0) return undefined
  const closing = kind === 'style' ? /<\/style\s*>/gi : /<\/script\s*>/gi
  closing.lastIndex = start
  return closing.test(html) ? closing.lastIndex : undefined
}

function isPrefix(term: string): boolean {
  return term.endsWith('*')
}

function someStartsWith(tokens: ReadonlySet<string>, prefix: string): boolean {
  for (const token of tokens) if (token.startsWith(prefix)) return true
  return false
}

/** Lower-cases before and after NFKD: some characters only become upper-case letters by the decomposition. */
function fold(text: string): string {
  const bare = streamSafe(text)
    .toWellFormed()
    .toLowerCase()
    .normalize('NFKD')
    .replaceAll(ACCENTS, '')
    .toLowerCase()
  // The separators that `streamSafe` inserted (U+034F) were removed with the accents, so insert them again.
  return streamSafe(bare).normalize('NFC')
}

/** The tokens that the index has for a word: the word, or all characters and pairs of an unspaced run. */
function indexed(word: string): readonly string[] {
  if (!UNSPACED.test(word)) return [cut(word)]
  return runs(word).flatMap(({ text, isUnspaced }) =>
    isUnspaced ? [...text, ...pairs(text)] : [cut(text)],
  )
}

/** The tokens that a search looks up for a word: the word, or the pairs of an unspaced run. */
function asked(word: string): readonly string[] {
  const bare = isPrefix(word) ? word.slice(0, -1) : word
  const parts = runs(bare)
  const last = parts.at(-1)
  return parts.flatMap((part) => {
    const { text, isUnspaced } = part
    if (isUnspaced) return [...text].length === 1 ? [text] : pairs(text)
    const token = cut(text)
    // A token of the maximum length was cut, so it already matches every word that begins with it.
    const isOpen = isPrefix(word) && part === last && [...token].length < MAX_TOKEN_LENGTH
    return [isOpen ? `${token}*` : token]
  })
}

function runs(word: string): { readonly text: string; readonly isUnspaced: boolean }[] {
  return word
    .split(UNSPACED_RUNS)
    .map((text, index) => ({ text, isUnspaced: index % 2 === 1 }))
    .filter(({ text }) => text !== '')
}

function pairs(text: string): string[] {
  const characters = [...text]
  return characters.slice(1).map((character, index) => `${characters[index]}${character}`)
}

/** Cuts by code points, so that no surrogate pair is split. */
function cut(word: string): string {
  return word.length <= MAX_TOKEN_LENGTH ? word : [...word].slice(0, MAX_TOKEN_LENGTH).join('')
}
