/**
 * The model: all steps that the clients and the world may take next in a system.
 *
 * @module
 */

import { comeBack } from './call.ts'
import { type Flaws, NO_FLAWS } from './flaws.ts'
import { commitLoad, markNext, obtain, readEpoch, runLoader, stampLate, wait } from './load.ts'
import { verifyPart } from './near.ts'
import { beginRead, readPart, weighMore } from './reader.ts'
import { commitSet, compute, markForSet } from './set.ts'
import type { Phase, State } from './state.ts'
import { sweep } from './sweep.ts'
import { beginnings, type System } from './system.ts'
import { type Next, type Tally, Turn } from './turn.ts'
import { happen } from './world.ts'
import { beginCall, call, callNext } from './writer.ts'

const READS = new Set(['read', 'get', 'getMany'])

/** What a client does in each phase. */
const MOVES: {
  readonly [Kind in Phase['kind']]: (turn: Turn, phase: Extract<Phase, { kind: Kind }>) => void
} = {
  idle: (turn) => (READS.has(turn.op.kind) ? beginRead(turn) : beginCall(turn)),
  looking: (turn, phase) => readPart(turn, turn.state, phase),
  weighing: weighMore,
  verifying: verifyPart,
  missed: obtain,
  waiting: wait,
  joined: () => undefined,
  marking: (turn, { load }) => markNext(turn, load),
  granted: (turn, { load }) => runLoader(turn, load),
  loaded: stampLate,
  stamped: readEpoch,
  ready: commitLoad,
  called: (turn, { version, known }) => call(turn, turn.state, version, known),
  parts: (turn, phase) => callNext(turn, turn.state, phase.call, phase.part, []),
  setMarking: markForSet,
  computing: compute,
  setting: commitSet,
  sweeping: sweep,
  returning: comeBack,
}

/** A system that runs a protocol, with or without flaws. */
export class Model implements Tally {
  readonly system: System
  readonly flaws: Flaws
  renewed = 0

  constructor(system: System, flaws: Flaws = NO_FLAWS) {
    this.system = system
    this.flaws = flaws
  }

  beginnings(): State[] {
    return beginnings(this.system)
  }

  /** Every possible next step. None when no read is left, as nothing can break a promise then. */
  next(state: State): Next[] {
    const next: Next[] = []
    if (!this.#isAnyoneToBeServed(state)) return next
    for (const [who, { done }] of state.clients.entries()) {
      const op = this.system.ops[who]?.[done]
      if (op) this.#move(new Turn(this.system, this.flaws, state, who, op, next, this))
    }
    happen(this, state, next)
    return next
  }

  /** Adds the steps of a client, by its current phase. */
  #move(turn: Turn): void {
    const { phase } = turn.client
    const move = MOVES[phase.kind] as (turn: Turn, phase: Phase) => void
    move(turn, phase)
  }

  #isAnyoneToBeServed({ clients }: State): boolean {
    return clients.some(({ done }, who) =>
      this.system.ops[who]?.some(({ kind }, i) => i >= done && READS.has(kind)),
    )
  }
}
