/**
 * Goes through the entries in Redis, and reads of each no more than its header.
 *
 * @module
 */

import { scan } from '../../cache/scan.ts'
import { type EntryHeader, headerIn } from '../../entry/header.ts'
import type { RedisLink } from '../../redis/link.ts'

/** An entry as it was found. */
export interface SurveyedEntry {
  readonly name: string
  /** `undefined`: what is there is no entry of this library. */
  readonly header: EntryHeader | undefined
  /** Its first bytes, by which a script can tell whether it is still there. */
  readonly prefix: string
}

/** Most headers are shorter; those with many tags are asked for again. */
const FIRST_BYTES = 2_048
const MOST_BYTES = 65_536
const BATCH = 500

/** Entries whose names match the glob, in pages. One that is gone meanwhile is left out. */
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

/** The headers of these entries: one request. Entries that are gone are left out. */
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

/** A key of another type is none of ours: it has no header, and no prefix by which it could be dropped. */
function notText(error: unknown): string {
  if ((error as { readonly reason?: string }).reason === 'WRONGTYPE') return '?'
  throw error
}
