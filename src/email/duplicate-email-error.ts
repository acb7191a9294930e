/**
 * The error of a message that is in the mailbox already.
 *
 * @module
 */

import { NearcacheError } from '../errors.ts'

/** The fields that name one message. */
export type UniqueField = 'id' | 'graphId' | 'messageId'

/** A message with the same id, graph id or Message-ID is stored already; nothing was written. */
export class DuplicateEmailError extends NearcacheError {
  override readonly name: string = 'DuplicateEmailError'
  readonly code = 'ERR_DUPLICATE_EMAIL'
  /** The field whose value is taken; the first of them, where several are. */
  readonly field: UniqueField

  constructor(field: UniqueField) {
    super(`Another email has the same "${field}"`)
    this.field = field
  }
}
