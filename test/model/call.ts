/**
 * When a call begins to take effect, when it is complete, and when it returns. All of these are ghost
 * variables: the promise is stated in terms of them.
 *
 * @module
 */

import { both, type Call, type Duty, NO_DUTY, type Phase, type State, type Tags } from './state.ts'
import { type Turn, withIsolate } from './turn.ts'

/** The call returns: near copies of its isolate become outdated, and the caller gets its token. */
export function comeBack(
  turn: Turn,
  { effect: done, position }: Extract<Phase, { kind: 'returning' }>,
): void {
  const { state, isolate, system } = turn
  const own = state.isolates[isolate]
  const counts = turn.has('a value counts from the last call that returned')
  let next: State = { ...state, returned: counts ? state.returned + 1 : 0 }
  if (counts)
    next = {
      ...next,
      calls: next.calls.map((calls) => ({
        ...calls,
        complete: { ...calls.complete, returned: next.returned },
      })),
    }
  if (own) {
    const copy = turn.has('copies survive a local call') ? own.copy : null
    next = withIsolate(next, isolate, {
      copy,
      generation: system.near ? own.generation + 1 : 0,
      own: both(own.own, done),
      token: turn.has('the token of the last reply is kept')
        ? position
        : Math.max(own.token, position),
    })
  }
  if (system.hasReplicas) {
    const handedToken = Math.max(state.handedToken, position)
    next = { ...next, handed: both(state.handed, done), handedToken }
  }
  turn.add([], 'its call returns', turn.done(next))
}

/** A call begins to take effect on the keys it covers. */
export function begin(turn: Turn, state: State, call: Call): { state: State; call: Call } {
  if (call.began > 0) return { state, call }
  const keys = covered(turn)
  const counter = turn.op.kind === 'soft' ? 'softened' : 'begun'
  const began = Math.max(...state.calls.map((one) => one[counter])) + 1
  const calls = state.calls.map((one, key) =>
    keys.includes(key) ? { ...one, [counter]: began } : one,
  )
  return { state: { ...state, calls }, call: { ...call, began } }
}

/** A call is complete: every look from now on must honour it. */
export function effect({ op }: Turn, state: State, { began, version }: Call, keys: Tags): State {
  const duty: Duty =
    op.kind === 'soft' ? { ...NO_DUTY, soft: began } : { ...NO_DUTY, hard: began, version }
  const calls = state.calls.map((one, key) =>
    keys.includes(key) ? { ...one, complete: both(one.complete, duty) } : one,
  )
  return { ...state, calls }
}

/** Ends the client's operation, or its call, whose return is then a step of its own. */
export function leave(turn: Turn, state: State): State {
  if (!turn.system.returns) return turn.done(state)
  const key = covered(turn)[0] ?? 0
  const done = state.calls[key]?.complete ?? NO_DUTY
  const position = turn.system.hasReplicas ? state.log.length : 0
  return turn.to(state, { kind: 'returning', effect: done, position })
}

/** The numbers of the keys that the current call covers. */
export function covered({ op, system, flaws }: Turn): Tags {
  if (flaws.has('a delete covers every key')) return [...system.keys.keys()]
  if (op.kind !== 'hard' && op.kind !== 'soft') return [op.key]
  return system.declared.flatMap((declared, key) => {
    const isLate = op.tags.includes(system.lateTag)
    return isLate || declared.some((tag) => op.tags.includes(tag)) ? [key] : []
  })
}
