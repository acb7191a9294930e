/**
 * The text of a stored entry: a header of one line of ASCII, with times, tags and encoding, then the
 * payload. The header can be read without the payload.
 *
 * ```
 * N1;<writeId>;<createdAt>;<fresh>;<revalidate>;<stale>;<loadMs>;<encoding>;<tag>=<marker>,...\n<payload>
 * ```
 *
 * Numbers are whole and in base 36. `fresh`, `revalidate` and `stale` are each the distance from the instant before.
 *
 * @module
 */

import { CorruptEntryError, InvalidKeyError } from '../errors.ts'
import type { Lifetimes } from './freshness.ts'

/** Segment of a tag (`Keyspace.tag`) to the marker it had when the load began. */
export type Stamps = ReadonlyMap<string, string>

/** Everything that is stored about an entry, except its value. */
export interface EntryHeader extends Lifetimes {
  /** 16 characters of base64url, new for every write. */
  readonly writeId: string
  /** How long the loader took, in milliseconds. */
  readonly loadMs: number
  /** How the payload is encoded: see `EncodedValue.encoding`. */
  readonly encoding: string
  /** At most {@link MAX_STAMPS}. */
  readonly stamps: Stamps
}

/** The three parts of a stored text. A class: see docs/decisions/0015. */
export class ParsedEntry {
  declare readonly header: EntryHeader
  /** Encoded and untrusted. */
  declare readonly payload: string
  /** The header's line as stored, without its newline: what an encrypted payload is bound to. */
  declare readonly headerText: string

  constructor(header: EntryHeader, text: string, end: number) {
    this.header = header
    this.payload = text.slice(end + 1)
    this.headerText = text.slice(0, end)
  }
}

/** A header, from a match of {@link FIELDS}. A class: see docs/decisions/0015. */
class ParsedHeader implements EntryHeader {
  declare readonly writeId: string
  declare readonly createdAt: number
  declare readonly freshUntil: number
  declare readonly revalidateUntil: number
  declare readonly staleUntil: number
  declare readonly loadMs: number
  declare readonly encoding: string
  declare readonly stamps: Stamps

  constructor(fields: RegExpExecArray, stamps: Stamps) {
    this.writeId = fields[1] ?? ''
    this.createdAt = numberIn(fields[2])
    this.freshUntil = this.createdAt + numberIn(fields[3])
    this.revalidateUntil = this.freshUntil + numberIn(fields[4])
    this.staleUntil = this.revalidateUntil + numberIn(fields[5])
    this.loadMs = numberIn(fields[6])
    this.encoding = fields[7] ?? ''
    this.stamps = stamps
  }
}

/** `GETRANGE key 0 19` returns {@link writePrefix} of the entry's write id. */
export const WRITE_ID_RANGE: readonly [start: number, end: number] = [0, 19]
/**
 * How many tags a header can hold, implicit ones included. More than the 104 that an entry can have: 64 of its
 * own, 8 of declared prefixes and 32 of namespaces.
 */
const MAX_STAMPS = 128

const MAX_HEADER_CHARS = 65_536
const ID = '[A-Za-z0-9_-]'
// Nine digits reach the year 5188; no sum of four loses precision.
const NUMBER = '(0|[1-9a-z][0-9a-z]{0,8})'
const MARKER_TEXT = `${ID}{1,64}\\.${ID}{1,64}`
// Printable characters, without the separators: comma, semicolon and equals sign.
const STAMP = `[!-+\\--:<>-~]+=${MARKER_TEXT}`
const FIELDS = new RegExp(
  `^N1;(${ID}{16});${NUMBER};${NUMBER};${NUMBER};${NUMBER};${NUMBER};([a-z]{1,4}(?:\\.${ID}{1,16})?);`,
)
const STAMPS = new RegExp(`^${STAMP}(?:,${STAMP})*$`)
const WRITE_PREFIX = new RegExp(`^N1;${ID}{16};$`)
const MARKER = new RegExp(`^${MARKER_TEXT}$`)

/** The stamps that were read last, with their text. Entries that are read together often have equal stamps. */
let latest: { readonly text: string; readonly stamps: Stamps } = { text: '', stamps: new Map() }

/**
 * Identifies an entry among all that its key ever has: its {@link writePrefix}. Empty if there is no entry, `?` if
 * the text is not an entry.
 */
