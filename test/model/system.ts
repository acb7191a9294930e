/**
 * What a small world is made of: clients with their operations, keys with their tags, and how much
 * may go wrong. Written in letters, `hard AB`; read into numbers.
 *
 * @module
 */

import {
  type Calls,
  IDLE,
  type Marker,
  NO_DUTY,
  type State,
  type Store,
  type Tags,
} from './state.ts'

/** Where a client's looks are answered, and what its reads then promise. */
export type Reads =
  /** By the primary. */
  | 'primary'
  /** By any replica, however far behind. They promise what a read of the primary does. */
  | 'anywhere'
  /** By a replica that has what this isolate has seen. They honour the calls made here. */
  | 'own token'
  /** By a replica that has the tokens handed over. They honour the calls these are of. */
  | 'handed token'
  /** By any replica. They promise nothing; what they load and store is for others to judge. */
  | 'unbound'

/** One client: what it does, one after the other. */
export interface ClientPlan {
  /** Such as `read, read` or `hard AB, delete`; a key other than the first is named last. */
  readonly does: string
  /** Those of one isolate share its loads and its near tier. By default each has its own. */
  readonly isolate?: number
  readonly reads?: Reads
}

/** The description of a system. */
export interface Plan {
  /** The declared tags of each key: `['AB']`, or `['SA', 'SB']` for two keys. */
  readonly keys: readonly string[]
  readonly clients: readonly ClientPlan[]
  readonly faults: number
  /** Requests arrive once, and in time; no reply is lost. */
  readonly delivers?: boolean
  /** Losses do not count as faults. Needs one fault, and `delivers`. */
  readonly endlessLoss?: boolean
  /** Tags that a read names in its look, if not all that are declared. */
  readonly named?: string
  /** Tags of an entry that an older deployment has stored, if not all that are declared. */
  readonly stored?: string
  /** The tag that loaders set. */
  readonly late?: string
  readonly cluster?: boolean
  /** Whether stale entries are served and refreshed behind. */
  readonly revalidates?: boolean
  /** Whether loads may fail. */
  readonly fails?: boolean
  readonly near?: 'bound' | 'verify'
  /** Whether the return of a call is a step of its own. */
  readonly returns?: boolean
  /** Begins with this store only. */
  readonly begins?: 'empty' | 'warm'
}

export interface Op {
  readonly kind:
    | 'read'
    | 'get'
    | 'getMany'
    | 'delete'
    | 'hard'
    | 'soft'
    | 'set'
    | 'ticket'
    | 'pattern'
  readonly key: number
  readonly tags: Tags
}

/** A plan in numbers. */
export interface System extends Plan {
  /** The letters of all tags, by number. */
  readonly letters: string
  readonly declared: readonly Tags[]
  readonly namedTags: Tags | undefined
  /** -1 where there are none. */
  readonly lateTag: number
  readonly epoch: number
  readonly ops: readonly (readonly Op[])[]
  /** Of each client. */
  readonly isolateOf: readonly number[]
  readonly isShared: boolean
  readonly hasReplicas: boolean
}

const EPOCH = '*'

/** Reads a plan. */
export function systemOf(plan: Plan): System {
  const { keys, late = '', clients } = plan
  const letters = [...new Set([...keys.join(''), ...late])].join('') + (late && EPOCH)
  const numbers = (text: string): Tags => [...text].map((letter) => letters.indexOf(letter))
  const isolateOf = clients.map(({ isolate }, i) => isolate ?? i)
  return {
    ...plan,
    letters,
    declared: keys.map(numbers),
    namedTags: plan.named === undefined ? undefined : numbers(plan.named),
    lateTag: late ? letters.indexOf(late) : -1,
    epoch: letters.indexOf(EPOCH),
    ops: clients.map(({ does }) =>
      does.split(', ').map((text) => opOf(text, keys.length, numbers)),
    ),
    isolateOf,
    isShared: new Set(isolateOf).size < clients.length,
    hasReplicas: clients.some(({ reads = 'primary' }) => reads !== 'primary'),
  }
}

function opOf(text: string, keys: number, numbers: (text: string) => Tags): Op {
  const [kind = '', rest = ''] = text.split(' ')
  const isByTag = kind === 'hard' || kind === 'soft'
  const key = isByTag || rest === '' ? 0 : Number(rest)
  if (key >= keys) throw new Error(`${text}: there is no such key`)
  return { kind: kind as Op['kind'], key, tags: isByTag ? numbers(rest) : [] }
}

/** The states it begins in: with nothing in Redis, and with an entry from before all calls. */
export function beginnings(system: System): State[] {
  const { begins, keys, letters } = system
  const nothing = Array.from(letters, () => null)
  const empty: Store = {
    entries: keys.map(() => null),
    leases: keys.map(() => null),
    markers: nothing,
  }
  const stores = { empty: { store: empty, clock: 0 }, warm: warm(system, empty) }
  const names = begins ? [begins] : (['empty', 'warm'] as const)
  return names.map((name) => stateOf(system, stores[name].store, stores[name].clock))
}

function warm({ declared, letters, late, stored, epoch }: System, empty: Store) {
  let clock = 0
  const markers = Array.from(letters, (): Marker => ({ hard: 1_000 + clock++, soft: 0 }))
  const value = { born: 0, soft: 0, version: 0, returned: 0 }
  const entries = declared.map((own) => {
    const has = (tag: number): boolean =>
      stored === undefined
        ? tag !== epoch && (own.includes(tag) || letters[tag] === late)
        : stored.includes(letters[tag] ?? '')
    const stamps = markers.map((marker, tag) => (has(tag) ? marker : null))
    return { value, stamps, writeId: 1_000 + clock++ }
  })
  return { store: { ...empty, entries, markers }, clock }
}

function stateOf(system: System, store: Store, clock: number): State {
  const { clients, faults, keys, isolateOf } = system
  const calls: Calls = { begun: 0, softened: 0, complete: NO_DUTY }
  const hasIsolates = system.near !== undefined || system.hasReplicas
  const isolates = hasIsolates ? Math.max(...isolateOf) + 1 : 0
  return {
    store,
    log: [],
    clients: clients.map(() => ({ phase: IDLE, done: 0, looks: 0 })),
    isolates: Array.from({ length: isolates }, () => ({
      copy: null,
      generation: 0,
      own: NO_DUTY,
      token: 0,
    })),
    calls: keys.map(() => calls),
    source: 0,
    returned: 0,
    copies: [],
    faults,
    now: 0,
    bound: NO_DUTY,
    handed: NO_DUTY,
    handedToken: 0,
    clock,
  }
}
