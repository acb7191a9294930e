/**
 * Decides in memory whether a message matches a query, with the same result as SQL.
 *
 * @module
 */

import type { Branch } from './branch.ts'
import type { Email, EmailImage } from './email.ts'
import type { CanonicalFilter, CanonicalQuery } from './filter.ts'
import { compareKeys, sortKeyOf } from './order.ts'
import { hasTerms, searchTokens } from './search.ts'

/** Whether the words of a message meet a search. */
export type TermCheck = (terms: readonly string[]) => boolean

/** Whether a message matches the filter, search included. */
export function matchesFilter(email: Email, filter: CanonicalFilter): boolean {
  let tokens: ReadonlySet<string> | undefined
  return matchesImage(email, filter, (terms) => {
    tokens ??= searchTokens(email)
    return hasTerms(tokens, terms)
  })
}

/**
 * As {@link matchesFilter}, for a message without its bodies. The text of a message never changes, so a
 * caller that compares a message before and after a change may assume that the search is met both times.
 */
export function matchesImage(
  email: EmailImage,
  { branches }: CanonicalFilter,
  hasTerms: TermCheck,
): boolean {
  return branches.some((branch) => meets(email, branch, hasTerms))
}

/** Whether the message sorts after the cursor of the query; true without a cursor. */
export function isAfterStart(email: EmailImage, { after, order }: CanonicalQuery): boolean {
  return after === undefined || compareKeys(sortKeyOf(email, order.by), after, order.direction) > 0
}

function meets(email: EmailImage, branch: Branch, hasTerms: TermCheck): boolean {
  return (
    isOneOf(branch.statuses, email.status) &&
    isOneOf(branch.priorities, email.priority) &&
    isOneOf(branch.senderEmails, email.senderEmail) &&
    isOneOf(branch.assignees, email.assignedTo) &&
    meetsWorkflow(email, branch) &&
    isOneOf(branch.threadIds, email.threadId) &&
    isOneOf(branch.conversationIds, email.conversationId) &&
    isEqual(branch.hasAttachments, email.hasAttachments) &&
    isEqual(branch.isRead, email.isRead) &&
    isEqual(branch.isFlagged, email.isFlagged) &&
    isWithin(branch, email.receivedAt) &&
    meetsLists(email, branch) &&
    (branch.search === undefined || hasTerms(branch.search))
  )
}

function meetsWorkflow(email: EmailImage, branch: Branch): boolean {
  return (
    isOneOf(branch.workflowStates, email.workflowState) &&
    isOneOf(branch.workflowTypes, email.workflowType) &&
    isOneOf(branch.workflowChainIds, email.workflowChainId)
  )
}

function meetsLists(email: EmailImage, { recipients, categories }: Branch): boolean {
  if (recipients && !hasOneOfEach(recipients, addressesOf(email))) return false
  return categories === undefined || hasOneOfEach(categories, email.categories)
}

function addressesOf({ recipients, cc, bcc }: EmailImage): string[] {
  return [...recipients, ...cc, ...bcc].map(({ address }) => address)
}

function hasOneOfEach(lists: readonly (readonly string[])[], values: readonly string[]): boolean {
  return lists.every((list) => list.some((wanted) => values.includes(wanted)))
}

function isWithin({ received }: Branch, instant: number): boolean {
  if (received === undefined) return true
  const { from = instant, to = instant } = received
  return instant >= from && instant <= to
}

function isOneOf<T>(wanted: readonly T[] | undefined, value: NoInfer<T> | null): boolean {
  return wanted === undefined || (wanted as readonly (T | null)[]).includes(value)
}

function isEqual(wanted: boolean | undefined, value: boolean): boolean {
  return wanted === undefined || wanted === value
}
