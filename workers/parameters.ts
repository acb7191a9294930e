/**
 * Reads the parameters of a request's address.
 *
 * @module
 */

import type { Context } from 'hono'
import { ProblemError } from './problem.ts'

/** What a parameter stands for, its value not checked yet. */
type Reader = (text: string) => unknown

const text: Reader = (value) => value
/** Empty stands for nobody. */
const nameOrNull: Reader = (value) => (value === '' ? null : value)
const flag: Reader = (value) => value === 'true' || (value !== 'false' && value)
const json: Reader = (value) => {
  try {
    return JSON.parse(value) as unknown
  } catch {
    // Not JSON: the text goes on, for the repository to judge.
    return value
  }
}

/** A number where it is written as one; else the text, for the repository to judge. */
export function numberIn(value: string): number | string {
  return /^-?\d{1,16}$/.test(value) ? Number(value) : value
}

/** Parameters whose words are separated by commas, and that may be given more than once. */
const LISTS = [
  'statuses',
  'priorities',
  'workflowStates',
  'workflowTypes',
  'senderEmails',
  'recipients',
  'categories',
] as const

const RANGE: Readonly<Record<string, string>> = { from: 'start', to: 'end' }

const READERS: Readonly<Record<string, Reader>> = {
  workflowChainId: text,
  assignedTo: nameOrNull,
  hasAttachments: flag,
  isRead: flag,
  isFlagged: flag,
  threadId: text,
  conversationId: text,
  search: text,
  anyOf: json,
  orderBy: text,
  direction: text,
  limit: numberIn,
  cursor: text,
  offset: numberIn,
  total: flag,
}

const NAMES: readonly string[] = [...LISTS, ...Object.keys(READERS), ...Object.keys(RANGE)]

/**
 * The query that the parameters ask for, its values not checked yet.
 *
 * @throws {ProblemError} 400, for a parameter that is unknown, or given twice and no list.
 */
export function readQuery(c: Context): Record<string, unknown> {
  const { from, to, ...rest } = c.req.queries()
  const fields = Object.entries(rest).map(([name, values]) => {
    if (isList(name)) return [name, values.flatMap((value) => value.split(','))]
    const read = Object.hasOwn(READERS, name) ? READERS[name] : undefined
    if (read === undefined) throw invalid('query', `Parameters are ${NAMES.join(', ')}`)
    return [name, read(only(name, values))]
  })
  const dateRange = rangeOf({ from, to })
  return Object.fromEntries([...fields, ...(dateRange ? [['dateRange', dateRange]] : [])])
}

/**
 * The date range of `from` and `to`, its values not checked yet; undefined without both.
 *
 * @throws {ProblemError} 400, for any other parameter.
 */
export function readRange(c: Context): Record<string, unknown> | undefined {
  const { from, to, ...rest } = c.req.queries()
  if (Object.keys(rest).length > 0) throw invalid('query', 'Parameters are from, to')
  return rangeOf({ from, to })
}

function rangeOf(
  given: Readonly<Record<'from' | 'to', string[] | undefined>>,
): Record<string, unknown> | undefined {
  const ends = Object.entries(given).flatMap(([name, values]) =>
    values ? [[RANGE[name], numberIn(only(name, values))]] : [],
  )
  return ends.length === 0 ? undefined : Object.fromEntries(ends)
}

function isList(name: string): boolean {
  return (LISTS as readonly string[]).includes(name)
}

function only(field: string, values: readonly string[]): string {
  const [value = '', ...more] = values
  if (more.length > 0) throw invalid(field, `Parameter "${field}" must be given once`)
  return value
}

function invalid(field: string, detail: string): ProblemError {
  return new ProblemError({ status: 400, title: 'Invalid field', detail, field })
}
