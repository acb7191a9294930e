/**
 * What the world may do at any moment: lose data in Redis, deliver a second copy of a request, let
 * time pass.
 *
 * @module
 */

import type { Model } from './model.ts'
import { apply, Ids, without } from './scripts.ts'
import { NO_DUTY, type State, type Store } from './state.ts'
import { type Next, put } from './turn.ts'

/** Time stops after this many units of `near.ttl`. */
const LAST_MOMENT = 2

/** Adds the steps that the world may take next. */
export function happen(model: Model, state: State, next: Next[]): void {
  const add = (text: string, after: State): void => {
    next.push({ who: -1, steps: [], text, state: after, broken: undefined })
  }
  if (state.faults > 0)
    for (const [text, store] of losses(model, state)) {
      const faults = model.system.endlessLoss ? state.faults : state.faults - 1
      add(text, put(model.system, { ...state, faults }, store, 'loss'))
    }
  for (const [i, message] of state.copies.entries()) {
    const ids = new Ids(state.clock)
    const { store } = apply(state.store, message, model.system.epoch, model.flaws, ids)
    const copies = state.copies.filter((_copy, other) => other !== i)
    const after = put(model.system, { ...state, copies, clock: ids.next }, store, message.kind)
    add(`a second copy of ${message.kind} arrives`, after)
  }
  if (model.system.near === 'bound' && state.now < LAST_MOMENT) {
    const bound = state.calls[0]?.complete ?? NO_DUTY
    add('one near.ttl passes', { ...state, now: state.now + 1, bound })
  }
}

function losses({ system }: Model, { store }: State): [string, Store][] {
  const lost: [string, Store][] = []
  for (const key of system.keys.keys()) {
    const of = system.keys.length > 1 ? ` of key ${key}` : ''
    if (store.entries[key]) lost.push([`the entry${of} is lost`, without(store, key, ['entries'])])
    if (store.leases[key])
      lost.push([`the lease${of} ends or is lost`, without(store, key, ['leases'])])
  }
  for (const [tag, marker] of store.markers.entries()) {
    if (!marker) continue
    const markers = store.markers.with(tag, null)
    lost.push([`marker ${system.letters[tag]} is lost`, { ...store, markers }])
  }
  return lost
}
