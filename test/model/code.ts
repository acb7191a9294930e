/**
 * Encodes a state as a short text. Two states have the same text exactly if they are equal up to a
 * renaming of ids. The exploration visits each text once.
 *
 * @module
 */

import type { State } from './state.ts'

const NULL = 127
const FIRST_ID = 128
const LAST_ID = 255
const bytes: Buffer = Buffer.alloc(4_096)
const words = new Map<string, number>()
let length = 0
let ids: number[] = []

/** The text of a state: its fields in order, ids numbered by first appearance. */
export function codeOf(state: State): string {
  length = 0
  ids = []
  for (const field in state) if (field !== 'clock') put(state[field as keyof State])
  if (length > bytes.length || ids.length > LAST_ID - FIRST_ID) {
    throw new Error('a state is too large for its code')
  }
  return bytes.toString('latin1', 0, length)
}

function put(part: unknown): void {
  if (typeof part === 'number') putNumber(part)
  else if (part === null) bytes[length++] = NULL
  else if (typeof part === 'string') bytes[length++] = wordOf(part)
  else if (typeof part === 'boolean') bytes[length++] = part ? 1 : 0
  else if (Array.isArray(part)) {
    bytes[length++] = part.length
    for (let i = 0; i < part.length; i++) put(part[i])
  } else for (const field in part as object) put((part as Record<string, unknown>)[field])
}

function putNumber(number: number): void {
  if (number >= 0 && number < NULL) {
    bytes[length++] = number
    return
  }
  let name = ids.indexOf(number)
  if (name < 0) name = ids.push(number) - 1
  bytes[length++] = FIRST_ID + name
}

function wordOf(word: string): number {
  const number = words.get(word) ?? words.size
  if (number === words.size) words.set(word, number)
  return number
}

/** The same by a slower, more obvious method, to test {@link codeOf} against. */
export function plainCodeOf(state: State): string {
  const names = new Map<number, string>()
  return JSON.stringify({ ...state, clock: 0 }, (_field, part: unknown) => {
    if (typeof part !== 'number' || (part >= 0 && part < NULL)) return sorted(part)
    if (!names.has(part)) names.set(part, `#${names.size}`)
    return names.get(part)
  })
}

function sorted(part: unknown): unknown {
  if (part === null || typeof part !== 'object' || Array.isArray(part)) return part
  return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
}
