/**
 * The commands that set, remove or return the expiry of keys.
 *
 * @module
 */

import type { Reply } from '../requester.ts'
import { type CommandTable, type Handler, reads, writes } from './command.ts'
import { CommandError } from './command-error.ts'
import { instant, type TimeUnit } from './expire-time.ts'
import type { Keyspace } from './keyspace.ts'
import { type Argv, at } from './parse.ts'

const CONDITIONS = ['NX', 'XX', 'GT', 'LT']

function parseConditions(argv: Argv): ReadonlySet<string> {
  const conditions = new Set<string>()
  for (let index = 3; index < argv.length; index++) {
    const word = at(argv, index)
    if (!CONDITIONS.includes(word.toUpperCase())) {
      throw new CommandError(`ERR Unsupported option ${word}`)
    }
    conditions.add(word.toUpperCase())
  }
  if (conditions.has('NX') && conditions.size > 1) {
    throw new CommandError('ERR NX and XX, GT or LT options at the same time are not compatible')
  }
  if (conditions.has('GT') && conditions.has('LT')) {
    throw new CommandError('ERR GT and LT options at the same time are not compatible')
  }
  return conditions
}

/** Whether all conditions hold. A key without an expiry counts as one with an infinite expiry. */
function allows(conditions: ReadonlySet<string>, old: number, fresh: number): boolean {
  const isVolatile = old !== Infinity
  if (conditions.has('NX') && isVolatile) return false
  if (conditions.has('XX') && !isVolatile) return false
  if (conditions.has('GT') && fresh <= old) return false
  return !(conditions.has('LT') && fresh >= old)
}

function expires(unit: TimeUnit): Handler {
  return (db, argv) => {
    const conditions = argv.length > 3 ? parseConditions(argv) : undefined
    const expiresAt = instant(db, argv[0], unit, argv[2])
    const entry = db.find(argv[1])
    if (entry === undefined) return 0
    if (conditions && !allows(conditions, entry.expiresAt, expiresAt)) return 0
    db.setExpiry(entry, expiresAt)
    return 1
  }
}

/** -2 if there is no key, -1 if it has no expiry, otherwise the result of `tell`. */
function tells(tell: (expiresAt: number, now: number) => number): Handler {
  return (db, argv) => {
    const entry = db.peek(argv[1])
    if (entry === undefined) return -2
    return entry.expiresAt === Infinity ? -1 : tell(entry.expiresAt, db.now)
  }
}

/** Rounds half up, as Redis does. */
function toSeconds(milliseconds: number): number {
  return Math.floor((milliseconds + 500) / 1_000)
}

function persist(db: Keyspace, argv: Argv): Reply {
  const entry = db.find(argv[1])
  if (entry === undefined || entry.expiresAt === Infinity) return 0
  db.setExpiry(entry, Infinity)
  return 1
}

export const expiryCommands: CommandTable = {
  EXPIRE: writes(-3, expires('EX')),
  PEXPIRE: writes(-3, expires('PX')),
  EXPIREAT: writes(-3, expires('EXAT')),
  PEXPIREAT: writes(-3, expires('PXAT')),
  TTL: reads(
    2,
    tells((expiresAt, now) => toSeconds(expiresAt - now)),
  ),
  PTTL: reads(
    2,
    tells((expiresAt, now) => expiresAt - now),
  ),
  EXPIRETIME: reads(2, tells(toSeconds)),
  PEXPIRETIME: reads(
    2,
    tells((expiresAt) => expiresAt),
  ),
  PERSIST: writes(2, persist),
}
