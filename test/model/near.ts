/**
 * The near tier: copies, their dates, the fence, and verification.
 *
 * @module
 */

import { dutyOf, everyView, viewsOf } from './replica.ts'
import {
  both,
  type Entry,
  type Phase,
  type Sight,
  type State,
  type Store,
  sameMarker,
} from './state.ts'
import { type Turn, withIsolate } from './turn.ts'

/** The time and the generation of local calls at which a copy was proved valid. */
type Proof = Pick<Sight, 'asOf' | 'generation'>

/** Serves a copy that is young enough, without a request. */
export function nearHit(turn: Turn): boolean {
  const { state, system, isolate } = turn
  const own = state.isolates[isolate]
  if (system.near !== 'bound' || !own?.copy || own.copy.asOf !== state.now) return false
  const late = turn.serve(own.copy.entry.value, both(state.bound, own.own), 'fresh')
  const broken = late && `T6: near, it ${late.slice('T1: '.length)}`
  turn.add(['nearHit'], 'serves its near copy', turn.done(state), { broken })
  return true
}

/** Asks Redis whether a copy is still valid: its header and its markers, one request of two commands. */
export function verify(turn: Turn): boolean {
  const { state, system, isolate } = turn
  const copy = state.isolates[isolate]?.copy
  if (system.near !== 'verify' || !copy) return false
  const duty = dutyOf(turn)
  const sight = { duty, lease: null, writeId: 0, markers: [], asOf: state.now, generation: 0 }
  verifyPart(turn, { kind: 'verifying', sight, copy: copy.entry, part: 0 })
  return true
}

/** Each of the two commands is a step of its own: other commands may come between them. */
export function verifyPart(turn: Turn, phase: Extract<Phase, { kind: 'verifying' }>): void {
  const { part, copy, sight } = phase
  const views = turn.has('verify reads a lagging replica') ? everyView(turn) : viewsOf(turn)
  for (const { store, state, where } of views) {
    const isGood = part === 0 ? sameEntry(turn, copy, store) : sameMarkers(turn, copy, store)
    const name = part === 0 ? 'the write id' : 'the markers'
    const text = `${where}reads ${name} for its near copy`
    if (!isGood)
      turn.add(['verify', 'verifiedNearHit'], `${text}: it is outdated`, dropped(turn, state))
    else if (part === 0) turn.add(['verify'], text, turn.to(state, { ...phase, part: 1 }))
    else {
      const broken = turn.serve(copy.value, sight.duty, 'fresh')
      const told = `${text}, and serves it`
      turn.add(['verify', 'verifiedNearHit'], told, turn.done(state), { broken })
    }
  }
}

/** Keeps a copy, unless a local call has returned since the request that proved it. */
export function keep(
  turn: Turn,
  state: State,
  entry: Entry,
  { asOf, generation }: Proof,
  provedBy: 'look' | 'load',
): State {
  const own = state.isolates[turn.isolate]
  if (!turn.system.near || !own) return state
  const isFenced = own.generation !== generation
  if (isFenced && !turn.has('copies are stored over a local call')) return state
  const isLate = turn.has(
    provedBy === 'look' ? 'a copy is dated by the reply' : 'a copy is dated by the commit',
  )
  const copy = { entry, asOf: isLate ? state.now : asOf }
  return withIsolate(state, turn.isolate, { ...own, copy })
}

function sameEntry(turn: Turn, { writeId }: Entry, { entries }: Store): boolean {
  if (turn.has('verify reads markers only')) return true
  return entries[turn.op.key]?.writeId === writeId
}

function sameMarkers(turn: Turn, { stamps }: Entry, { markers }: Store): boolean {
  if (turn.has('verify reads the entry only')) return true
  return stamps.every((stamp, tag) => !stamp || sameMarker(stamp, markers[tag]))
}

function dropped(turn: Turn, state: State): State {
  const own = state.isolates[turn.isolate]
  const next = turn.to(state, { kind: 'idle' })
  return own ? withIsolate(next, turn.isolate, { ...own, copy: null }) : next
}
