/**
 * What the cache needs to know of a query: its key, the fields that it reads, and which messages match.
 *
 * @module
 */

import { encodeUtf8, toBase64Url } from '../../entry/bytes.ts'
import { sha256 } from '../../entry/sha256.ts'
import { BRANCH_FIELDS, type Branch, type ReceivedRange } from '../branch.ts'
import type { EmailImage } from '../email.ts'
import type { CanonicalFilter, CanonicalQuery } from '../filter.ts'
import { isAfterStart, matchesImage } from '../match.ts'
import { CHANGEABLE_SORT_FIELDS, type EmailOrder, type SortKey, sortKeyOf } from '../order.ts'
import { type ImageField, type ListImage, widened } from './image.ts'
import { type ShapeTags, shapeOf } from './shape.ts'
import { depthFor, MAX_DEPTH, type PagePlace } from './window.ts'

/** Which fields of a message each field of a branch reads. None for `search`: texts never change. */
const LOOKS: Readonly<Record<keyof Branch, readonly ImageField[]>> = {
  statuses: ['status'],
  priorities: ['priority'],
  workflowStates: ['workflowState'],
  workflowTypes: ['workflowType'],
  workflowChainIds: ['workflowChainId'],
  senderEmails: ['senderEmail'],
  assignees: ['assignedTo'],
  threadIds: ['threadId'],
  conversationIds: ['conversationId'],
  recipients: ['recipients'],
  categories: ['categories'],
  received: ['receivedAt'],
  hasAttachments: ['hasAttachments'],
  isRead: ['isRead'],
  isFlagged: ['isFlagged'],
  search: [],
}

/** Whether a message matches; `maybe` if that depends on its words, which are not known. */
export type Match = 'yes' | 'no' | 'maybe'

/** A query, a count or the figures, as the cache sees them. */
export interface Question extends PagePlace {
  /** The key of the stored window. Pages that share a window have the same key. */
  readonly key: string
  readonly looked: ReadonlySet<ImageField>
  readonly shape: ShapeTags
  /** Undefined for counts and figures. */
  readonly order: EmailOrder | undefined
  /** How many rows to read from SQL, from the start of the window. */
  readonly depth: number
  /** How many rows of the list come before the window. */
  readonly skipped: number
  /** Whether the result depends on all messages that match, not only on those near the page. */
  readonly isCounted: boolean
  /** Whether there is only one branch; then all messages of the list meet the same search. */
  readonly hasOneBranch: boolean
  /** Whether a message is in the list, on any page after the cursor; or, if there is a total, on any page. */
  match(image: ListImage): Match
  /** Whether a message of the list sorts after the cursor. */
  isAfterStart(image: ListImage): boolean
  /** Whether a message could match, if only these fields of it are known. */
  mayMatch(known: Partial<ListImage>): boolean
}

/** Cached, because the same queries are asked again and again. */
const questions = new WeakMap<CanonicalQuery, Question>()

/** The question of a query. */
export function listQuestion(query: CanonicalQuery): Question {
  const known = questions.get(query)
  if (known !== undefined) return known
  const question = describe(query)
  questions.set(query, question)
  return question
}

function describe(query: CanonicalQuery): Question {
  const { branches, limit, order, after, offset = 0, total = false } = query
  const depth = depthFor(offset + limit)
  const isRigid = offset + limit >= MAX_DEPTH
  const place = isRigid ? [offset, limit] : [depth]
  return {
    ...common(query, CHANGEABLE_SORT_FIELDS[order.by]),
    key: keyOf(['list', branches, order, after ?? null, total, place]),
    order,
    depth: isRigid ? limit : depth,
    skipped: isRigid ? offset : 0,
    offset: isRigid ? 0 : offset,
    limit,
    isCounted: total,
    isRigid,
    match(image) {
      const whole = widened(image)
      return total || isAfterStart(whole, query) ? matchOf(query, whole) : 'no'
    },
    isAfterStart: (image) => isAfterStart(widened(image), query),
  }
}

const UNLISTED = {
  order: undefined,
  depth: 0,
  skipped: 0,
  offset: 0,
  limit: 0,
  isCounted: true,
  isAfterStart: () => true,
} as const

/** The question of a count. */
export function countQuestion(filter: CanonicalFilter): Question {
  return {
    ...common(filter, []),
    ...UNLISTED,
    key: keyOf(['count', filter.branches]),
    isRigid: false,
    match: (image) => matchOf(filter, widened(image)),
  }
}

/**
 * The question of the figures of a range. Figures are not carried on. They are read again when a message in
 * the range, or one of a workflow chain, changes in a field that they depend on.
 *
 * @param dayStart Start of the day that `todaysCount` counts, in epoch milliseconds; part of the key.
 */
export function analyticsQuestion(received: ReceivedRange | undefined, dayStart: number): Question {
  const filter: CanonicalFilter = { branches: [received ? { received } : {}] }
  const isMeant = (image: ListImage): boolean =>
    image.workflowChainId !== null || matchOf(filter, widened(image)) === 'yes'
  return {
    ...common(filter, FIGURED),
    ...UNLISTED,
    key: keyOf(['analytics', received ?? null, dayStart]),
    shape: shapeOf([{}], new Set(FIGURED)),
    isRigid: true,
    match: (image) => (isMeant(image) ? 'yes' : 'no'),
  }
}

/** The fields that figures depend on. A change of a chain is recorded as a change of `workflowChainId`. */
const FIGURED: readonly ImageField[] = [
  'receivedAt',
  'status',
  'priority',
  'assignedTo',
  'isRead',
  'workflowChainId',
]

function common(
  filter: CanonicalFilter,
  sorted: readonly ImageField[],
): Pick<Question, 'looked' | 'shape' | 'hasOneBranch' | 'mayMatch'> {
  const { branches } = filter
  const looked = new Set<ImageField>([...sorted, ...branches.flatMap(fieldsOf)])
  return {
    looked,
    shape: shapeOf(branches, looked),
    hasOneBranch: branches.length === 1,
    mayMatch: (known) =>
      matchesImage(widened(known), { branches: branches.map((b) => knownPart(b, known)) }, yes),
  }
}

/** Hashed, because a query may be longer than a key can be, and contains addresses of people. */
function keyOf(parts: readonly unknown[]): string {
  return `list/${toBase64Url(sha256(encodeUtf8(JSON.stringify(parts))))}`
}

function fieldsOf(branch: Branch): readonly ImageField[] {
  return BRANCH_FIELDS.filter((field) => branch[field] !== undefined).flatMap((f) => LOOKS[f])
}

/** The conditions of a branch that read only known fields; `search` reads none, so it is kept. */
function knownPart(branch: Branch, known: Partial<ListImage>): Branch {
  const fields = BRANCH_FIELDS.filter(
    (field) => branch[field] !== undefined && LOOKS[field].every((one) => one in known),
  )
  return Object.fromEntries(fields.map((field) => [field, branch[field]])) as Branch
}

/** Whether the question depends on one of these fields; undefined means all fields. */
export function isLookedAt(
  { looked }: Question,
  fields: readonly ImageField[] | undefined,
): boolean {
  return fields === undefined || fields.some((field) => looked.has(field))
}

function matchOf(filter: CanonicalFilter, whole: EmailImage): Match {
  if (!matchesImage(whole, filter, yes)) return 'no'
  return matchesImage(whole, filter, no) ? 'yes' : 'maybe'
}

const yes = (): boolean => true
const no = (): boolean => false

export function sortKey({ order }: Question, image: ListImage): SortKey {
  return order ? sortKeyOf(image, order.by) : []
}
