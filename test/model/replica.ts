/**
 * Replicas that lag. Writes and scripts go to the primary, and the replicas apply its log in order. A
 * look may be answered by any replica, in its state after any prefix of the log. A look with a token
 * waits for a replica that has applied the log up to the token.
 *
 * Tokens are positions in the log. Failover is not modelled.
 *
 * @module
 */

import { type Duty, NO_DUTY, type State, type Store } from './state.ts'
import type { Turn } from './turn.ts'

/** A store that may answer a look, and what the read must then honour. */
export interface View {
  readonly store: Store
  readonly duty: Duty
  /** The state after the look: the isolate knows the replica's position. */
  readonly state: State
  /** Text for a trace that says which replica answered; empty for the primary. */
  readonly where: string
}

/** All stores that may answer a look: the primary's alone, or one for each sufficient prefix of its log. */
export function viewsOf(turn: Turn): readonly View[] {
  return viewsFrom(turn, requiredOf(turn))
}

/** All stores that may answer a look if no position is required, whatever token the client has. */
export function everyView(turn: Turn): readonly View[] {
  return viewsFrom(turn, 0)
}

/** The primary's store. */
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

/** The log position that a look requires. */
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

/** The calls that a read must honour, depending on which Redis answers it. */
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
