/**
 * One client's turn: what it may do next, and what becomes of the state.
 *
 * @module
 */

import type { Flaw, Flaws } from './flaws.ts'
import type { StepName } from './names.ts'
import { type Applied, apply, Ids } from './scripts.ts'
import {
  type Client,
  type Duty,
  type Entry,
  IDLE,
  type Isolate,
  type Message,
  type Phase,
  type State,
  type Store,
  type Sweep,
  type Tags,
  type Value,
} from './state.ts'
import type { Op, System } from './system.ts'

/** The description of a step in a trace. */
export interface Told {
  /** The client; -1 for the world. */
  readonly who: number
  readonly steps: readonly StepName[]
  readonly text: string
}

/** A step, the state it leads to, and the promise it breaks, if any. */
export interface Next extends Told {
  readonly state: State
  readonly broken: string | undefined
}

/** What a step does in addition to making a state. */
interface Besides {
  readonly sent?: Message | undefined
  readonly broken?: string | undefined
}

/** Counts how often a value loaded after a call was served. */
export interface Tally {
  renewed: number
}

/** The turn of one client in one state. */
export class Turn {
  readonly system: System
  readonly flaws: Flaws
  readonly state: State
  readonly who: number
  readonly client: Client
  readonly op: Op
  readonly isolate: number
  readonly #next: Next[]
  readonly #tally: Tally

  constructor(
    system: System,
    flaws: Flaws,
    state: State,
    who: number,
    op: Op,
    next: Next[],
    tally: Tally,
  ) {
    this.system = system
    this.flaws = flaws
    this.state = state
    this.who = who
    this.client = state.clients[who] as Client
    this.op = op
    this.isolate = system.isolateOf[who] ?? 0
    this.#next = next
    this.#tally = tally
  }

  has(flaw: Flaw): boolean {
    return this.flaws.has(flaw)
  }

  /** Whether a fault other than a loss may happen now. */
  get mayFail(): boolean {
    return this.state.faults > 0 && !this.system.delivers
  }

  /** Text for the first step of a call, which changes the source before it. */
  get publishes(): string {
    return this.client.phase.kind === 'idle' ? 'publishes a new version, ' : ''
  }

  /**
   * Adds a step that may come next. If a fault is possible, it also adds a second outcome, in which a
   * copy of the request stays on its way.
   */
  add(
    steps: readonly StepName[],
    text: string,
    state: State,
    { sent, broken }: Besides = {},
  ): void {
    const { who } = this
    this.#next.push({ who, steps, text, state, broken })
    if (!sent || broken || !this.mayFail) return
    const late = { ...state, faults: state.faults - 1, copies: [...state.copies, sent] }
    const told = `${text} (a copy of the request stays on its way)`
    this.#next.push({ who, steps, text: told, state: late, broken })
  }

  /** Sends a request to the primary. Returns its reply and the state after it. */
  send<Reply>(state: State, message: Message): { readonly state: State; readonly reply: Reply } {
    const ids = new Ids(state.clock)
    const { store, reply } = apply(
      state.store,
      message,
      this.system.epoch,
      this.flaws,
      ids,
    ) as Applied<Reply>
    const after = put(this.system, { ...state, clock: ids.next }, store, message.kind)
    // A writer gets the position when its call returns.
    const heard = this.op.kind === 'read' ? this.hears(after, after.log.length) : after
    return { state: heard, reply }
  }

  /** The isolate learns of a log position. */
  hears(state: State, position: number): State {
    if (!this.system.hasReplicas) return state
    const isolate = state.isolates[this.isolate] as Isolate
    if (position <= isolate.token) return state
    return withIsolate(state, this.isolate, { ...isolate, token: position })
  }

  /** Makes a new id of a client. */
  draw(state: State): { readonly state: State; readonly id: number } {
    const ids = new Ids(state.clock)
    const id = ids.sent()
    return { state: { ...state, clock: ids.next }, id }
  }

