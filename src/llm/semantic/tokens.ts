/**
 * Splits a prompt into words, numbers, and identifiers that must be compared exactly.
 *
 * @module
 */

import { streamSafe } from '../../entry/stream-safe.ts'
import { NUMBER_WORDS, PHRASES, UNITS } from './lexicon.ts'

/** A piece of a prompt. */
export type Token =
  /** A word in lower case, and whether it is written as a name: see `isNamed`. */
  | { readonly kind: 'word'; readonly text: string; readonly isName: boolean }
  /** A number in its shortest form. */
  | { readonly kind: 'number'; readonly text: string }
  /** Code, an address, a version, an operator. */
  | { readonly kind: 'identifier'; readonly text: string }

/** Callers bound the length of prompts; this bounds the work for any that they do not. */
const MAX_TOKENS = 2_000

const CONTRACTIONS: readonly (readonly [RegExp, string])[] = [
  [/\b(?:can't|cant)\b/gi, 'can not'],
  [/\bcannot\b/gi, 'can not'],
  [/\bwon't\b/gi, 'will not'],
  [
    /\b(are|could|did|does|do|had|has|have|is|should|was|were|would|must|need)n['’]?t\b/gi,
    '$1 not',
  ],
  [/\b(what|who|where|when|why|how|that|there|it|he|she)['’]s\b/gi, '$1 is'],
  [/\b(what|who|where|when|how)s\b(?=\s+(?:the|a|an|it|your|my)\b)/gi, '$1 is'],
  [/['’](?:m|re)\b/gi, ' are'],
  [/['’]ve\b/gi, ' have'],
  [/['’]ll\b/gi, ' will'],
  [/['’]d\b/gi, ' would'],
  [/['’]s?(?=\s|$|[?.,!])/gi, ''],
]

/** The order matters: the first alternative that matches takes the text. */
const PIECES = new RegExp(
  [
    '`{1,3}(?<code>[^`]{1,500})`{1,3}',
    '(?<url>(?:https?:\\/\\/|www\\.)[^\\s)>\\]]+[^\\s)>\\].,;:!?])',
    '(?<mail>[\\w.+-]+@[\\w-]+(?:\\.[\\w-]+)+)',
    '(?<flag>(?<![\\w-])--?[a-z][\\w-]*(?==|\\b)|\\\\[a-z](?![\\p{L}]))',
    '(?<lang>\\b(?:[cf]#|c\\+\\+|\\.net\\b)|(?<!\\w)\\.net\\b)',
    '(?<date>\\b\\d{1,4}(?:[:/-]\\d{1,4}){1,2}(?:[:.]\\d+)?\\b)',
    '(?<version>\\bv?\\d+(?:\\.\\d+){2,}\\b|\\bv\\d+(?:\\.\\d+)*\\b)',
    '(?<number>(?:(?<=^|[\\s(=])[-−])?(?:\\d{1,3}(?:,\\d{2,3})+|\\d+)(?:\\.\\d+)?)(?<suffix>st|nd|rd|th|[a-zµ%°]+)?(?![\\w])',
    '(?<path>(?:\\.{0,2}\\/)?(?:[\\w.-]+\\/){2,}[\\w.-]*|(?<![\\w.])[\\/~][\\w.-]+(?:\\/[\\w.-]+)*)',
    '(?<dotted>[\\p{L}_$][\\w$]*(?:(?:\\.|::|->|\\\\)[\\p{L}_$][\\w$]*)+(?:\\(\\))?|[\\p{L}\\w$]+\\(\\))',
    '(?<mixed>\\$?[\\p{L}_][\\p{L}\\w$]*[\\d_$][\\p{L}\\w$]*|\\d+[\\p{L}_][\\p{L}\\w]*|\\$[A-Z_]\\w*|#\\w+|@\\w+)',
    '(?<cjk>[\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}])',
    "(?<word>[\\p{L}\\p{M}]+(?:['’-][\\p{L}\\p{M}]+)*)",
    '(?<sign>[$€£₹¥%°])',
    '(?<operator>[<>=!+*^|&#~@{}\\\\]{2,}|->|[<>+*^=#~@\\\\]|[()\\[\\]{}]{1}[,;:]?[()\\[\\]{}])',
    '(?<end>[.?!:;\\n])',
  ].join('|'),
  'giu',
)

/** Numbers with more digits are compared as they are written: a float would round them, as it does ids. */
const EXACT_DIGITS = 15
const MAGNITUDES: Readonly<Record<string, number>> = { k: 1e3, m: 1e6, bn: 1e9, b: 1e9 }
const SIGNS: Readonly<Record<string, string>> = {
  $: 'usd',
  '€': 'eur',
  '£': 'gbp',
  '₹': 'inr',
  '¥': 'jpy',
  '%': 'percent',
  '°': 'degree',
}

/** The tokens of a prompt, in order. */
export function tokenize(prompt: string): readonly Token[] {
  let text = streamSafe(prompt).normalize('NFKC').replace(/[‘’ʼ]/g, "'").replace(/[“”]/g, '"')
  for (const [pattern, full] of [...CONTRACTIONS, ...PHRASES]) text = text.replace(pattern, full)
  const tokens: Token[] = []
  let atStart = true
  for (const { groups: found = {} } of text.matchAll(PIECES)) {
    if (tokens.length >= MAX_TOKENS) break
    tokens.push(...tokensOf(found, atStart))
    atStart = found['end'] !== undefined
  }
  return tokens
}

type Found = Readonly<Record<string, string | undefined>>

function tokensOf(found: Found, atStart: boolean): readonly Token[] {
  if (found['number'] !== undefined) return numberTokens(found['number'], found['suffix'])
  if (found['word'] !== undefined) return wordTokens(found['word'], atStart)
  if (found['cjk'] !== undefined) return [word(found['cjk'], false)]
  if (found['sign'] !== undefined) return [word(SIGNS[found['sign']] ?? found['sign'], false)]
  if (found['date'] !== undefined) return [number(found['date'])]
  // Code in backticks, options and escapes keep their case; in other identifiers it is often accidental.
  const literal = found['code'] ?? found['flag']
  if (literal !== undefined) return [identifier(literal.trim())]
  const exact = Object.entries(found).find(([kind, text]) => text !== undefined && kind !== 'end')
  return exact?.[1] === undefined ? [] : [identifier(exact[1].toLowerCase())]
}

function numberTokens(digits: string, suffix = ''): readonly Token[] {
  const plain = digits.replaceAll(',', '').replace('−', '-')
  const value = plain.replace(/\D/g, '').length > EXACT_DIGITS ? plain : Number(plain)
  const ending = suffix.toLowerCase()
  if (ending === '') return [number(String(value))]
  if (/^(?:st|nd|rd|th)$/.test(ending)) return [number(`#${value}`)]
  const magnitude = MAGNITUDES[ending]
  if (magnitude !== undefined && !/^m$/.test(ending)) {
    return [number(String(Number(value) * magnitude))]
  }
  const sign = SIGNS[ending]
  if (sign !== undefined || UNITS.has(ending)) {
    return [number(String(value)), word(sign ?? ending, false)]
  }
  return [identifier(`${digits}${ending}`)]
}

function wordTokens(text: string, atStart: boolean): readonly Token[] {
  const lower = text.toLowerCase()
  const asNumber = NUMBER_WORDS.get(lower)
  if (asNumber !== undefined) return [number(asNumber)]
  if (/\p{Ll}\p{Lu}/u.test(text)) return [word(lower, true)]
  const parts = text.split(/[-']/).filter((part) => part !== '')
  return parts.map((part) => word(part.toLowerCase(), isNamed(part, atStart)))
}

/** Whether a word is written as a name: all capitals, or a capital that does not start a sentence. */
function isNamed(text: string, atStart: boolean): boolean {
  if (/^\p{Lu}{2,}s?$/u.test(text)) return true
  return !atStart && /^\p{Lu}/u.test(text) && text !== 'I'
}

function word(text: string, isName: boolean): Token {
  return { kind: 'word', text, isName }
}

function number(text: string): Token {
  return { kind: 'number', text }
}

function identifier(text: string): Token {
  return { kind: 'identifier', text }
}
