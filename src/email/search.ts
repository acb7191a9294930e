/**
 * Words of a message, and of a search for it. One definition for SQL and for memory: what is made
 * here is what the full-text index holds, and what a message is compared by.
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

/** Characters of a body that are searched; what comes after is not found. */
export const SEARCHED_BODY_LENGTH = 50_000

/** Words a search may have: a longer one is a mistake, and each costs a look-up. */
const MAX_TERMS = 32

/** Characters of a word that count. Longer ones are encodings, not words. */
const MAX_TOKEN_LENGTH = 64

const WORD = /[\p{L}\p{N}\p{M}]+/gu
const SEARCH_WORD = /[\p{L}\p{N}\p{M}]+\*?/gu

/** Scripts that put no space between words, so a run of them is taken apart. */
const UNSPACED =
  /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]+/u

/** With the separators kept, for `split`. */
const UNSPACED_RUNS = new RegExp(`(${UNSPACED.source})`, 'u')

/**
 * Accents as letters carry them in Latin, Greek and Cyrillic: `Café` is found by `cafe`. And the soft hyphen,
 * which stands within words and shows at the end of a line alone.
 */
const ACCENTS = /[\u0300-\u036f\u00ad]/g

/**
 * The words of a message: subject, sender's name and address, and the start of the text (that of
 * the HTML where there is no text), in lower case, without accents, compatibility forms made plain.
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
 * What a search asks for: every word of the text, in any order; one that ends in `*` is the
 * beginning of a word. Sorted, without repeats and without what another one implies.
 *
 * @throws {InvalidFilterError} When the text is too long, or has no word.
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

/** Whether a message with these words is found. */
export function hasTerms(tokens: ReadonlySet<string>, terms: readonly string[]): boolean {
  return terms.every((term) =>
    isPrefix(term) ? someStartsWith(tokens, term.slice(0, -1)) : tokens.has(term),
  )
}

/** Sorted terms without repeats, and without those that another one implies. */
export function withoutImplied(terms: readonly string[]): readonly string[] {
  const set = [...new Set(terms)]
  return set.filter((term) => !set.some((other) => other !== term && implies(other, term))).sort()
}

/** Whether each message that has `one` has `other` as well. */
export function implies(one: string, other: string): boolean {
  if (!isPrefix(other)) return one === other
  return (isPrefix(one) ? one.slice(0, -1) : one).startsWith(other.slice(0, -1))
}

/**
 * The search as FTS5 is asked for it. Words hold neither quotes nor anything else with a meaning
 * there.
 */
export function matchExpression(terms: readonly string[]): string {
  return terms
    .map((term) => (isPrefix(term) ? `"${term.slice(0, -1)}"*` : `"${term}"`))
    .join(' AND ')
}

/** The text of HTML, near enough to search it and to show the start of it. Takes one look at each part. */
export function plainText(html: string): string {
  const text = withoutCode(html.slice(0, SEARCHED_BODY_LENGTH))
  // What is opened behind the last end of a tag is none.
  const end = text.lastIndexOf('>') + 1
  return withoutReferences(text.slice(0, end).replaceAll(/<[^>]*>/g, ' ') + text.slice(end))
}

/** Without styles and scripts, those apart whose end is missing. */
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

/** Lower case both before and after, for letters that only their plain form has in upper case. */
function fold(text: string): string {
  const bare = streamSafe(text)
    .toWellFormed()
    .toLowerCase()
    .normalize('NFKD')
    .replaceAll(ACCENTS, '')
    .toLowerCase()
  // What kept the marks apart was one of the accents.
  return streamSafe(bare).normalize('NFC')
}

/** What the index holds of a word: itself, or each character and each pair of an unspaced run. */
function indexed(word: string): readonly string[] {
  if (!UNSPACED.test(word)) return [cut(word)]
  return runs(word).flatMap(({ text, isUnspaced }) =>
    isUnspaced ? [...text, ...pairs(text)] : [cut(text)],
  )
}

/** What a search asks the index for: the word, or the pairs of an unspaced run. */
function asked(word: string): readonly string[] {
  const bare = isPrefix(word) ? word.slice(0, -1) : word
  const parts = runs(bare)
  const last = parts.at(-1)
  return parts.flatMap((part) => {
    const { text, isUnspaced } = part
    if (isUnspaced) return [...text].length === 1 ? [text] : pairs(text)
    const token = cut(text)
    // A word cut short stands for all that begin like it already.
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

/** By code points, so that none is torn in two. */
function cut(word: string): string {
  return word.length <= MAX_TOKEN_LENGTH ? word : [...word].slice(0, MAX_TOKEN_LENGTH).join('')
}
