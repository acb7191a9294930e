/**
 * Checks the conditions of a filter and converts them to branches.
 *
 * @module
 */

import type { Fields } from '../entry/json-object.ts'
import { InvalidFilterError } from '../errors.ts'
import { alternativesOf, type Branch, bothOf, type ReceivedRange } from './branch.ts'
import type { EmailConditions, EmailFilter } from './conditions.ts'
import { sortedSet } from './dimension.ts'
import { PRIORITIES, STATUSES } from './email.ts'
import {
  MAX_LIST_LENGTH,
  readAddress,
  readBoolean,
  readChoice,
  readFields,
  readInstant,
  readList,
  readName,
} from './fields.ts'
import { readSearch } from './search.ts'

/** The most alternatives of a filter. */
export const MAX_ANY_OF = 16

/** Lists of names in all alternatives together: each takes one of the 100 values that D1 can bind. */
const MAX_NAME_LISTS = 80

const CONDITION_FIELDS = [
  'statuses',
  'priorities',
  'workflowStates',
  'workflowTypes',
  'workflowChainId',
  'senderEmails',
  'recipients',
  'assignedTo',
  'dateRange',
  'hasAttachments',
  'isRead',
  'isFlagged',
  'categories',
  'threadId',
  'conversationId',
  'search',
] as const satisfies readonly (keyof EmailConditions)[]

/** The fields of an {@link EmailFilter}. */
export const FILTER_FIELDS: readonly (keyof EmailFilter)[] = [...CONDITION_FIELDS, 'anyOf']

/**
 * Reads conditions and alternatives. The caller has already refused unknown fields.
 *
 * @throws {InvalidFilterError} Naming the first field that is out of range.
 */
export function readBranches(fields: Fields): readonly Branch[] {
  const common = readConditions(fields, '')
  const { anyOf } = fields
  const branches = anyOf === undefined ? [common] : readAlternatives(anyOf, common)
  const canonical = alternativesOf(branches, canBeBound)
  if (canBeBound(canonical)) return Object.freeze(canonical)
  throw new InvalidFilterError(
    'anyOf',
    `alternatives with at most ${MAX_NAME_LISTS} lists of names in all`,
  )
}

function readAlternatives(value: unknown, common: Branch): Branch[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_ANY_OF) {
    throw new InvalidFilterError('anyOf', `a list of 1 to ${MAX_ANY_OF} alternatives`)
  }
  return value.flatMap((entry, index) => {
    const field = `anyOf[${index}]`
    const branch = readConditions(readFields(entry, field, CONDITION_FIELDS), `${field}.`)
    return bothOf(common, branch) ?? []
  })
}

function readConditions(fields: Fields, path: string): Branch {
  const list = <T extends string>(
    field: keyof EmailConditions,
    read: (value: unknown, field: string) => T,
  ) => ifThere(fields[field], (value) => readSet(value, path + field, read))
  const one = (field: keyof EmailConditions) =>
    ifThere(fields[field], (value) => Object.freeze([readName(value, path + field)]))
  const flag = (field: keyof EmailConditions) =>
    ifThere(fields[field], (value) => readBoolean(value, path + field))
  return withoutAbsent({
    statuses: unlessAll(
      list('statuses', (value, at) => readChoice(value, at, STATUSES)),
      STATUSES,
    ),
    priorities: unlessAll(
      list('priorities', (value, at) => readChoice(value, at, PRIORITIES)),
      PRIORITIES,
    ),
    workflowStates: list('workflowStates', readName),
    workflowTypes: list('workflowTypes', readName),
    workflowChainIds: one('workflowChainId'),
    senderEmails: list('senderEmails', readAddress),
    assignees: ifThere(fields['assignedTo'], (value) =>
      Object.freeze([value === null ? null : readName(value, `${path}assignedTo`)]),
    ),
    threadIds: one('threadId'),
    conversationIds: one('conversationId'),
    recipients: clauseOf(list('recipients', readAddress)),
    categories: clauseOf(list('categories', readName)),
    received: ifThere(fields['dateRange'], (value) => readRange(value, `${path}dateRange`)),
    hasAttachments: flag('hasAttachments'),
    isRead: flag('isRead'),
    isFlagged: flag('isFlagged'),
    search: ifThere(fields['search'], (value) => Object.freeze(readSearch(value, `${path}search`))),
  })
}

function ifThere<T>(value: unknown, read: (value: unknown) => T): T | undefined {
  return value === undefined ? undefined : read(value)
}

type Possible<T> = { readonly [F in keyof T]?: T[F] | undefined }

function withoutAbsent(branch: Possible<Branch>): Branch {
  return Object.fromEntries(Object.entries(branch).filter(([, value]) => value !== undefined))
}

/** Drops a list of all words: every message has one of them, so it excludes nothing. */
function unlessAll<T>(
  list: readonly T[] | undefined,
  words: readonly T[],
): readonly T[] | undefined {
  return list?.length === words.length ? undefined : list
}

function clauseOf(list: readonly string[] | undefined): readonly (readonly string[])[] | undefined {
  return list && Object.freeze([list])
}

function readSet<T extends string>(
  value: unknown,
  field: string,
  read: (entry: unknown, field: string) => T,
): readonly T[] {
  const list = readList(value, field, (entry) => read(entry, field))
  if (list.length === 0) {
    throw new InvalidFilterError(
      field,
      `a list of 1 to ${MAX_LIST_LENGTH} members; leave it out to match all`,
    )
  }
  return sortedSet(list)
}

function readRange(value: unknown, field: string): ReceivedRange {
  const { start, end } = readFields(value, field, ['start', 'end'])
  if (start === undefined && end === undefined) {
    throw new InvalidFilterError(field, 'an object with start, end or both')
  }
  const from = start === undefined ? undefined : readInstant(start, `${field}.start`)
  const to = end === undefined ? undefined : readInstant(end, `${field}.end`)
  if (from !== undefined && to !== undefined && from > to) {
    throw new InvalidFilterError(field, 'a range whose start is not after its end')
  }
  return Object.freeze({
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  })
}

function canBeBound(branches: readonly Branch[]): boolean {
  return namesIn(branches) <= MAX_NAME_LISTS
}

/** Counts the lists that are bound; lists of enum values are written into the statement as literals. */
function namesIn(branches: readonly Branch[]): number {
  return branches.reduce((sum, branch) => {
    const { recipients = [], categories = [] } = branch
    const lists = NAME_FIELDS.filter((field) => branch[field] !== undefined)
    return sum + lists.length + recipients.length + categories.length
  }, 0)
}

const NAME_FIELDS = [
  'workflowStates',
  'workflowTypes',
  'workflowChainIds',
  'senderEmails',
  'assignees',
  'threadIds',
  'conversationIds',
  'search',
] as const satisfies readonly (keyof Branch)[]
