/**
 * `invalidatePattern` by SCAN: one sweep of the matching leases, then one of the matching entries. Each
 * takes several steps, and steps of loads and other calls may come between them.
 *
 * SCAN guarantees to return a key that exists from its first step to its last. A key that is created or
 * deleted in between may be returned or not, so both are tried. A second command deletes what it returned.
 *
 * @module
 */

import { begin, effect, leave } from './call.ts'
import { everyView, primary, type View } from './replica.ts'
import type { Call, Message, Phase, State, Store, Sweep, Swept } from './state.ts'
import type { Turn } from './turn.ts'

type Sweeping = Extract<Phase, { kind: 'sweeping' }>

/** The first SCAN of the first sweep begins. */
export function beginSweep(turn: Turn, state: State, version: number): void {
  const began = begin(turn, state, { began: 0, version })
  for (const { store, where } of scanned(turn)) {
    const phase = stageOf(turn, store, began.call, 0)
    const text = `${turn.publishes}${where}begins to SCAN ${namesOf(turn, 0)}`
    turn.add(['invalidatePattern', 'sweep'], text, turn.to(began.state, phase))
  }
}

/** SCAN returns a key, or a returned key is deleted, or the sweep ends. */
export function sweep(turn: Turn, phase: Sweeping): void {
  const { state, op } = turn
  for (const what of stagesOf(turn)[phase.stage] ?? []) {
    const stand = phase[what]
    if (stand === 'returned') {
      const request: Message = { kind: 'delete', key: op.key, what: [what] }
      const after = turn.to(turn.send(state, request).state, { ...phase, [what]: 'deleted' })
      turn.add(['sweep', 'drop'], `DEL of ${what} that SCAN returned`, after, { sent: request })
    } else if (stand !== 'deleted' && state.store[what][op.key]) {
      const next = turn.to(state, { ...phase, [what]: 'returned' })
      turn.add(['sweep'], `SCAN returns the key of ${what}`, next)
    }
  }
  if (isOver(phase)) endStage(turn, phase)
}

function endStage(turn: Turn, phase: Sweeping): void {
  const { state } = turn
  const { call, stage } = phase
  const next = stage + 1
  if (next === stagesOf(turn).length) {
    const after = effect(turn, state, call, [turn.op.key])
    turn.add(['sweep'], 'ends its SCAN: the call is complete', leave(turn, after))
    return
  }
  for (const { store, where } of scanned(turn)) {
    const text = `ends its SCAN, ${where}begins to SCAN ${namesOf(turn, next)}`
    turn.add(['sweep'], text, turn.to(state, stageOf(turn, store, call, next)))
  }
}

/** A sweep is over when SCAN has returned all that it must, and all that it returned is deleted. */
function isOver({ entries, leases }: Sweeping): boolean {
  return [entries, leases].every((stand) => stand === 'free' || stand === 'deleted')
}

function stageOf(turn: Turn, store: Store, call: Call, stage: number): Sweeping {
  const swept = stagesOf(turn)[stage] ?? []
  const stand = (what: Swept): Sweep =>
    swept.includes(what) && store[what][turn.op.key] ? 'constant' : 'free'
  return { kind: 'sweeping', call, stage, entries: stand('entries'), leases: stand('leases') }
}

/** What each sweep deletes, in order. */
function stagesOf(turn: Turn): readonly (readonly Swept[])[] {
  if (turn.has('the two sweeps are one')) return [['leases', 'entries']]
  if (turn.has('entries are swept first')) return [['entries'], ['leases']]
  if (turn.has('no leases are swept')) return [['entries']]
  return [['leases'], ['entries']]
}

/** The stores that may answer SCAN. */
function scanned(turn: Turn): readonly View[] {
  return turn.has('SCAN reads a lagging replica') ? everyView(turn) : [primary(turn)]
}

function namesOf(turn: Turn, stage: number): string {
  return (stagesOf(turn)[stage] ?? []).join(' and ')
}
