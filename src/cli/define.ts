/**
 * Builds a command from a list of options and a function.
 *
 * @module
 */

import { parseArgs as parseStrictly } from 'node:util'
import { type ArgsDef, parseArgs } from 'citty'
import type { CliCommand, ExitCode, Host } from './command.ts'
import { explain } from './explain.ts'
import { Output } from './output.ts'
import { UsageError } from './usage-error.ts'

/** An option that every command has. */
const COMMON = {
  json: { type: 'boolean', description: 'print JSON instead of text' },
} as const satisfies ArgsDef

/** The parsed options of a command. */
type Parsed<Args extends ArgsDef> = {
  readonly [Name in keyof Args]: Args[Name] extends { readonly type: 'boolean' }
    ? boolean
    : Args[Name] extends { readonly default: string } | { readonly required: true }
      ? string
      : string | undefined
}

/** One run of a command. */
export interface Call<Args extends ArgsDef = ArgsDef> {
  readonly args: Parsed<Args>
  /** The positional arguments. */
  readonly words: readonly string[]
  readonly host: Host
  readonly out: Output
}

/** The definition of a command. */
export interface CommandSpec<Args extends ArgsDef> {
  readonly name: string
  /** What it is for, in one line. */
  readonly summary: string
  /** Options. Positional arguments are declared by `words`. */
  readonly args: Args
  /** Positional arguments: their name in the help text, and how many are allowed. */
  readonly words?: { readonly name: string; readonly least: number; readonly most: number }
  /** Further lines of the help text. */
  readonly notes?: readonly string[]
  run(call: Call<Args>): Promise<ExitCode | undefined>
}

/** Builds the command. */
export function command<const Args extends ArgsDef>(spec: CommandSpec<Args>): CliCommand {
  const { name, words } = spec
  const args: ArgsDef = { ...spec.args, ...COMMON }
  return {
    usage: () => usageOf(spec, args),
    run(given, host) {
      const { positionals } = check(name, given, args)
      checkWords(name, positionals, words)
      const parsed = parse(given, args)
      const out = new Output(host, name, parsed['json'] === true)
      return spec.run({ args: parsed as Parsed<Args>, words: positionals, host, out })
    },
  }
}

/** Checks with Node's strict parser: citty accepts unknown options, and its errors quote arguments, even tokens. */
function check(name: string, given: readonly string[], args: ArgsDef) {
  const options = Object.fromEntries(
    Object.entries(args).map(([option, { type }]) => [
      option,
      { type: type === 'boolean' ? ('boolean' as const) : ('string' as const) },
    ]),
  )
  try {
    return parseStrictly({ args: [...given], options, allowPositionals: true })
  } catch (error) {
    throw new UsageError(explain(name, error, Object.keys(options)))
  }
}

/** The values of all options. A boolean option that is not given is `false`. */
function parse(given: readonly string[], args: ArgsDef): Record<string, unknown> {
  const parsed: Readonly<Record<string, unknown>> = parseArgs([...given], args)
  return Object.fromEntries(
    Object.entries(args).map(([name, { type }]) => [
      name,
      type === 'boolean' ? parsed[name] === true : parsed[name],
    ]),
  )
}

function checkWords(
  name: string,
  { length }: readonly string[],
  words: CommandSpec<ArgsDef>['words'] = { name: '', least: 0, most: 0 },
): void {
  const see = `see: nearcache ${name} --help`
  if (length < words.least) throw new UsageError(`${words.name} is missing; ${see}`)
  if (length <= words.most) return
  const problem = words.most === 0 ? 'unexpected argument' : 'too many arguments'
  throw new UsageError(`${problem}; ${see}`)
}

function wordsOf({ name, least, most }: NonNullable<CommandSpec<ArgsDef>['words']>): string {
  const word = most > 1 ? `${name}…` : name
  return least === 0 ? `[${word}]` : word
}

function usageOf(
  { name, summary, words, notes = [] }: CommandSpec<ArgsDef>,
  args: ArgsDef,
): string {
  const options = Object.entries(args).map(([option, { description = '', ...arg }]) => {
    const value = arg.type === 'boolean' ? '' : ` ${arg.valueHint ?? 'TEXT'}`
    const by = arg.default === undefined ? '' : ` (${arg.default})`
    return [`  --${option}${value}`, `${description}${by}`] as const
  })
  const width = Math.max(...options.map(([option]) => option.length)) + 2
  return [
    `nearcache ${name}${words ? ` ${wordsOf(words)}` : ''} [OPTIONS]`,
    '',
    summary,
    '',
    ...options.map(([option, text]) => `${option.padEnd(width)}${text}`),
    ...(notes.length > 0 ? ['', ...notes] : []),
  ].join('\n')
}
