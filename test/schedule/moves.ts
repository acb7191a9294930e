/**
 * The moves of a schedule, and the settings of the world in which it is played.
 *
 * @module
 */

import fc from 'fast-check'
import type { Key } from './history.ts'

/** Number of isolates in a world. */
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
 * One move, as text:
 *
 * | move | what happens |
 * |---|---|
 * | `get 0 ka` | isolate 0 begins that read or call; `bare` is a get that names no tags |
 * | `go 2` | the third held step continues: a request or a reply arrives, or a load ends |
 * | `fail 2` | the third held step fails: a request or a reply is lost, or a loader rejects |
 * | `twice 2` | the request is applied now, and once more later |
 * | `lose 1` | Redis loses the second of its keys |
 * | `wait 300` | time passes, in milliseconds |
 * | `die 1` | isolate 1 dies, and a new one replaces it |
 */
export type Move = string

/** How a request passes the network: at once, or held before or after it is applied, or both. */
export type Passage = 'through' | 'before' | 'after' | 'both'

/** The configuration of a world. */
export interface Setting {
  /** As on Redis Cluster: each command touches one slot. */
  readonly cluster: boolean
  readonly lateTags: boolean
  readonly windows: 'none' | 'revalidate' | 'if-error'
  readonly early: boolean
  /** Whether both keys are already stored, by a caller that declared only the first tag. */
  readonly old: boolean
  readonly passages: readonly Passage[]
  /** Whether every load waits for the schedule to end it. */
  readonly holdsLoads: boolean
}

/** A complete schedule. Printed as JSON, it can be played again. */
export interface Schedule {
  readonly setting: Setting
  readonly moves: readonly Move[]
}

const FAULTS = ['fail', 'twice', 'lose', 'wait 300', 'wait 1500', 'die'] as const

/** The features that one schedule uses. */
interface Swarm {
  readonly isolates: readonly number[]
  readonly keys: readonly Key[]
  readonly reads: readonly ReadName[]
  readonly calls: readonly CallName[]
  readonly faults: readonly (typeof FAULTS)[number][]
  readonly shares: Shares
}

/** Upper bounds that map a number in [0, 32) to a read, a call or a `go`; above them it is a fault. */
interface Shares {
  readonly read: number
  readonly call: number
  readonly go: number
}

const DRAWS = 32
const SHARES: Shares = { read: 10, call: 15, go: 29 }
const MANY_FAULTS: Shares = { read: 6, call: 10, go: 22 }

type Draw = readonly [kind: number, what: number, who: number, key: number]

function moveOf({ isolates, keys, reads, calls, faults, shares }: Swarm, draw: Draw): Move {
  const [kind, what, who, key] = draw
  const whom = `${pick(isolates, who)} ${pick(keys, key)}`
  if (kind < shares.read) return `${pick(reads, what)} ${whom}`
  if (kind < shares.call) return `${pick(calls, what)} ${whom}`
  if (kind < shares.go || faults.length === 0) return `go ${who}`
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
 * Swarm testing (Groce, Zhang, Eide, Chen and Regehr, ISSTA 2012): a schedule that omits most features
 * tests the remaining ones more deeply.
 */
const swarm: fc.Arbitrary<Swarm> = fc.record({
  isolates: fc.subarray([0, 1, 2, 3], { minLength: 1, maxLength: 3 }),
  keys: fc.constantFrom<readonly Key[]>(['ka'], ['ka'], ['ka', 'kb']),
  // Without a getOrSet no value is ever loaded.
  reads: fc.subarray([...READS], { maxLength: 3 }).map((some) => ['getOrSet', ...some] as const),
  calls: fc.subarray([...CALLS], { minLength: 1, maxLength: 3 }),
  faults: fc.subarray([...FAULTS], { maxLength: 3 }),
  shares: fc.constant(SHARES),
})

const draw: fc.Arbitrary<Draw> = fc.tuple(fc.nat(DRAWS - 1), fc.nat(11), fc.nat(11), fc.nat(1))

/** Restricts a schedule, so that it often reaches states in which a mistake of one kind shows. */
interface Focus {
  readonly setting?: Partial<Setting>
  readonly swarm?: Partial<Swarm>
}

const ONE_KEY = { isolates: [0, 3], keys: ['ka'] } as const

export type FocusName = keyof typeof FOCUSES

/** By name. `anything` is chosen as often as all others together. */
const FOCUSES = {
  anything: {},
  'late copies of loads': {
    setting: { holdsLoads: true, old: false },
    swarm: { ...ONE_KEY, calls: ['hard', 'late'], faults: ['twice'], shares: MANY_FAULTS },
  },
  'late copies of calls': {
    setting: { holdsLoads: true, old: false },
    swarm: {
      ...ONE_KEY,
      reads: ['getOrSet'],
      calls: ['delete', 'ticket', 'set'],
      faults: ['twice'],
      shares: MANY_FAULTS,
    },
  },
  // A call of several commands, and a load that ends between two of them.
  'calls on a cluster': {
    setting: { cluster: true, holdsLoads: true, old: false },
    swarm: { ...ONE_KEY, reads: ['getOrSet'], calls: ['delete'], faults: [] },
  },
  'late tags on a cluster': {
    setting: { cluster: true, lateTags: true, holdsLoads: true, old: false },
    swarm: { ...ONE_KEY, calls: ['late'], faults: [] },
  },
  'soft and hard calls': { swarm: { ...ONE_KEY, calls: ['soft', 'hard'], faults: [] } },
  'loads that fail': {
    setting: { windows: 'if-error', holdsLoads: true },
    swarm: {
      isolates: [0],
      keys: ['ka'],
      reads: ['getOrSet'],
      calls: ['soft', 'delete'],
      faults: ['fail'],
      shares: MANY_FAULTS,
    },
  },
  'the lag of a near tier': {
    swarm: { isolates: [0, 2], keys: ['ka'], faults: ['wait 300'], shares: MANY_FAULTS },
  },
  'own calls of a near tier': { swarm: { isolates: [2], keys: ['ka'], faults: [] } },
} as const satisfies Readonly<Record<string, Focus>>

/** Schedules of up to 50 moves, with every focus or with the given one. */
export function schedules(focus?: FocusName): fc.Arbitrary<Schedule> {
  const others = Object.values<Focus>(FOCUSES).filter((other) => other !== FOCUSES.anything)
  const focuses = focus
    ? [FOCUSES[focus]]
    : [...others, ...Array<Focus>(others.length).fill(FOCUSES.anything)]
  return fc
    .record({
      setting,
      swarm,
      focus: fc.constantFrom<Focus>(...focuses),
      draws: fc.array(draw, { minLength: 1, maxLength: 50, size: 'max' }),
    })
    .map(({ draws, focus: chosen, ...free }) => {
      const some = { ...free.swarm, ...chosen.swarm }
      return {
        setting: { ...free.setting, ...chosen.setting },
        moves: draws.map((one) => moveOf(some, one)),
      }
    })
}
