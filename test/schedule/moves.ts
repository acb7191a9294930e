/**
 * The moves that a schedule is made of, and the settings of the world they are made in.
 *
 * @module
 */

import fc from 'fast-check'
import type { Key } from './history.ts'

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
  /** Whether every load waits for the schedule to end it. */
  readonly holdsLoads: boolean
}

/** A whole story: print it as JSON, and it can be told again. */
export interface Schedule {
  readonly setting: Setting
  readonly moves: readonly Move[]
}

const FAULTS = ['fail', 'twice', 'lose', 'wait 300', 'wait 1500', 'die'] as const

/** Which of all that could happen happens in one schedule. */
interface Swarm {
  readonly isolates: readonly number[]
  readonly keys: readonly Key[]
  readonly reads: readonly ReadName[]
  readonly calls: readonly CallName[]
  readonly faults: readonly (typeof FAULTS)[number][]
}

/** What a draw of [0, 32) makes of a move: first the share of reads, then those of calls and so on. */
const SHARES = { read: 10, call: 15, go: 29 } as const
const DRAWS = 32

type Draw = readonly [kind: number, what: number, who: number, key: number]

function moveOf({ isolates, keys, reads, calls, faults }: Swarm, draw: Draw): Move {
  const [kind, what, who, key] = draw
  const whom = `${pick(isolates, who)} ${pick(keys, key)}`
  if (kind < SHARES.read) return `${pick(reads, what)} ${whom}`
  if (kind < SHARES.call) return `${pick(calls, what)} ${whom}`
  if (kind < SHARES.go || faults.length === 0) return `go ${who}`
  const fault = pick(faults, what)
  if (fault.startsWith('wait')) return fault
  return `${fault} ${fault === 'die' ? pick(isolates, who) : who}`
}

function pick<T>(list: readonly T[], n: number): T {
  return list[n % list.length] as T
}

const passage: fc.Arbitrary<Passage> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Passage>('through') },
  { weight: 2, arbitrary: fc.constant<Passage>('before') },
  { weight: 2, arbitrary: fc.constant<Passage>('after') },
  { weight: 1, arbitrary: fc.constant<Passage>('both') },
)

const setting: fc.Arbitrary<Setting> = fc.record({
  cluster: fc.boolean(),
  lateTags: fc.boolean(),
  windows: fc.constantFrom('none', 'none', 'revalidate', 'if-error'),
  early: fc.boolean(),
  old: fc.boolean(),
  passages: fc.array(passage, { minLength: 1, maxLength: 10 }),
  holdsLoads: fc.boolean(),
})

/**
 * Swarm testing (Groce, Zhang, Eide, Chen and Regehr, ISSTA 2012): a schedule that leaves most
 * features out goes deeper into those it has.
 */
const swarm: fc.Arbitrary<Swarm> = fc.record({
  isolates: fc.subarray([0, 1, 2, 3], { minLength: 1, maxLength: 3 }),
  keys: fc.constantFrom<readonly Key[]>(['ka'], ['ka'], ['ka', 'kb']),
  // Without a getOrSet nothing happens.
  reads: fc.subarray([...READS], { maxLength: 3 }).map((some) => ['getOrSet', ...some] as const),
  calls: fc.subarray([...CALLS], { minLength: 1, maxLength: 3 }),
  faults: fc.subarray([...FAULTS], { maxLength: 3 }),
})

const draw: fc.Arbitrary<Draw> = fc.tuple(fc.nat(DRAWS - 1), fc.nat(11), fc.nat(11), fc.nat(1))

/** What a schedule may be held to, so that it comes to where a mistake of one kind would show. */
interface Focus {
  readonly setting?: Partial<Setting>
  readonly swarm?: Partial<Swarm>
}

const ANYTHING: Focus = {}
const FOCUSES: readonly Focus[] = [
  ...Array<Focus>(6).fill(ANYTHING),
  // Copies of requests that come late.
  {
    setting: { holdsLoads: true, old: false },
    swarm: { isolates: [0, 3], keys: ['ka'], calls: ['hard', 'late'], faults: ['twice'] },
  },
  {
    setting: { holdsLoads: true },
    swarm: {
      isolates: [0, 3],
      keys: ['ka'],
      calls: ['delete', 'ticket', 'set'],
      faults: ['twice'],
    },
  },
  // What is softly and what is hard invalidated.
  { swarm: { isolates: [0, 3], keys: ['ka'], calls: ['soft', 'hard'], faults: [] } },
  // Loads that fail, and who falls back on what.
  {
    setting: { windows: 'if-error', holdsLoads: true },
    swarm: {
      isolates: [0],
      keys: ['ka'],
      reads: ['getOrSet'],
      calls: ['soft', 'delete'],
      faults: ['fail'],
    },
  },
  // Late tags on a cluster: a call of many commands against a load of many.
  {
    setting: { cluster: true, lateTags: true, holdsLoads: true, old: false },
    swarm: { isolates: [0, 3], keys: ['ka'], calls: ['late'], faults: [] },
  },
  // The lag of a near tier, and its own calls.
  { swarm: { isolates: [0, 2], keys: ['ka'], faults: ['wait 300'] } },
  { swarm: { isolates: [2], keys: ['ka'], faults: [] } },
]

/** Stories of up to 50 moves. */
export const schedules: fc.Arbitrary<Schedule> = fc
  .record({
    setting,
    swarm,
    focus: fc.constantFrom(...FOCUSES),
    draws: fc.array(draw, { minLength: 1, maxLength: 50, size: 'max' }),
  })
  .map(({ draws, focus, ...free }) => {
    const some = { ...free.swarm, ...focus.swarm }
    return {
      setting: { ...free.setting, ...focus.setting },
      moves: draws.map((one) => moveOf(some, one)),
    }
  })
