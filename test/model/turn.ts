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

/** What is said of a step in a trace. */
export interface Told {
  /** The client; -1 for the world. */
  readonly who: number
  readonly steps: readonly StepName[]
  readonly text: string
}

/** A step, with the state it leads to and the promise it breaks. */
export interface Next extends Told {
  readonly state: State
  readonly broken: string | undefined
}

/** What a step does besides making a state. */
interface Besides {
  readonly sent?: Message | undefined
  readonly broken?: string | undefined
}

/** How often values were served that had been loaded after a call. */
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

  /** Whether something may go wrong now that is not a loss. */
  get mayFail(): boolean {
    return this.state.faults > 0 && !this.system.delivers
  }

  /** How the first step of a call says that the source was changed before it. */
  get publishes(): string {
    return this.client.phase.kind === 'idle' ? 'publishes a new version, ' : ''
  }

  /**
   * A step that may come next. What it sent may arrive again later, where something may go wrong: a
   * second outcome.
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

  /** Sends a request to the primary: what it answers, and the state after it. */
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
    // A writer hears of the position when its call returns.
    const heard = this.op.kind === 'read' ? this.hears(after, after.log.length) : after
    return { state: heard, reply }
  }

  /** The isolate hears of a position of the log. */
  hears(state: State, position: number): State {
    if (!this.system.hasReplicas) return state
    const isolate = state.isolates[this.isolate] as Isolate
    if (position <= isolate.token) return state
    return withIsolate(state, this.isolate, { ...isolate, token: position })
  }

  /** A new id of the client's making. */
  draw(state: State): { readonly state: State; readonly id: number } {
    const ids = new Ids(state.clock)
    const id = ids.sent()
    return { state: { ...state, clock: ids.next }, id }
  }

  /** The client goes on to another phase. */
  to(state: State, phase: Phase): State {
    return withPhase(state, this.who, phase)
  }

  /** The client is done with its operation. */
  done(state: State): State {
    return finished(state, this.who)
  }

  /** A caller is given a value: the promise it breaks, if it does. The only place where that is told. */
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

  /** The tags that a call of this key declares, and those it looks at. */
  declared(key: number): Tags {
    return this.system.declared[key] ?? []
  }

  asked(key: number): Tags {
    const declared = this.declared(key)
    return this.system.epoch < 0 ? declared : [...declared, this.system.epoch]
  }
}

/**
 * What Redis holds is replaced: replicas may go on showing what it was. A lease that is gone is
 * rightly gone, unless one who asks for it or gives another back has dropped it.
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

/** An entry as it is written: with a write id where somebody compares it. */
export function entryOf(state: State, value: Value, stamps: Entry['stamps']): [State, Entry] {
  const ids = new Ids(state.clock)
  const entry = { value, stamps, writeId: ids.stored() }
  return [{ ...state, clock: ids.next }, entry]
}

/** Loads whose lease has just been dropped no longer hold it. */
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

/** What is gone for a moment is no longer among what SCAN promises to return. */
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
