/**
 * Contract of every mailbox, whatever stores it. Pass it a function that opens an empty one.
 *
 * @module
 */

import { emailBulkContract } from './bulk-contract.ts'
import type { OpenMailboxOn } from './mailbox-under-test.ts'
import { emailReadContract } from './read-contract.ts'
import { emailWriteContract } from './write-contract.ts'

export function repositoryContract(name: string, open: OpenMailboxOn): void {
  emailWriteContract(name, open)
  emailReadContract(name, open)
  emailBulkContract(name, open)
}
