/**
 * BITFIELD: integers of up to 64 bits at any bit offset of a string.
 *
 * @module
 */

import type { Reply } from '../requester.ts'
import { bitAt, openBits, parseBitOffset, setBitAt } from './bits.ts'
import { type CommandTable, grows, reads } from './command.ts'
import { CommandError, syntaxError } from './command-error.ts'
import type { Keyspace } from './keyspace.ts'
import { type Argv, at, parseInteger } from './parse.ts'
import { toBytes } from './string-value.ts'

const ACTIONS = ['GET', 'SET', 'INCRBY'] as const
const OVERFLOWS = ['WRAP', 'SAT', 'FAIL'] as const

type Action = (typeof ACTIONS)[number]
type Overflow = (typeof OVERFLOWS)[number]

interface Width {
  readonly isSigned: boolean
  readonly bits: number
}

interface Step {
  readonly action: Action
  readonly width: Width
  readonly offset: number
  /** What SET stores and INCRBY adds. */
  readonly operand: bigint
  readonly overflow: Overflow
}

function parseWidth(text: string): Width {
  const bits = /^[iu][1-9]\d?$/.test(text) ? Number(text.slice(1)) : 0
  const isSigned = text.startsWith('i')
  if (bits >= 1 && bits <= (isSigned ? 64 : 63)) return { isSigned, bits }
  throw new CommandError(
    'ERR Invalid bitfield type. Use something like i16 u8. ' +
      'Note that u64 is not supported but i64 is.',
  )
}

function parseOverflow(text: string): Overflow {
  const overflow = OVERFLOWS.find((name) => name === text.toUpperCase())
  if (overflow === undefined) throw new CommandError('ERR Invalid OVERFLOW type specified')
  return overflow
}

/** An exact 64-bit integer. */
function parseOperand(text: string): bigint {
  parseInteger(text)
  return BigInt(text)
}

/** Parses the steps. An OVERFLOW applies to the steps after it. */
function parse(argv: Argv): Step[] {
  const steps: Step[] = []
  let overflow: Overflow = 'WRAP'
  let index = 2
  while (index < argv.length) {
    const word = at(argv, index).toUpperCase()
    if (word === 'OVERFLOW') {
      overflow = parseOverflow(at(argv, index + 1))
      index += 2
      continue
    }
    const action = ACTIONS.find((name) => name === word)
    const words = action === 'GET' ? 3 : 4
    if (action === undefined || index + words > argv.length) throw syntaxError()
    const width = parseWidth(at(argv, index + 1))
    const offset = parseBitOffset(at(argv, index + 2), width.bits)
    const operand = action === 'GET' ? 0n : parseOperand(at(argv, index + 3))
    steps.push({ action, width, offset, operand, overflow })
    index += words
  }
  return steps
}

function readInteger(bytes: Uint8Array, { width, offset }: Step): bigint {
  let value = 0n
  for (let bit = 0; bit < width.bits; bit++) {
    value = (value << 1n) | BigInt(bitAt(bytes, offset + bit))
  }
  return width.isSigned ? BigInt.asIntN(width.bits, value) : value
}

function writeInteger(bytes: Uint8Array, { width, offset }: Step, value: bigint): void {
  for (let bit = 0; bit < width.bits; bit++) {
    setBitAt(bytes, offset + bit, Number((value >> BigInt(width.bits - 1 - bit)) & 1n))
  }
}

/** The sum, wrapped or saturated to the width as the step says; undefined for FAIL. */
function fitted(
  { width: { isSigned, bits }, overflow }: Step,
  base: bigint,
  increment: bigint,
): bigint | undefined {
  const value = base + increment
  const max = 2n ** BigInt(isSigned ? bits - 1 : bits) - 1n
  const min = isSigned ? -max - 1n : 0n
  if (value >= min && value <= max) return value
  if (overflow === 'FAIL') return undefined
  if (overflow === 'SAT') {
    // Redis subtracts in 64 bits, so for the lowest numbers the difference overflows and any increment exceeds it.
    const room = isSigned && bits < 64 ? BigInt.asIntN(64, max - base) : max - base
    return increment > room ? max : min
  }
  return isSigned ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)
}

function run(bytes: Uint8Array, step: Step): Reply {
  const old = readInteger(bytes, step)
  if (step.action === 'GET') return Number(old)
  // For an unsigned width, Redis reads the operand as unsigned too: -1 is then the largest number.
  const given = step.width.isSigned ? step.operand : BigInt.asUintN(64, step.operand)
  const value = step.action === 'SET' ? fitted(step, given, 0n) : fitted(step, old, step.operand)
  if (value === undefined) return null
  writeInteger(bytes, step, value)
  return Number(step.action === 'SET' ? old : value)
}

function bitfield(db: Keyspace, argv: Argv): Reply {
  const steps = parse(argv)
  const changes = steps.filter(({ action }) => action !== 'GET')
  if (changes.length === 0) {
    const bytes = toBytes(db.string(argv[1]) ?? '')
    return steps.map((step) => run(bytes, step))
  }
  if (argv[0] === 'BITFIELD_RO') {
    throw new CommandError('ERR BITFIELD_RO only supports the GET subcommand')
  }
  const bits = Math.max(...changes.map(({ offset, width }) => offset + width.bits))
  const bytes = openBits(db, argv[1], bits)
  return steps.map((step) => run(bytes, step))
}

export const bitfieldCommands: CommandTable = {
  BITFIELD: grows(-2, bitfield),
  BITFIELD_RO: reads(-2, bitfield),
}