  /** Moves the client to another phase. */
  to(state: State, phase: Phase): State {
    return withPhase(state, this.who, phase)
  }

  /** Ends the client's operation. */
  done(state: State): State {
    return finished(state, this.who)
  }

  /** A caller gets a value. Returns the promise that this breaks, if any. No other code checks T1 to T3. */
  serve(value: Value, duty: Duty, as: 'fresh' | 'stale'): string | undefined {
    if (value.born + value.soft > 0) this.#tally.renewed++
    if (this.has('a value counts from the last call that returned')) {
      return value.returned < duty.returned
        ? 'served a value whose load began before a call returned that the read must honour'
        : undefined
    }
    if (value.born < duty.hard) {
      return 'T1: served a value whose load began before a call that the read must honour'
    }
    if (value.version < duty.version) {
      return 'T2: served a version older than the one that a finished call had published'
    }
    if (as === 'fresh' && value.soft < duty.soft) {
      return 'T3: served as fresh what was softly invalidated before'
    }
    return undefined
  }

  /** The tags that a call of this key declares. */
  declared(key: number): Tags {
    return this.system.declared[key] ?? []
  }

  asked(key: number): Tags {
    const declared = this.declared(key)
    return this.system.epoch < 0 ? declared : [...declared, this.system.epoch]
  }
}

/**
 * Replaces the contents of Redis; replicas may still show the earlier ones. A load whose lease has
 * disappeared no longer holds it, unless an `acquire` or `release` dropped it, which would be a flaw.
 */
export function put(
  system: System,
  state: State,
  store: Store,
  cause: Message['kind'] | 'loss',
): State {
  if (store === state.store) return state
  const log = system.hasReplicas ? [...state.log, state.store] : state.log
  const isRight = cause !== 'acquire' && cause !== 'release'
  const clients = isRight ? bereft(state, store) : state.clients
  const after = { ...state, store, log, clients }
  return state.clients.some(({ phase }) => phase.kind === 'sweeping') ? sweptPast(after) : after
}

export function withPhase(state: State, who: number, phase: Phase): State {
  const client = state.clients[who] as Client
  return { ...state, clients: state.clients.with(who, { ...client, phase }) }
}

export function withIsolate(state: State, number: number, isolate: Isolate): State {
  return { ...state, isolates: state.isolates.with(number, isolate) }
}

export function finished(state: State, who: number): State {
  const { done } = state.clients[who] as Client
  const client = { phase: IDLE, done: done + 1, looks: 0 }
  return { ...state, clients: state.clients.with(who, client) }
}

/** A new entry, with a new write id. */
export function entryOf(state: State, value: Value, stamps: Entry['stamps']): [State, Entry] {
  const ids = new Ids(state.clock)
  const entry = { value, stamps, writeId: ids.stored() }
  return [{ ...state, clock: ids.next }, entry]
}

/** Marks the loads whose lease has just been dropped as no longer holding it. */
function bereft({ clients, store: { leases } }: State, store: Store): State['clients'] {
  if (store.leases === leases) return clients
  return clients.map((client): Client => {
    const { phase } = client
    if (!('load' in phase) || !phase.load.holds) return client
    const { key, token } = phase.load
    if (leases[key]?.token !== token || store.leases[key]?.token === token) return client
    return { ...client, phase: { ...phase, load: { ...phase.load, holds: false } } }
  })
}

/** SCAN no longer guarantees to return a key that was missing for a moment. */
function sweptPast(state: State): State {
  const clients = state.clients.map((client): Client => {
    const { phase } = client
    if (phase.kind !== 'sweeping') return client
    const entries = freed(phase.entries, state.store.entries[0])
    const leases = freed(phase.leases, state.store.leases[0])
    if (entries === phase.entries && leases === phase.leases) return client
    return { ...client, phase: { ...phase, entries, leases } }
  })
  return { ...state, clients }
}

function freed(sweep: Sweep, held: unknown): Sweep {
  return sweep === 'constant' && !held ? 'free' : sweep
}
