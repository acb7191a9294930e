/**
 * One text for each meaning: JSON that does not depend on the order of members, and prompts that do
 * not depend on how their lines end.
 *
 * @module
 */

import { encodeUtf8, toBase64Url } from '../entry/bytes.ts'
import { sha256 } from '../entry/sha256.ts'
import { streamSafe } from '../entry/stream-safe.ts'
import { InvalidValueError } from '../errors.ts'

/** Deeper requests are refused: they would cost the reader its stack. */
const MAX_DEPTH = 500

/**
 * JSON with the members of objects in the order of their names (by UTF-16 units, as RFC 8785 has it),
 * those that are `undefined` left out, and arrays as they are.
 *
 * @throws {InvalidValueError} For what JSON has no text for, and for nesting deeper than 500 levels.
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
 * A prompt without what no model heeds: Unicode composed (NFC), lines ended by `\n`, no white space
 * around. Inner space, case and punctuation stay: they mean something in code.
 */
export function normaliseText(text: string): string {
  return streamSafe(text).normalize('NFC').replace(/\r\n?/g, '\n').trim()
}

/**
 * Code, fenced (CommonMark, 4.5; a fence that is left open runs to the end) or within a line. No part of it
 * is tried in a second way, whatever the text.
 */
const CODE =
  /((?<![^\n]) {0,3}(?=(`{3,}|~{3,}))\2[^\n]*\n[\s\S]*?(?:(?<![^\n]) {0,3}\2[^\n]*|$)|`[^`\n]+`)/
const ENDING = /[?.!？。！\s]/u
/** Of single letters only those that are words: others are units, options and names of languages. */
const CAPITALISED = /(?<![\p{L}\p{N}_\\])(?:\p{Lu}\p{Ll}+|(?<!-)[AI])(?![\p{L}\p{N}_])/gu

/**
 * A prompt without what seldom matters either: initial capitals, runs of spaces within a line, the marks
 * that end it. Words with capitals inside, such as `US` or `getUser`, single letters and code stay as they are.
 *
 * @param text What {@link normaliseText} returned.
 */
export function foldText(text: string): string {
  // Of each three pieces the first is prose, the second code, the third its fence.
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
      // How far a line is indented says something in code that is in no fence.
      .replace(/[^\S\n]+/g, (run, at: number, all: string) => (all[at - 1] === '\n' ? run : ' '))
      .replace(/ ?\n(?:[^\S\n]*\n)*/g, '\n')
  )
}
