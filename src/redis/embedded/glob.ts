/**
 * The patterns of KEYS, MATCH and PSUBSCRIBE: `*`, `?`, `[a-z]`, `[^a]` and `\` to escape.
 *
 * @module
 */

import { toByteString } from './text.ts'

/** One element of a pattern: any run of characters, any one character, a given one, or one of a class. */
type Token = 'run' | 'one' | string | CharacterClass

/** Both ends are included. */
type Range = readonly [first: string, last: string]

interface CharacterClass {
  readonly isNegated: boolean
  readonly ranges: readonly Range[]
}

/**
 * Compiles a pattern. Like Redis, `?` and classes match one byte of UTF-8.
 *
 * Matching goes back no further than the last `*`, so the cost of a hostile pattern is at most its length
 * times that of the text. No regular expression is built from it.
 */
export function compileGlob(pattern: string): (text: string) => boolean {
  if (pattern === '*') return () => true
  if (!/[*?[\\]/.test(pattern)) return (text) => text === pattern
  const tokens = tokenize(toByteString(pattern))
  return (text) => matches(tokens, toByteString(text))
}

function tokenize(pattern: string): readonly Token[] {
  const tokens: Token[] = []
  let index = 0
  while (index < pattern.length) {
    const [token, next] = readToken(pattern, index)
    if (token !== 'run' || tokens.at(-1) !== 'run') tokens.push(token)
    index = next
  }
  return tokens
}

function readToken(pattern: string, index: number): [token: Token, next: number] {
  const character = pattern.charAt(index)
  if (character === '*') return ['run', index + 1]
  if (character === '?') return ['one', index + 1]
  if (character === '[') return readClass(pattern, index + 1)
  // A backslash at the end stands for itself.
  if (character === '\\' && index + 1 < pattern.length)
    return [pattern.charAt(index + 1), index + 2]
  return [character, index + 1]
}

/** Reads a class after its `[`. A class that is never closed ends with the pattern. */
function readClass(pattern: string, start: number): [token: CharacterClass, next: number] {
  const isNegated = pattern.charAt(start) === '^'
  const ranges: Range[] = []
  let index = isNegated ? start + 1 : start
  while (index < pattern.length && pattern.charAt(index) !== ']') {
    const [range, next] = readRange(pattern, index)
    ranges.push(range)
    index = next
  }
  return [{ isNegated, ranges }, index + 1]
}

function readRange(pattern: string, index: number): [range: Range, next: number] {
  const first = pattern.charAt(index)
  const second = pattern.charAt(index + 1)
  if (first === '\\' && second !== '') return [[second, second], index + 2]
  // The end of a range may be a `]`, which then does not close the class.
  const last = pattern.charAt(index + 2)
  if (second !== '-' || last === '') return [[first, first], index + 1]
  return [first <= last ? [first, last] : [last, first], index + 3]
}

function matches(tokens: readonly Token[], text: string): boolean {
  let token = 0
  let index = 0
  /** Where to resume when the rest after the last `*` does not match: the `*` then takes one more character. */
  let runToken = -1
  let runIndex = 0
  while (index < text.length) {
    const current = tokens[token]
    if (current === 'run') {
      runToken = token++
      runIndex = index
    } else if (current !== undefined && matchesOne(current, text.charAt(index))) {
      token++
      index++
    } else if (runToken >= 0) {
      token = runToken + 1
      index = ++runIndex
    } else {
      return false
    }
  }
  while (tokens[token] === 'run') token++
  return token === tokens.length
}

function matchesOne(token: Token, character: string): boolean {
  if (token === 'one') return true
  if (typeof token === 'string') return token === character
  return (
    token.ranges.some(([first, last]) => character >= first && character <= last) !==
    token.isNegated
  )
}
