/**
 * Describes a small system: clients with their operations, keys with their tags, and the number of
 * faults. A plan is written in letters, such as `hard AB`, and converted to numbers.
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

/** Which Redis answers a client's looks, and which calls its reads must then honour. */
export type Reads =
  /** The primary. */
  | 'primary'
  /** Any replica, however far behind. Reads must honour the same calls as reads of the primary. */
  | 'anywhere'
  /** A replica that has applied what this isolate has seen. Reads honour the calls of this isolate. */
  | 'own token'
  /** A replica that includes the tokens handed over. Reads honour the calls that returned these tokens. */
  | 'handed token'
  /** Any replica. Reads need not honour any call; what they load and store is checked by other readers. */
  | 'unbound'

/** One client and its operations, in order. */
export interface ClientPlan {
  /** Such as `read, read` or `hard AB, delete`. A key other than the first is named last: `read 1`. */
  readonly does: string
  /** Clients of one isolate share its loads and its near tier. By default each client has its own. */
  readonly isolate?: number
  readonly reads?: Reads
}

/** The description of a system. */
export interface Plan {
  /** The declared tags of each key: `['AB']`, or `['SA', 'SB']` for two keys. */
  readonly keys: readonly string[]
  readonly clients: readonly ClientPlan[]
  readonly faults: number
  /** Every request arrives once and in time, and no reply is lost. */
  readonly delivers?: boolean
  /** A loss of data does not use up a fault. Needs one fault, and `delivers`. */
  readonly endlessLoss?: boolean
  /** The tags that a read names in its look, if not all declared ones. */
  readonly named?: string
  /** The tags of an entry that an older deployment has stored, if not all declared ones. */
  readonly stored?: string
  /** The tag that loaders set. */
  readonly late?: string
  readonly cluster?: boolean
  /** Whether stale entries are served and refreshed in the background. */
  readonly revalidates?: boolean
  /** Whether loads may fail. */
  readonly fails?: boolean
  readonly near?: 'bound' | 'verify'
  /** Whether the return of a call is a separate step. */
  readonly returns?: boolean
  /** The only initial store to explore. By default both are explored. */
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

/** A plan, converted to numbers. */
export interface System extends Plan {
  /** The letters of all tags, by number. */
  readonly letters: string
  readonly declared: readonly Tags[]
  readonly namedTags: Tags | undefined
  /** The number of the late tag; -1 if there is none. */
  readonly lateTag: number
  readonly epoch: number
  readonly ops: readonly (readonly Op[])[]
  /** The isolate of each client. */
  readonly isolateOf: readonly number[]
  readonly isShared: boolean
  readonly hasReplicas: boolean
}

const EPOCH = '*'

/** Converts a plan to numbers. */
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

/** The initial states: Redis is empty, or it holds an entry that is older than all calls. */
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
