/**
 * The actions behind the forms of the dashboard.
 *
 * @module
 */

import { type Census, takeCensus } from '../cache/census.ts'
import { inspectKey } from '../cache/inspect.ts'
import { namespaceAt } from '../cache/namespace-at.ts'
import { InvalidKeyError, InvalidOptionError, isNearcacheError } from '../errors.ts'
import type { Counted, Inspected } from './keys-page.tsx'
import type { Message } from './layout.tsx'
import type { ResolvedOptions } from './options.ts'

/** The outcome of a form, as it is named in the address of the page that shows it. */
export type Told = 'invalidated' | 'deleted' | 'started' | 'resolved' | 'gone' | 'away'

export const MESSAGES: Readonly<Record<Told, Message>> = {
  invalidated: { tone: 'good', text: 'All entries with one of these tags are invalidated.' },
  deleted: { tone: 'good', text: 'The key was deleted.' },
  started: {
    tone: 'good',
    text: 'The job was started, unless another isolate is already running it.',
  },
  resolved: {
    tone: 'good',
    text: 'The alert was resolved. It starts again if its cause persists.',
  },
  gone: { tone: 'good', text: 'The alert had already ended.' },
  away: {
    tone: 'bad',
    text: 'Redis does not answer. Assume that nothing was changed, and try again.',
  },
}

/** The fields of a form. Only texts are used. */
export type Fields = Readonly<Record<string, unknown>>

export function textIn(fields: Fields, name: string): string {
  const text = fields[name]
  return typeof text === 'string' ? text : ''
}

/** Reads one tag per line. @throws {InvalidOptionError} When there are none, or more than 64. */
export function tagsIn(fields: Fields): string[] {
  const tags = textIn(fields, 'tags')
    .split(/\r?\n/)
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '')
  if (tags.length === 0 || tags.length > 64) throw new InvalidOptionError('tags', '1 to 64 tags')
  return [...new Set(tags)]
}

/** @throws {InvalidKeyError | InvalidOptionError} When the form is filled in wrongly. */
export function invalidate({ cache }: ResolvedOptions, fields: Fields): Promise<Told> {
  const namespace = namespaceAt(cache, textIn(fields, 'namespace'))
  return unlessAway('invalidated', () => namespace.invalidateTags(tagsIn(fields)))
}

/** @throws {InvalidKeyError} When the form is filled in wrongly. */
export function deleteKey({ cache }: ResolvedOptions, fields: Fields): Promise<Told> {
  const namespace = namespaceAt(cache, textIn(fields, 'namespace'))
  return unlessAway('deleted', () => namespace.delete(textIn(fields, 'key')))
}

/** Starts a job, and does not wait for it. @throws {InvalidOptionError} When no job has the id. */
export async function runJob(
  { warming, platform }: ResolvedOptions,
  fields: Fields,
): Promise<Told> {
  const id = textIn(fields, 'id')
  if (!warming?.has(id)) throw new InvalidOptionError('id', 'the id of a job')
  platform.defer(warming.runJob(id))
  return 'started'
}

/** @throws {InvalidOptionError} When no rule has the id. */
export async function resolveAlert(
  { cache, monitor }: ResolvedOptions,
  fields: Fields,
): Promise<Told> {
  const rule = monitor.getRules().find(({ id }) => id === textIn(fields, 'id'))
  if (!rule) throw new InvalidOptionError('id', 'the id of a rule')
  if (await monitor.resolveAlert(rule.id)) return 'resolved'
  // An alert that Redis still holds counts as ended while Redis does not answer.
  return unlessAway('gone', async () => void (await cache.redis.request({ body: ['PING'] })))
}

/** @throws {InvalidKeyError} When the form is filled in wrongly. */
export async function inspect(
  { cache, showsValues }: ResolvedOptions,
  fields: Fields,
): Promise<Inspected> {
  const at = namespaceAt(cache, textIn(fields, 'namespace'))
  const [namespace, key] = [at.path, textIn(fields, 'key')]
  const found = await orNothing(() =>
    inspectKey(at, key, { payload: showsValues ? 'returned' : 'checked' }),
  )
  return { namespace, key, found }
}

/**
 * Counts the entries that an invalidation would reach, in a sample of at most 2,000 entries. `undefined` if
 * Redis does not answer.
 *
 * @throws {InvalidKeyError | InvalidOptionError} When the form is filled in wrongly.
 */
export async function countTagged(
  { cache }: ResolvedOptions,
  fields: Fields,
): Promise<Counted | undefined> {
  const tags = tagsIn(fields)
  const at = namespaceAt(cache, textIn(fields, 'namespace'))
  const namespace = at.path
  const census = await orNothing(() => takeCensus(at, { mostEntries: 2_000, tags }))
  if (!census) return undefined
  return { namespace, tags, entries: census.namespaces.get(namespace)?.tagged ?? 0, census }
}

/** Counts what is stored; `undefined` if Redis does not answer. */
export function count({ cache }: ResolvedOptions): Promise<Census | undefined> {
  return orNothing(() => takeCensus(cache))
}

/** Whether an error is a mistake in the form. */
export function isMistake(error: unknown): error is InvalidKeyError | InvalidOptionError {
  return error instanceof InvalidKeyError || error instanceof InvalidOptionError
}

async function unlessAway(told: Told, change: () => Promise<void>): Promise<Told> {
  return (await orNothing(async () => change().then(() => told))) ?? 'away'
}

async function orNothing<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (!isNearcacheError(error) || isMistake(error)) throw error
    return undefined
  }
}
