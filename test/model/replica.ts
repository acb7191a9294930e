/**
 * Replicas that lag: writes and scripts go to the primary, whose log the replicas apply in order. A
 * look may be answered by any of them, as it was after any prefix of the log; one that carries a
 * token waits for a replica that has applied as much.
 *
 * Tokens are positions of the log. Nothing here is about a failover.
 *
 * @module
 */

import { type Duty, NO_DUTY, type State, type Store } from './state.ts'
import type { Turn } from './turn.ts'

/** What a look may be answered from, and what the read must then honour. */
export interface View {
  readonly store: Store
  readonly duty: Duty
  /** The state after it: the isolate has heard of the replica's position. */
  readonly state: State
  /** How a trace says where it was answered; empty for the primary. */
  readonly where: string
}

/** All that may answer a look: the primary alone, or every prefix of its log that will do. */
export function viewsOf(turn: Turn): readonly View[] {
  return viewsFrom(turn, requiredOf(turn))
}

/** All that may answer if nothing is required, whatever the client asks for. */
export function everyView(turn: Turn): readonly View[] {
  return viewsFrom(turn, 0)
}

/** What the primary answers. */
export function primary(turn: Turn): View {
  const { store, log } = turn.state
  const state = turn.hears(turn.state, log.length)
  return { store, duty: dutyOf(turn), state, where: '' }
}

function viewsFrom(turn: Turn, least: number): readonly View[] {
  const { state } = turn
  const stores = [...state.log.slice(least), state.store]
  const duty = dutyOf(turn)
  return stores.map((store, i) => {
    const lag = stores.length - 1 - i
    const where = lag > 0 ? `at a replica ${lag} behind: ` : ''
    return { store, duty, state: turn.hears(state, least + i), where }
  })
}

/** The position that a look requires. */
function requiredOf({ state, system, who, isolate, flaws }: Turn): number {
  const reads = system.clients[who]?.reads ?? 'primary'
  switch (reads) {
    case 'primary':
      return state.log.length
    case 'anywhere':
    case 'unbound':
      return 0
    case 'own token':
      return flaws.has('reads require no token') ? 0 : (state.isolates[isolate]?.token ?? 0)
    case 'handed token':
      return flaws.has('reads require no token') ? 0 : state.handedToken
    default:
      return reads satisfies never
  }
}

/** The calls that a read honours, by where it is answered. */
export function dutyOf({ state, system, who, isolate, op }: Turn): Duty {
  switch (system.clients[who]?.reads) {
    case 'unbound':
      return NO_DUTY
    case 'own token':
      return state.isolates[isolate]?.own ?? NO_DUTY
    case 'handed token':
      return state.handed
    default:
      return state.calls[op.key]?.complete ?? NO_DUTY
  }
}
