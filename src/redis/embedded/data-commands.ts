/**
 * The commands on keys and what they hold, of every family.
 *
 * @module
 */

import type { CommandTable } from './command.ts'
import { expiryCommands } from './expiry.ts'
import { hashCommands } from './hashes.ts'
import { keyCommands } from './keys.ts'
import { listCommands } from './lists.ts'
import { setCommands } from './sets.ts'
import { sortedSetCommands } from './sorted-sets.ts'
import { stringEditCommands } from './string-edits.ts'
import { stringCommands } from './strings.ts'

/** Shared by all engines: the handlers keep no state of their own. */
export const DATA_COMMANDS: CommandTable = {
  ...stringCommands,
  ...stringEditCommands,
  ...keyCommands,
  ...expiryCommands,
  ...hashCommands,
  ...setCommands,
  ...sortedSetCommands,
  ...listCommands,
}
