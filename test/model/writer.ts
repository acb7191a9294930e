/**
 * A writer: it changes the source, then makes a call. Both are one step here, because a load between
 * them could only read a newer value.
 *
 * @module
 */

import { begin, covered, effect, leave } from './call.ts'
import { remembers } from './flaws.ts'
import { take } from './set.ts'
import type { Call, Id, Markers, Message, State } from './state.ts'
import { beginSweep } from './sweep.ts'
import type { Turn } from './turn.ts'

const STEPS_OF = {
  delete: ['remove', 'delete'],
  hard: ['invalidateMarkers', 'hard'],
  soft: ['invalidateMarkers', 'soft'],
} as const

/** Publishes a new version of the source and begins the call. */
export function beginCall(turn: Turn): void {
  const { state } = turn
  const version = state.source + 1
  const published = { ...state, source: version }
  if (!remembers(turn.flaws)) {
    call(turn, published, version, [])
    return
  }
  const next = turn.to(published, { kind: 'called', version, known: state.store.markers })
  turn.add([], 'publishes a new version of the source, remembers the markers', next)
}

/** The call itself. */
export function call(turn: Turn, state: State, version: number, known: Markers): void {
  const { kind, key } = turn.op
  const begun: Call = { began: 0, version }
  if (turn.has('calls return before they are sent')) {
    const after = effect(turn, state, begun, turn.op.kind === 'delete' ? [key] : covered(turn))
    turn.add([], 'returns before its command was sent', turn.done(after))
    return
  }
  switch (kind) {
    case 'delete':
    case 'hard':
    case 'soft':
      callNext(turn, state, begun, 0, known)
      break
    case 'set':
    case 'ticket':
      take(turn, state, version, known)
      break
    case 'pattern':
      beginSweep(turn, state, version)
      break
    default:
      throw new Error(`${kind} is no call`)
  }
}

/** Sends a command of a call: the only one, or the next of several on Redis Cluster. */
export function callNext(turn: Turn, state: State, call: Call, part: number, known: Markers): void {
  const { state: drawn, id } = turn.draw(state)
  const requests = requestsOf(turn, id, known)
  const request = requests[part]
  if (!request) return
  const began = begin(turn, drawn, call)
  const sent = turn.send(began.state, request).state
  const isLast = part === requests.length - 1
  const next = isLast
    ? leave(turn, effect(turn, sent, began.call, covered(turn)))
    : turn.to(sent, { kind: 'parts', call: began.call, part: part + 1 })
  const text = `${turn.publishes}${wordsOf(turn, request)}`
  turn.add(STEPS_OF[turn.op.kind as keyof typeof STEPS_OF], text, next, { sent: request })
}

/** The commands of a call. */
function requestsOf(turn: Turn, nonce: Id, known: Markers): readonly Message[] {
  const { op, system } = turn
  const { kind, key } = op
  if (kind === 'delete') {
    const isSplit = system.cluster && turn.has('delete on a cluster is two commands')
    const parts = isSplit
      ? ([['entries'], ['leases']] as const)
      : ([['entries', 'leases']] as const)
    return parts.map((what): Message => ({ kind, key, what }))
  }
  const epoch = system.epoch < 0 ? [] : [system.epoch]
  const isLast = turn.has('the epoch goes last')
  const tags = isLast ? [...op.tags, ...epoch] : [...epoch, ...op.tags]
  const groups = system.cluster ? tags.map((tag) => [tag]) : [tags]
  return groups.map(
    (group): Message =>
      kind === 'soft' ? { kind, tags: group, known } : { kind: 'hard', tags: group, nonce },
  )
}

function wordsOf({ system }: Turn, request: Message): string {
  if (request.kind === 'delete') return `DEL of ${request.what.join(' and ')}`
  if (request.kind !== 'hard' && request.kind !== 'soft') return request.kind
  const names = request.tags.map((tag) => system.letters[tag]).join(', ')
  return request.kind === 'hard' ? `DEL of markers ${names}` : `new soft ids for ${names}`
}
