/**
 * Reads the query parameters of a request.
 *
 * @module
 */

import type { Context } from 'hono'
import { ProblemError } from './problem.ts'

/** Converts a parameter, and does not check the value. */
type Reader = (text: string) => unknown

const text: Reader = (value) => value
/** An empty text stands for nobody. */
const nameOrNull: Reader = (value) => (value === '' ? null : value)
const flag: Reader = (value) => value === 'true' || (value !== 'false' && value)
const json: Reader = (value) => {
  try {
    return JSON.parse(value) as unknown
  } catch {
    // Not JSON: passed on as text, which the repository refuses.
    return value
  }
}

/** A number if it is written as one; otherwise the text, which the repository checks. */
export function numberIn(value: string): number | string {
  return /^-?\d{1,16}$/.test(value) ? Number(value) : value
}

/** Parameters with comma-separated values, which may be given more than once. */
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
 * Converts the parameters to a query, and does not check its values.
 *
 * @throws {ProblemError} 400, for an unknown parameter, or one that is given twice and is not a list.
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
 * The date range of `from` and `to`, not checked yet; `undefined` if both are absent.
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
