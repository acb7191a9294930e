/**
 * Determines which messages of a batch were stored, and which were duplicates.
 *
 * @module
 */

import type { UniqueField } from '../errors.ts'
import type { Email } from './email.ts'
import type { BatchResult, DuplicateInBatch } from './email-repository.ts'
import type { EmailRow } from './row.ts'

/** The unique columns of a stored message. */
export type Rival = Pick<EmailRow, 'id' | 'graph_id' | 'message_id'>

/**
 * The first unique field that is taken. At least one is, because otherwise the insert would have
 * succeeded.
 */
export function takenField(email: Email, rivals: readonly Rival[]): UniqueField {
  if (rivals.some((rival) => rival.id === email.id)) return 'id'
  const sameGraph = rivals.some((rival) => rival.graph_id === email.graphId)
  return sameGraph && email.graphId !== null ? 'graphId' : 'messageId'
}

/**
 * @param rivals Messages stored before that share a unique field with a message of the batch.
 * @param ids The ids of the messages that were stored.
 */
export function resultOfBatch(
  emails: readonly Email[],
  rivals: readonly Rival[],
  ids: ReadonlySet<string>,
): BatchResult {
  const created: Email[] = []
  const duplicates: DuplicateInBatch[] = []
  const taken = new TakenFields(rivals)
  for (const [index, email] of emails.entries()) {
    const field = taken.fieldOf(email)
    if (field === undefined && ids.has(email.id)) {
      created.push(email)
      taken.add({ id: email.id, graph_id: email.graphId, message_id: email.messageId })
    } else duplicates.push({ index, field: field ?? 'id' })
  }
  return { created, duplicates }
}

/** The values taken so far, in sets, so that the batch is processed in one pass. */
class TakenFields {
  readonly #ids = new Set<string>()
  readonly #graphIds = new Set<string | null>()
  readonly #messageIds = new Set<string | null>()

  constructor(rivals: readonly Rival[]) {
    for (const rival of rivals) this.add(rival)
  }

  add({ id, graph_id, message_id }: Rival): void {
    this.#ids.add(id)
    if (graph_id !== null) this.#graphIds.add(graph_id)
    if (message_id !== null) this.#messageIds.add(message_id)
  }

  fieldOf({ id, graphId, messageId }: Email): UniqueField | undefined {
    if (this.#ids.has(id)) return 'id'
    if (this.#graphIds.has(graphId)) return 'graphId'
    return this.#messageIds.has(messageId) ? 'messageId' : undefined
  }
}