export function prefixOf(text: string | null): string {
  if (text === null) return ''
  const prefix = text.slice(0, WRITE_ID_RANGE[1] + 1)
  return WRITE_PREFIX.test(prefix) ? prefix : '?'
}

/** The characters of an entry with this write id in {@link WRITE_ID_RANGE}. */
export function writePrefix(writeId: string): string {
  return `N1;${writeId};`
}

/**
 * The header's line without its newline.
 *
 * @throws {InvalidKeyError} When there are more than 128 stamps.
 */
export function formatHeader(header: EntryHeader): string {
  const { writeId, createdAt, freshUntil, revalidateUntil, staleUntil, stamps } = header
  if (stamps.size > MAX_STAMPS) {
    throw new InvalidKeyError(`an entry has more than ${MAX_STAMPS} tags`)
  }
  let tags = ''
  for (const [segment, marker] of stamps) tags += `${tags && ','}${segment}=${marker}`
  const numbers = [
    createdAt,
    freshUntil - createdAt,
    revalidateUntil - freshUntil,
    staleUntil - revalidateUntil,
    header.loadMs,
  ]
  const digits = numbers.map((ms) => Math.round(ms).toString(36)).join(';')
  return `${writePrefix(writeId)}${digits};${header.encoding};${tags}`
}

/**
 * The text to store.
 *
 * @throws {InvalidKeyError} As {@link formatHeader} does.
 */
export function formatEntry(header: EntryHeader, payload: string): string {
  return `${formatHeader(header)}\n${payload}`
}

/**
 * Reads what {@link formatEntry} wrote.
 *
 * @throws {CorruptEntryError} When `text` is anything else.
 */
export function parseEntry(text: string): ParsedEntry {
  const end = text.indexOf('\n')
  if (end < 0) throw new CorruptEntryError('it has no header')
  if (end > MAX_HEADER_CHARS) throw new CorruptEntryError('the header is too long')

  const fields = FIELDS.exec(text)
  if (fields === null) throw new CorruptEntryError('the header is malformed')
  const stamps = stampsIn(text.slice(fields[0].length, end))
  return new ParsedEntry(new ParsedHeader(fields, stamps), text, end)
}

/** The header of an entry, even if the payload is cut off; `undefined` if `text` does not begin with a header. */
export function headerIn(text: string): EntryHeader | undefined {
  try {
    return parseEntry(text).header
  } catch (error) {
    if (error instanceof CorruptEntryError) return undefined
    throw error
  }
}

function numberIn(digits = '0'): number {
  return Number.parseInt(digits, 36)
}

function stampsIn(text: string): Stamps {
  if (text !== latest.text) {
    const own = detached(text)
    latest = { text: own, stamps: parseStamps(own) }
  }
  return latest.stamps
}

/** Copies a part of a text: engines would otherwise keep the whole text in memory as long as the part. */
export function detached(text: string): string {
  return `${text}\n`.slice(0, -1)
}

function parseStamps(text: string): Stamps {
  const stamps = new Map<string, string>()
  if (text === '') return stamps
  if (!STAMPS.test(text)) throw new CorruptEntryError('the header is malformed')
  const pairs = text.split(',', MAX_STAMPS + 1)
  if (pairs.length > MAX_STAMPS) throw new CorruptEntryError(`it has more than ${MAX_STAMPS} tags`)
  for (const pair of pairs) {
    const equals = pair.indexOf('=')
    stamps.set(pair.slice(0, equals), pair.slice(equals + 1))
  }
  if (stamps.size !== pairs.length) throw new CorruptEntryError('a tag is there twice')
  return stamps
}

/** Whether `text` is a marker, `<hardId>.<softId>`, each id 1 to 64 characters of base64url. */
export function isMarker(text: unknown): text is string {
  return typeof text === 'string' && MARKER.test(text)
}

/** The id that only a hard invalidation changes. */
export function hardIdOf(marker: string): string {
  return marker.slice(0, marker.indexOf('.'))
}

/** Whether no hard invalidation lies between two markers of one tag. */
export function sameHard(a: string, b: string): boolean {
  // Usually the whole markers are equal, and need not be split.
  return a === b || hardIdOf(a) === hardIdOf(b)
}
