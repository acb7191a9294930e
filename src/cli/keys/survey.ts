/**
 * Lists entries in Redis, and reads only their headers.
 *
 * @module
 */

import { scan } from '../../cache/scan.ts'
import { type EntryHeader, headerIn } from '../../entry/header.ts'
import type { RedisLink } from '../../redis/link.ts'

/** An entry as it was found. */
export interface SurveyedEntry {
  readonly name: string
  /** `undefined` if the key does not hold an entry of this library. */
  readonly header: EntryHeader | undefined
  /** The first bytes of the entry, by which a script recognizes that it is unchanged. */
  readonly prefix: string
}

/** Most headers are shorter. Those with many tags take a second read. */
const FIRST_BYTES = 2_048
const MOST_BYTES = 65_536
const BATCH = 500

/** Entries whose names match the glob, in pages. Leaves out entries that disappear in the meantime. */
export async function* surveyEntries(
  link: RedisLink,
  glob: string,
): AsyncGenerator<readonly SurveyedEntry[]> {
  for await (const names of scan(link, glob)) {
    for (let i = 0; i < names.length; i += BATCH) {
      yield await readHeaders(link, names.slice(i, i + BATCH))
    }
  }
}

/** Reads the headers of these entries in one request. Leaves out entries that no longer exist. */
export async function readHeaders(
  link: RedisLink,
  names: readonly string[],
): Promise<readonly SurveyedEntry[]> {
  const entries = await Promise.all(names.map((name) => readHeader(link, name)))
  return entries.filter((entry) => entry !== undefined)
}

async function readHeader(link: RedisLink, name: string): Promise<SurveyedEntry | undefined> {
  const text = await readStart(link, name)
  if (text === '') return undefined
  return { name, header: headerIn(text), prefix: text.slice(0, 20) }
}

async function readStart(link: RedisLink, name: string): Promise<string> {
  const start = String(await link.send(['GETRANGE', name, 0, FIRST_BYTES - 1]).catch(notText))
  if (start.length < FIRST_BYTES || start.includes('\n')) return start
  return String(await link.send(['GETRANGE', name, 0, MOST_BYTES]))
}

/** A key of another type is not an entry. `?` is not a header, so the key counts as unreadable. */
function notText(error: unknown): string {
  if ((error as { readonly reason?: string }).reason === 'WRONGTYPE') return '?'
  throw error
}
