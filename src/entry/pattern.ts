/**
 * Patterns over keys: `*` is any run of characters, `?` one character, and `\` makes the next one
 * literal. Everything else, brackets included, is literal. Patterns are never turned into a RegExp.
 *
 * @module
 */

import { InvalidKeyError } from '../errors.ts'
import { checkText } from './name-text.ts'

const MAX_PATTERN_BYTES = 1_024
const MAX_WILDCARDS = 32
const TOKEN = /\\.?|\*+|\?|[^\\*?]+/gsu

/** A part of a pattern: literal text, any one character, or any run of characters. */
export type PatternPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'one' }
  | { readonly kind: 'run' }

/**
 * Splits a pattern into its parts. Adjacent literal characters form one text, adjacent stars one
 * run.
 *
 * @throws {InvalidKeyError} When the pattern is empty, has a lone surrogate or ends in a lone `\`,
 * is longer than 1,024 bytes, or has more than 32 runs of wildcards.
 */
export function parsePattern(pattern: string): readonly PatternPart[] {
  checkText(pattern, 'pattern', MAX_PATTERN_BYTES)
  const parts: PatternPart[] = []
  for (const [token] of pattern.matchAll(TOKEN)) {
    if (token === '\\') throw new InvalidKeyError('pattern ends in a lone escape')
    if (token === '?') parts.push({ kind: 'one' })
    else if (token.startsWith('*')) parts.push({ kind: 'run' })
    else pushText(parts, token.startsWith('\\') ? token.slice(1) : token)
  }
  checkWildcards(parts)
  return parts
}

/**
 * Returns a function that tells whether a key, as users write it, matches the pattern. The number of steps is at most
 * the product of both lengths, whatever the pattern (no exponential case), and usually about the key's length.
 *
 * @throws {InvalidKeyError} As {@link parsePattern} does.
 */
export function compilePattern(pattern: string): (key: string) => boolean {
  const wanted: string[] = []
  for (const part of parsePattern(pattern)) {
    if (part.kind === 'text') wanted.push(...part.text)
    else wanted.push(part.kind)
  }
  return (key) => matches(wanted, key)
}

/** A character is one code point, so the words `one` and `run` in `wanted` cannot be mistaken for one. */
function matches(wanted: readonly string[], key: string): boolean {
  let at = 0
  let position = 0
  // Where to continue after the last run seen, and where that run ends. Only this choice is ever revised.
  let afterRun = -1
  let runEnd = 0
  while (position < key.length) {
    const char = characterAt(key, position)
    const want = wanted[at]
    if (want === 'run') {
      afterRun = ++at
      runEnd = position
    } else if (want === 'one' || want === char) {
      at++
      position += char.length
    } else if (afterRun >= 0) {
      runEnd += characterAt(key, runEnd).length
      at = afterRun
      position = runEnd
    } else {
      return false
    }
  }
  return at === wanted.length || (at === wanted.length - 1 && wanted[at] === 'run')
}

function characterAt(text: string, index: number): string {
  return String.fromCodePoint(text.codePointAt(index) ?? 0)
}

/** Appends text to the text before it, because each escaped character is a token of its own. */
function pushText(parts: PatternPart[], text: string): void {
  const last = parts.at(-1)
  if (last?.kind === 'text') parts[parts.length - 1] = { kind: 'text', text: last.text + text }
  else parts.push({ kind: 'text', text })
}

/** Limits runs of wildcards: each becomes a star, and Redis matches a star by recursion. */
function checkWildcards(parts: readonly PatternPart[]): void {
  const runs = parts.filter(
    (p, i) => p.kind !== 'text' && (parts[i - 1]?.kind ?? 'text') === 'text',
  )
  if (runs.length > MAX_WILDCARDS) {
    throw new InvalidKeyError(`pattern has more than ${MAX_WILDCARDS} wildcards`)
  }
}
