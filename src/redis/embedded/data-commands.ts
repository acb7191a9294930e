/**
 * All commands on keys and their values.
 *
 * @module
 */

import { bitfieldCommands } from './bitfield.ts'
import { bitCommands } from './bits.ts'
import type { CommandTable } from './command.ts'
import { expiryCommands } from './expiry.ts'
import { hashCommands } from './hashes.ts'
import { keyCommands } from './keys.ts'
import { listCommands } from './lists.ts'
import { popFirstCommands } from './pop-first.ts'
import { setCommands } from './sets.ts'
import { sortCommands } from './sort.ts'
import { sortedSetCommands } from './sorted-sets.ts'
import { stringEditCommands } from './string-edits.ts'
import { stringCommands } from './strings.ts'
import { zsetAlgebraCommands } from './zset-algebra.ts'

/** Shared by all engines: the handlers keep no state of their own. */
export const DATA_COMMANDS: CommandTable = {
  ...stringCommands,
  ...stringEditCommands,
  ...bitCommands,
  ...bitfieldCommands,
  ...keyCommands,
  ...sortCommands,
  ...expiryCommands,
  ...hashCommands,
  ...setCommands,
  ...sortedSetCommands,
  ...listCommands,
  ...zsetAlgebraCommands,
  ...popFirstCommands,
}
