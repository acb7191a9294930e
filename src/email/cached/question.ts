/**
 * What the cache has to know of a query: its name, what it looks at, and whom it would answer.
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

/** Which fields of a message each field of a branch looks at. Words never change. */
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

/** Whether a message is among those asked for; `maybe` where that is for its words to say. */
export type Match = 'yes' | 'no' | 'maybe'

/** What is asked of the mailbox, as the cache sees it. */
export interface Question extends PagePlace {
  /** Names what is stored. Pages that share a window have one. */
  readonly key: string
  readonly looked: ReadonlySet<ImageField>
  readonly shape: ShapeTags
  /** Undefined where messages are not listed. */
  readonly order: EmailOrder | undefined
  /** How many rows to ask SQL for, from the start of the window. */
  readonly depth: number
  /** How many rows of the list come before the window. */
  readonly skipped: number
  /** Whether the number of all messages matters, and not only who is near the page. */
  readonly isCounted: boolean
  /** Whether what is asked of words is the same for all whom it would answer. */
  readonly hasOneBranch: boolean
  /** Whether a message is among those asked for, on whichever page from the start on. */
  match(image: ListImage): Match
  /** Whether a message of which only this is known could be. */
  mayMatch(known: Partial<ListImage>): boolean
}

/** Lists that are asked for again are described once. */
const questions = new WeakMap<CanonicalQuery, Question>()

/** A list of messages, page by page. */
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
      return isAfterStart(whole, query) ? matchOf(query, whole) : 'no'
    },
  }
}

const UNLISTED = {
  order: undefined,
  depth: 0,
  skipped: 0,
  offset: 0,
  limit: 0,
  isCounted: true,
} as const

/** How many messages there are. */
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
 * The figures of a range. They are not carried on, and read anew when a message within the range, or
 * one of a workflow chain, changes in a field that they look at.
 *
 * @param dayStart Epoch milliseconds: figures of today are of one day.
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

/** What figures look at. Chains are told as the field that messages name them by. */
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

/** A hash: a query may be longer than a key can be, and names people. */
function keyOf(parts: readonly unknown[]): string {
  return `list/${toBase64Url(sha256(encodeUtf8(JSON.stringify(parts))))}`
}

function fieldsOf(branch: Branch): readonly ImageField[] {
  return BRANCH_FIELDS.filter((field) => branch[field] !== undefined).flatMap((f) => LOOKS[f])
}

/** The conditions of a branch that look at nothing but these fields, and those on words. */
function knownPart(branch: Branch, known: Partial<ListImage>): Branch {
  const fields = BRANCH_FIELDS.filter(
    (field) => branch[field] !== undefined && LOOKS[field].every((one) => one in known),
  )
  return Object.fromEntries(fields.map((field) => [field, branch[field]])) as Branch
}

/** Whether a change of these fields may matter; undefined stands for all. */
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
