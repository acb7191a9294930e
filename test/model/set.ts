/**
 * A set, in two requests; and a ticket, which computes its value between them.
 *
 * @module
 */

import { begin, effect, leave } from './call.ts'
import type { Grant } from './scripts.ts'
import {
  type Id,
  type Load,
  type Loaded,
  type Markers,
  type Message,
  NO_DUTY,
  type Phase,
  type State,
  UNCLAIMED,
} from './state.ts'
import { entryOf, type Turn } from './turn.ts'

/** The first request of a set or a ticket. */
export function take(turn: Turn, state: State, version: number, known: Markers): void {
  const { key, kind } = turn.op
  if (turn.has('set is one request') || turn.has('set is one request with remembered ids')) {
    storeAtOnce(turn, state, version, known)
    return
  }
  const { state: drawn, id } = turn.draw(state)
  const tags = turn.system.cluster ? [] : turn.declared(key)
  const request: Message = { kind: 'take', key, nonce: id, tags }
  const began = begin(turn, drawn, { began: 0, version: kind === 'set' ? version : 0 })
  const { state: sent, reply } = turn.send<Grant>(began.state, request)
  const after = effect(turn, sent, began.call, [key])
  const claims = turn.has('a set value counts as new') ? version : UNCLAIMED
  const stamps = reply.stamps.map((marker, tag) => (tags.includes(tag) ? marker : null))
  const next = turn.to(after, writeOf(turn, after, reply.token, stamps, claims))
  const text = `${turn.publishes}takes the lease, drops the entry`
  turn.add([kind === 'set' ? 'set' : 'begin', 'take'], text, next, { sent: request })
}

/** Redis Cluster: a set reads its markers one by one. Its value counts as loaded after the last of them. */
export function markForSet(turn: Turn, { load, value }: Loaded): void {
  const [tag = 0] = turn.declared(load.key).filter((one) => !load.stamps[one])
  const { state: drawn, id } = turn.draw(turn.state)
  const request: Message = { kind: 'mark', tags: [tag], nonce: id }
  const { state, reply } = turn.send<Markers>(drawn, request)
  const stamps = load.stamps.with(tag, reply[tag] ?? null)
  const next = turn.to(state, writeOf(turn, state, load.token, stamps, value.version))
  turn.add(['take', 'mark'], `reads or creates marker ${turn.system.letters[tag]}`, next, {
    sent: request,
  })
}

/** The holder of a ticket reads the source. */
export function compute(turn: Turn, { load, value }: Loaded): void {
  const { state } = turn
  const computed = { ...value, version: state.source }
  const next = turn.to(state, { kind: 'setting', load, value: computed })
  turn.add(['begin'], 'computes its value from the source', next)
}

/** The second request of a set. */
export function commitSet(turn: Turn, { load, value }: Loaded): void {
  const [before, entry] = entryOf(turn.state, value, load.stamps)
  const request: Message = { kind: 'commit', key: load.key, token: load.token, entry }
  const { state, reply } = turn.send<boolean>(before, request)
  const text = reply ? 'stores its value' : 'is superseded'
  turn.add(['commit'], text, leave(turn, state), { sent: request })
}

function writeOf(turn: Turn, state: State, token: Id, stamps: Markers, version: number): Phase {
  const { key, kind } = turn.op
  const calls = state.calls[key]
  const load = { ...NO_LOAD, key, token, stamps }
  const isMarked = turn.declared(key).every((tag) => stamps[tag])
  const value = { born: calls?.begun ?? 0, soft: calls?.softened ?? 0, version, returned: 0 }
  if (!isMarked) return { kind: 'setMarking', load, value }
  return { kind: kind === 'ticket' ? 'computing' : 'setting', load, value }
}

const NO_LOAD: Load = {
  key: 0,
  token: 0,
  holds: false,
  stamps: [],
  seen: [],
  duty: NO_DUTY,
  fallback: null,
  behind: false,
  asOf: 0,
  generation: 0,
}

/** A set in one request. It stamps the current markers in Redis, or those that its caller remembers. */
function storeAtOnce(turn: Turn, state: State, version: number, known: Markers): void {
  const { key } = turn.op
  const began = begin(turn, state, { began: 0, version })
  const calls = began.state.calls[key]
  const value = {
    born: calls?.begun ?? 0,
    soft: calls?.softened ?? 0,
    version: UNCLAIMED,
    returned: 0,
  }
  const isRemembered = turn.has('set is one request with remembered ids')
  const tags = isRemembered ? [] : turn.declared(key)
  const stamps = isRemembered ? stampsKnown(turn, known) : began.state.store.markers.map(() => null)
  const [written, entry] = entryOf(began.state, value, stamps)
  const { state: drawn, id } = turn.draw(written)
  const request: Message = { kind: 'store', key, nonce: id, tags, entry }
  const sent = turn.send(drawn, request).state
  const after = effect(turn, sent, began.call, [key])
  turn.add(['set', 'store'], `${turn.publishes}stores its value at once`, turn.done(after), {
    sent: request,
  })
}

/** The remembered markers. A marker that was not seen gets ids that match no marker. */
function stampsKnown(turn: Turn, known: Markers): Markers {
  const declared = turn.declared(turn.op.key)
  return known.map((marker, tag) =>
    declared.includes(tag) ? (marker ?? { hard: 0, soft: 0 }) : null,
  )
}
