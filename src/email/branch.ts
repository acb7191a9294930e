/**
 * Conjunctions of conditions, and the algebra that brings alternatives of them into a canonical form.
 *
 * @module
 */

import {
  type Dimension,
  flag,
  NONE,
  namesAlone,
  range,
  setOf,
  terms,
  UNITED,
  wantedOfMany,
} from './dimension.ts'
import { type EmailPriority, type EmailStatus, PRIORITIES, STATUSES } from './email.ts'

/**
 * A conjunction in canonical form: a message matches if it meets every field that is present. Lists
 * are sorted, without duplicates and never empty; a field that would exclude nothing is absent.
 */
export interface Branch {
  readonly statuses?: readonly EmailStatus[]
  readonly priorities?: readonly EmailPriority[]
  readonly workflowStates?: readonly string[]
  readonly workflowTypes?: readonly string[]
  readonly workflowChainIds?: readonly string[]
  readonly senderEmails?: readonly string[]
  /** Null means "assigned to nobody", and comes first. */
  readonly assignees?: readonly (string | null)[]
  readonly threadIds?: readonly string[]
  readonly conversationIds?: readonly string[]
  /** At least one address of each list is among `to`, `cc` and `bcc`. */
  readonly recipients?: readonly (readonly string[])[]
  /** The message has at least one category of each list. */
  readonly categories?: readonly (readonly string[])[]
  readonly received?: ReceivedRange
  readonly hasAttachments?: boolean
  readonly isRead?: boolean
  readonly isFlagged?: boolean
  /** All of these words; one that ends in `*` matches by prefix. */
  readonly search?: readonly string[]
}

/** A range of `receivedAt` in epoch milliseconds, both ends included. At least one end is present. */
export interface ReceivedRange {
  readonly from?: number
  readonly to?: number
}

/** The fields, in the order that cache keys use. */
const DIMENSIONS: { readonly [F in keyof Required<Branch>]: Dimension<NonNullable<Branch[F]>> } = {
  statuses: setOf<EmailStatus>(STATUSES),
  priorities: setOf<EmailPriority>(PRIORITIES),
  workflowStates: namesAlone,
  workflowTypes: namesAlone,
  workflowChainIds: namesAlone,
  senderEmails: namesAlone,
  assignees: setOf<string | null>(undefined),
  threadIds: namesAlone,
  conversationIds: namesAlone,
  recipients: wantedOfMany,
  categories: wantedOfMany,
  received: range,
  hasAttachments: flag,
  isRead: flag,
  isFlagged: flag,
  search: terms,
}

/** The names of the fields of a {@link Branch}, in a fixed order. */
export const BRANCH_FIELDS = Object.keys(DIMENSIONS) as readonly (keyof Branch)[]

const byField = DIMENSIONS as Readonly<Record<keyof Branch, Dimension<unknown>>>

/** Branches kept at once while the canonical form is computed. With more, the alternatives stay as given. */
const MAX_ALTERNATIVES = 48

/** List members compared, some milliseconds of work. With more, the alternatives stay as given. */
const MAX_WORK = 50_000

/** The conjunction of two branches; undefined if no message can meet both. */
export function bothOf(one: Branch, other: Branch): Branch | undefined {
  return combine(one, other, undefined)
}

/**
 * The alternatives in canonical form: all maximal branches that imply the whole, sorted. Two sets of
 * alternatives that match the same messages get the same form, as far as the fields show it; `search` is
 * only compared word by word.
 *
 * This is the Blake canonical form, found by iterated consensus (Brown, "Boolean Reasoning", 2003,
 * chapter 3), with sets of values in place of literals. If it would be too long, only those alternatives
 * are removed that another alternative includes.
 *
 * @param fits Whether a canonical form is short enough.
 */
export function alternativesOf(
  branches: readonly Branch[],
  fits: (branches: readonly Branch[]) => boolean,
): readonly Branch[] {
  const asked = sorted(withoutIncluded(branches))
  // Newly combined branches are processed first: they are wider, and remove narrow ones before those are combined.
  const waiting = asked.toReversed()
  let known: Branch[] = []
  let work = 0
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const branch = next
    if (known.some((wider) => includes(wider, branch))) continue
    known = known.filter((narrower) => !includes(branch, narrower))
    for (const other of known) {
      waiting.push(...consensusOf(branch, other))
      work += sizeOf(branch) + sizeOf(other)
    }
    known.push(branch)
    if (known.length > MAX_ALTERNATIVES || work > MAX_WORK) return asked
  }
  return fits(known) ? sorted(known) : asked
}

/** The number of members of all lists, plus one for each other field and one for the branch. */
function sizeOf(branch: Branch): number {
  return Object.values(branch).reduce<number>(
    (sum, value) => sum + (Array.isArray(value) ? value.flat().length : 1),
    1,
  )
}

/** Whether every message that matches `narrower` also matches `wider`. */
export function includes(wider: Branch, narrower: Branch): boolean {
  return BRANCH_FIELDS.every((field) => {
    const [a, b] = [wider[field], narrower[field]]
    return a === undefined || (b !== undefined && byField[field].includes(a, b))
  })
}

/** The branch with its fields in the fixed order, frozen. */
export function ordered(branch: Branch): Branch {
  const fields = BRANCH_FIELDS.filter((field) => branch[field] !== undefined)
  return Object.freeze(Object.fromEntries(fields.map((field) => [field, branch[field]])))
}

/** For each field: unites the two branches in this field and intersects them in all others. */
function consensusOf(one: Branch, other: Branch): Branch[] {
  return BRANCH_FIELDS.flatMap((field) => {
    if (one[field] === undefined || other[field] === undefined) return []
    return combine(one, other, field) ?? []
  })
}

/** Intersects every field except `united`, whose values it unites; undefined if a field has no value left. */
function combine(one: Branch, other: Branch, united: keyof Branch | undefined): Branch | undefined {
  const result: Record<string, unknown> = {}
  for (const field of BRANCH_FIELDS) {
    const value = combineField(field, one[field], other[field], field === united)
    if (value === NONE) return undefined
    if (value !== undefined) result[field] = value
  }
  return result
}

function combineField(field: keyof Branch, a: unknown, b: unknown, isUnited: boolean): unknown {
  if (a === undefined || b === undefined) return a ?? b
  if (!isUnited) return byField[field].both(a, b)
  const either = byField[field].either(a, b)
  return either === UNITED ? undefined : either
}

function withoutIncluded(branches: readonly Branch[]): Branch[] {
  const kept: Branch[] = []
  for (const branch of branches) {
    if (kept.some((wider) => includes(wider, branch))) continue
    const left = kept.filter((narrower) => !includes(branch, narrower))
    kept.splice(0, kept.length, ...left, branch)
  }
  return kept
}

function sorted(branches: readonly Branch[]): Branch[] {
  return branches
    .map((branch) => ({ branch: ordered(branch), text: JSON.stringify(ordered(branch)) }))
    .sort((a, b) => (a.text < b.text ? -1 : Number(a.text > b.text)))
    .map(({ branch }) => branch)
}
