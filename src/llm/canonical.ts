/**
 * Canonical texts for cache keys: JSON that does not depend on the order of members, and prompts without
 * differences that do not matter.
 *
 * @module
 */

import { encodeUtf8, toBase64Url } from '../entry/bytes.ts'
import { sha256 } from '../entry/sha256.ts'
import { streamSafe } from '../entry/stream-safe.ts'
import { InvalidValueError } from '../errors.ts'

/** Deeper requests are refused, because they could overflow the stack. */
const MAX_DEPTH = 500

/**
 * JSON with object members sorted by name (by UTF-16 units, as in RFC 8785) and without those that are
 * `undefined`. Arrays keep their order.
 *
 * @throws {InvalidValueError} For values that JSON cannot represent, and for more than 500 levels.
 */
export function canonicalJson(value: unknown, depth = 0): string {
  if (depth > MAX_DEPTH) throw new InvalidValueError('it is nested too deeply')
  if (Array.isArray(value)) {
    return `[${value.map((item) => canonicalJson(item ?? null, depth + 1)).join(',')}]`
  }
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member, depth + 1)}`)
    return `{${members.join(',')}}`
  }
  const text: string | undefined = typeof value === 'bigint' ? undefined : JSON.stringify(value)
  if (text === undefined) throw new InvalidValueError('a part of the request is no JSON')
  return text
}

/** SHA-256 of a text, as 43 characters of base64url. */
export function digest(text: string): string {
  return toBase64Url(sha256(encodeUtf8(text)))
}

/**
 * Removes differences that no model heeds: composes Unicode (NFC), ends lines with `\n` and trims white
 * space. Inner space, case and punctuation stay, because they have a meaning in code.
 */
export function normaliseText(text: string): string {
  return streamSafe(text).normalize('NFC').replace(/\r\n?/g, '\n').trim()
}

/**
 * Code, fenced (CommonMark, 4.5; an unclosed fence runs to the end) or within a line. The pattern cannot
 * match any text in two ways, so that no text makes it backtrack for long.
 */
const CODE =
  /((?<![^\n]) {0,3}(?=(`{3,}|~{3,}))\2[^\n]*\n[\s\S]*?(?:(?<![^\n]) {0,3}\2[^\n]*|$)|`[^`\n]+`)/
const ENDING = /[?.!？。！\s]/u
/** Of single letters only `A` and `I`, which are words: others are units, options and names of languages. */
const CAPITALISED = /(?<![\p{L}\p{N}_\\])(?:\p{Lu}\p{Ll}+|(?<!-)[AI])(?![\p{L}\p{N}_])/gu

/**
 * Also removes differences that seldom matter: initial capitals, repeated spaces within a line, and the
 * punctuation at the end. Words with capitals inside, such as `US` or `getUser`, other single letters and
 * code stay unchanged.
 *
 * @param text What {@link normaliseText} returned.
 */
export function foldText(text: string): string {
  // `split` also returns the captured groups: prose, code, fence, prose, and so on.
  const pieces = text.split(CODE)
  const folded = pieces.map((piece = '', i) => {
    if (i % 3 === 1) return piece
    return i % 3 === 2 ? '' : foldProse(piece)
  })
  return withoutEnding(folded.join('').trim())
}

function withoutEnding(text: string): string {
  let end = text.length
  while (end > 0 && ENDING.test(text.charAt(end - 1))) end--
  return text.slice(0, end)
}

function foldProse(text: string): string {
  return (
    text
      .replace(CAPITALISED, (word) => word.toLowerCase())
      // Keeps the indentation of lines, which matters in code outside a fence.
      .replace(/[^\S\n]+/g, (run, at: number, all: string) => (all[at - 1] === '\n' ? run : ' '))
      .replace(/ ?\n(?:[^\S\n]*\n)*/g, '\n')
  )
}
