/**
 * A chain of messages that make up one piece of work, such as an order from inquiry to delivery.
 * Messages name the chain they belong to as `workflowChainId`.
 *
 * @module
 */

import { InvalidFilterError } from '../errors.ts'
import { orNull, readBoolean, readFields, readInstant, readName } from './fields.ts'
import type { Instant } from './instant.ts'

/** One chain. */
export interface WorkflowChain {
  readonly id: string
  readonly workflowType: string
  readonly workflowState: string | null
  readonly isComplete: boolean
  /** Epoch milliseconds, like all instants of a chain. */
  readonly startedAt: number
  /** Null while the chain is not complete. */
  readonly completedAt: number | null
  readonly createdAt: number
  readonly updatedAt: number
  /** 1 when stored, incremented by each change. */
  readonly version: number
}

/** A chain to store or to change. A field left out stays as it is, or takes the default in a new chain. */
export interface WorkflowChainInput {
  readonly id: string
  /** Required if the chain is new. */
  readonly workflowType?: string | undefined
  readonly workflowState?: string | null | undefined
  /** @default true with a `completedAt` that is not null, otherwise false */
  readonly isComplete?: boolean | undefined
  /** @default the time it is stored */
  readonly startedAt?: Instant | undefined
  /** @default the time of the change that completes the chain */
  readonly completedAt?: Instant | null | undefined
}

/** A chain that was stored or changed; `before` is undefined if it is new. */
export interface WorkflowChainChange {
  readonly before: WorkflowChain | undefined
  readonly after: WorkflowChain
}

/** A chain in stored form, with only the fields that the caller gave. */
export interface ParsedChain {
  readonly id: string
  readonly workflowType?: string
  readonly workflowState?: string | null
  readonly isComplete?: boolean
  readonly startedAt?: number
  readonly completedAt?: number | null
}

const FIELDS = [
  'id',
  'workflowType',
  'workflowState',
  'isComplete',
  'startedAt',
  'completedAt',
] as const satisfies readonly (keyof WorkflowChainInput)[]

/** @throws {InvalidFilterError} Naming the first field that is unknown, missing or out of range. */
export function parseChain(input: WorkflowChainInput): ParsedChain {
  const fields = readFields(input, 'chain', FIELDS)
  const given = <T>(field: keyof ParsedChain, read: (value: unknown, field: string) => T) =>
    fields[field] === undefined ? {} : { [field]: read(fields[field], field) }
  const parsed: ParsedChain = {
    id: readName(fields['id'], 'id'),
    ...given('workflowType', readName),
    ...given('workflowState', (value, field) => orNull(value, field, readName)),
    ...given('isComplete', readBoolean),
    ...given('startedAt', readInstant),
    ...given('completedAt', (value, field) => orNull(value, field, readInstant)),
  }
  if (typeof parsed.completedAt !== 'number') return parsed
  if (parsed.isComplete !== false) return { ...parsed, isComplete: true }
  throw new InvalidFilterError('completedAt', 'left out where the chain is not complete')
}
