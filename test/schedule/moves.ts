/**
 * The moves that a schedule is made of, and the settings of the world they are made in.
 *
 * @module
 */

import fc from 'fast-check'

/** How many isolates a world has. */
export const ISOLATES = 4

export const READS = ['get', 'bare', 'getOrSet', 'getMany', 'getOrSetMany', 'touch'] as const
export const CALLS = [
  'delete',
  'hard',
  'soft',
  'late',
  'clear',
  'prefix',
  'scan',
  'set',
  'setMany',
  'ticket',
] as const

export type ReadName = (typeof READS)[number]
export type CallName = (typeof CALLS)[number]

/**
 * One move, as it is printed and read back:
 *
 * | move | what happens |
 * |---|---|
 * | `get 0 ka` | isolate 0 begins that read, or that call; `bare` is a get that names no tags |
 * | `go 2` | the third of the held steps goes on: a request arrives, a reply comes, a load ends |
 * | `fail 2` | it fails: a request or a reply is lost, a loader rejects |
 * | `twice 2` | the request is applied, and once more later |
 * | `lose 1` | Redis loses the second of its keys |
 * | `wait 300` | time passes, in milliseconds |
 * | `die 1` | isolate 1 dies, and another begins in its place |
 */
export type Move = string

/** What becomes of a request, in turn: through at once, or held before or after it is applied. */
export type Passage = 'through' | 'before' | 'after' | 'both'

/** How the world is made. */
export interface Setting {
  /** One command, one slot. */
  readonly cluster: boolean
  readonly lateTags: boolean
  readonly windows: 'none' | 'revalidate' | 'if-error'
  readonly early: boolean
  /** Whether both keys are there already, stored by a caller that declared only the first tag. */
  readonly old: boolean
  readonly passages: readonly Passage[]
}

/** A whole story: print it as JSON, and it can be told again. */
export interface Schedule {
  readonly setting: Setting
  readonly moves: readonly Move[]
}

const who = fc.nat(ISOLATES - 1)
const key = fc.constantFrom('ka', 'kb')
const n = fc.nat(12)

function begin(names: readonly string[]): fc.Arbitrary<Move> {
  return fc.tuple(fc.constantFrom(...names), who, key).map((words) => words.join(' '))
}

function numbered(verb: string, arbitrary: fc.Arbitrary<number>): fc.Arbitrary<Move> {
  return arbitrary.map((number) => `${verb} ${number}`)
}

const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 10, arbitrary: begin(['getOrSet', 'getOrSet', 'getOrSet', ...READS]) },
  { weight: 5, arbitrary: begin(CALLS) },
  { weight: 14, arbitrary: numbered('go', n) },
  { weight: 1, arbitrary: numbered('fail', n) },
  { weight: 1, arbitrary: numbered('twice', n) },
  { weight: 1, arbitrary: numbered('lose', n) },
  { weight: 1, arbitrary: numbered('wait', fc.constantFrom(300, 1_500)) },
  {
    weight: 1,
    arbitrary: fc.oneof({ weight: 3, arbitrary: numbered('go', n) }, numbered('die', who)),
  },
)

const passage: fc.Arbitrary<Passage> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Passage>('through') },
  { weight: 2, arbitrary: fc.constant<Passage>('before') },
  { weight: 2, arbitrary: fc.constant<Passage>('after') },
  { weight: 1, arbitrary: fc.constant<Passage>('both') },
)

/** Stories of up to 60 moves. */
export const schedules: fc.Arbitrary<Schedule> = fc.record({
  setting: fc.record({
    cluster: fc.boolean(),
    lateTags: fc.boolean(),
    windows: fc.constantFrom('none', 'none', 'revalidate', 'if-error'),
    early: fc.boolean(),
    old: fc.boolean(),
    passages: fc.array(passage, { minLength: 1, maxLength: 10 }),
  }),
  moves: fc.array(move, { minLength: 1, maxLength: 60, size: 'max' }),
})
