/**
 * A read that found nothing to serve: it joins a load of its isolate, waits for a load elsewhere, or
 * runs one.
 *
 * The model allows more than the library does: it asks for the lease even if its look has shown one,
 * where the library first looks again.
 *
 * @module
 */

import { keep } from './near.ts'
import type { Grant } from './scripts.ts'
import {
  type Load,
  type Loaded,
  type Marker,
  type Markers,
  type Message,
  NO_DUTY,
  type Phase,
  type State,
  sameHard,
  sameMarker,
} from './state.ts'
import { entryOf, finished, type Turn, withPhase } from './turn.ts'

type Missed = Extract<Phase, { kind: 'missed' }>

/** How often a reader looks before it loads without a lease. */
const MAX_LOOKS = 2

/** Joins a load, or asks for the lease. */
export function obtain(turn: Turn, missed: Missed): void {
  joinOthers(turn, missed)
  const { state, request, nonce } = ask(turn, missed)
  const { state: after, reply } = turn.send<Grant | null>(state, request)
  if (!reply) {
    // The holder of the lease loads the value. A refresh in the background ends here; a reader waits.
    const next = missed.behind ? turn.done(after) : turn.to(after, { kind: 'waiting' })
    turn.add(['lead', 'acquire'], 'is refused the lease', next)
  } else {
    const load = loadOf(turn, missed, reply)
    const next = turn.to(after, nextOf(turn, load))
    turn.add(['lead', 'acquire'], 'is granted the lease', next, { sent: request })
  }
  if (!turn.mayFail) return
  const lost = turn.to(after, { ...missed, nonce })
  const told = 'asks for the lease, its reply is lost, it will ask again'
  turn.add(['acquire'], told, { ...lost, faults: lost.faults - 1 })
}

/** Looks again, or gives up waiting. */
export function wait(turn: Turn): void {
  const { state, client, who } = turn
  if (client.looks < MAX_LOOKS) {
    const idle = { ...client, phase: { kind: 'idle' } as const }
    turn.add(['observe'], 'will look again', { ...state, clients: state.clients.with(who, idle) })
  } else {
    const told = 'has waited long enough: loads without a lease, stores nothing'
    turn.add(['lead', 'runLoader'], told, turn.done(state))
  }
}

/** Redis Cluster: each marker has a slot of its own, and so takes a command of its own. */
export function markNext(turn: Turn, load: Load): void {
  const [tag = 0] = missing(turn, load.stamps)
  const { state: drawn, id } = turn.draw(turn.state)
  const request: Message = { kind: 'mark', tags: [tag], nonce: id }
  const { state, reply } = turn.send<Markers>(drawn, request)
  const marked = { ...load, stamps: load.stamps.with(tag, reply[tag] ?? null) }
  const text = `reads or creates marker ${turn.system.letters[tag]}`
  turn.add(['acquire', 'mark'], text, turn.to(state, nextOf(turn, marked)), { sent: request })
}

/** The loader reads the source as soon as it is called. This is the worst case: a later read is newer. */
export function runLoader(turn: Turn, load: Load): void {
  const { state, system } = turn
  const calls = state.calls[load.key]
  const value = {
    born: calls?.begun ?? 0,
    soft: calls?.softened ?? 0,
    version: state.source,
    returned: turn.has('a value counts from the last call that returned') ? state.returned : 0,
  }
  const kind = system.lateTag < 0 ? 'ready' : 'loaded'
  const next = turn.to(state, { kind, load, value })
  turn.add(['runLoader'], 'calls its loader', next, { broken: doubled(turn, load) })
}

/** The loader sets a late tag. Its marker counts only if nothing was invalidated since the lease grant. */
export function stampLate(turn: Turn, { load, value }: Loaded): void {
  const { system } = turn
  if (turn.has('the epoch is read before the late marker')) {
    const epoch = turn.state.store.markers[system.epoch]
    if (!sameHard(epoch, load.stamps[system.epoch])) return
    const next = turn.to(turn.state, { kind: 'stamped', late: null, load, value })
    turn.add(['late'], 'reads the epoch: nothing was invalidated', next)
    return
  }
  const { state, late, request } = markLate(turn)
  const text = `reads or creates the late marker ${system.letters[system.lateTag]}`
  if (system.cluster) {
    const next = turn.to(state, { kind: 'stamped', late, load, value })
    turn.add(['late', 'mark'], text, next, { sent: request })
    return
  }
  for (const { markers } of epochsOf(turn, state)) {
    const epoch = markers[system.epoch] ?? null
    settle(turn, state, { load, value }, late, epoch, `${text}, and reads the epoch`, request)
  }
}

function markLate(turn: Turn): { state: State; late: Marker; request: Message } {
  const { lateTag } = turn.system
  const { state: drawn, id } = turn.draw(turn.state)
  const request: Message = { kind: 'mark', tags: [lateTag], nonce: id }
  const { state, reply } = turn.send<Markers>(drawn, request)
  return { state, late: reply[lateTag] as Marker, request }
}

/** Redis Cluster: the epoch is read after the late marker. */
export function readEpoch(
  turn: Turn,
  { load, value, late }: Extract<Phase, { kind: 'stamped' }>,
): void {
  if (!late) {
    const { state, late: marker } = markLate(turn)
    const stamps = load.stamps.with(turn.system.lateTag, marker)
    const next = turn.to(state, { kind: 'ready', load: { ...load, stamps }, value })
    turn.add(['late', 'mark'], 'reads or creates the late marker', next)
    return
  }
  for (const { markers } of epochsOf(turn, turn.state)) {
    const epoch = markers[turn.system.epoch] ?? null
    settle(turn, turn.state, { load, value }, late, epoch, 'reads the epoch')
  }
}

/** Stores the value and answers the reader and those that joined; or the loader fails. */
export function commitLoad(turn: Turn, loaded: Loaded): void {
  const { load, value } = loaded
  const isStampedAfter =
    turn.has('stamps are read after the load') ||
    (load.behind && turn.has('a refresh reads its stamps after its load'))
  const found = isStampedAfter ? turn.state.store.markers : load.stamps
  const { epoch } = turn.system
  const stamps = epoch < 0 ? found : found.with(epoch, null)
  const [before, entry] = entryOf(turn.state, value, stamps)
  const request: Message = { kind: 'commit', key: load.key, token: load.token, entry }
  const { state, reply } = turn.send<boolean>(before, request)
  const kept = reply ? keep(turn, state, entry, load, 'load') : state
  const text = reply ? 'stores its value, and answers' : 'may not store its value, and answers'
  answer(turn, kept, loaded, text, ['commit'], request)
  if (turn.system.fails) fail(turn, load)
}

/** The loader has failed: the lease is released, and each reader falls back on its own stale copy. */
function fail(turn: Turn, load: Load): void {
  const request: Message = { kind: 'release', key: load.key, token: load.token }
  const { state } = turn.send(turn.state, request)
  const broken: (string | undefined)[] = []
  let next = state
  for (const [i, { phase }] of state.clients.entries()) {
    if (phase.kind !== 'joined' || phase.leader !== turn.who) continue
    const isLeaders = turn.has('joiners fall back on the copy of the leader')
    const copy = isLeaders ? load.fallback : phase.fallback
    if (copy) broken.push(turn.serve(copy, phase.duty, 'stale'))
    next = finished(next, i)
  }
  if (load.fallback) broken.push(turn.serve(load.fallback, load.duty, 'stale'))
  const besides = { sent: request, broken: broken.find(Boolean) }
  turn.add(['fail', 'release'], 'its loader fails', turn.done(next), besides)
}

function answer(
  turn: Turn,
  state: State,
  { load, value }: Loaded,
  text: string,
  steps: readonly ('commit' | 'release' | 'late' | 'stampsFor')[],
  sent: Message | undefined,
): void {
  const broken: (string | undefined)[] = []
  let next = state
  for (const [i, { phase }] of state.clients.entries()) {
    if (phase.kind !== 'joined' || phase.leader !== turn.who) continue
    broken.push(turn.serve(value, phase.duty, 'fresh'))
    next = finished(next, i)
  }
  if (!load.behind) broken.push(turn.serve(value, load.duty, 'stale'))
  turn.add(steps, text, turn.done(next), { sent, broken: broken.find(Boolean) })
}

function settle(
  turn: Turn,
  state: State,
  { load, value }: Loaded,
  late: Marker,
  epoch: Marker | null,
  text: string,
  sent?: Message,
): void {
  const { lateTag } = turn.system
  const isQuiet = sameHard(epoch, load.stamps[turn.system.epoch])
  if (isQuiet || turn.has('late tags need no epoch')) {
    const stamped = { ...load, stamps: load.stamps.with(lateTag, late) }
    const next = turn.to(state, { kind: 'ready', load: stamped, value })
    turn.add(['late', 'stampsFor'], `${text}: nothing was invalidated`, next, { sent })
    return
  }
  const { key, token } = load
  const released = turn.send(state, { kind: 'release', key, token })
  const told = `${text}: something was invalidated; answers, stores nothing`
  answer(turn, released.state, { load, value }, told, ['stampsFor', 'release'], sent)
}

function epochsOf(turn: Turn, state: State): readonly State['store'][] {
  return turn.has('the epoch is read at a lagging replica')
    ? [...state.log, state.store]
    : [state.store]
}

function ask(turn: Turn, missed: Missed): { state: State; request: Message; nonce: number } {
  const drawn = missed.nonce === 0 ? turn.draw(turn.state) : { state: turn.state, id: missed.nonce }
  const { key } = turn.op
  const tags = turn.system.cluster ? [] : turn.asked(key)
  const request: Message = {
    kind: 'acquire',
    key,
    nonce: drawn.id,
    tags,
    writeId: missed.sight.writeId,
  }
  return { state: drawn.state, request, nonce: drawn.id }
}

function loadOf(turn: Turn, { sight, fallback, behind }: Missed, { token, stamps }: Grant): Load {
  const { key } = turn.op
  const asked = turn.system.cluster ? [] : turn.asked(key)
  const isOfLook = turn.has('stamps are those of the look')
  const granted = stamps.map((marker, tag) => {
    if (!asked.includes(tag)) return null
    return isOfLook && tag !== turn.system.epoch ? (sight.markers[tag] ?? marker) : marker
  })
  const own = turn.state.isolates[turn.isolate]
  return {
    key,
    token,
    holds: true,
    stamps: granted,
    seen: turn.has('joiners compare markers as looked at, and no lease') ? sight.markers : [],
    // A load begins after its reader's look, so its value is newer than all that this reader must honour.
    duty: fallback ? sight.duty : NO_DUTY,
    fallback,
    behind,
    asOf: turn.state.now,
    generation: turn.system.near ? (own?.generation ?? 0) : 0,
  }
}

function nextOf(turn: Turn, load: Load): Phase {
  return { kind: missing(turn, load.stamps).length > 0 ? 'marking' : 'granted', load }
}

function missing(turn: Turn, stamps: Markers): readonly number[] {
  return turn.asked(turn.op.key).filter((tag) => !stamps[tag])
}

/** Whether another load of the key runs although neither load has lost its lease. */
function doubled({ state, who }: Turn, { key, holds }: Load): string | undefined {
  const isDoubled = state.clients.some(({ phase }, i) => {
    if (i === who || !RUNNING.has(phase.kind) || !('load' in phase)) return false
    return phase.load.key === key && phase.load.holds
  })
  return holds && isDoubled ? 'T5: two loads run, and both have the lease' : undefined
}

const RUNNING: ReadonlySet<string> = new Set(['loaded', 'stamped', 'ready'])

function joinOthers(turn: Turn, missed: Missed): void {
  if (missed.behind || !turn.system.isShared) return
  for (const [leader, { phase }] of turn.state.clients.entries()) {
    if (leader === turn.who || turn.system.isolateOf[leader] !== turn.isolate) continue
    if (!admits(turn, missed, phase)) continue
    const { sight, fallback } = missed
    const next = withPhase(turn.state, turn.who, {
      kind: 'joined',
      leader,
      duty: sight.duty,
      fallback,
    })
    turn.add(['join', 'admits'], `joins the load of client ${leader}`, next)
  }
}

/** Whether this read may share the value of that load. */
function admits(turn: Turn, { sight }: Missed, leader: Phase): boolean {
  const load = loadBy(leader)
  if (load?.key !== turn.op.key) return false
  if (turn.has('joiners compare nothing')) return true
  const { epoch } = turn.system
  const declared = turn.declared(turn.op.key)
  if (turn.has('joiners compare markers as looked at, and no lease')) {
    return declared.every((tag) => sight.markers[tag]?.hard === load.seen[tag]?.hard)
  }
  const isSoft = !turn.has('joiners compare no soft ids')
  const same = isSoft ? sameMarker : sameHard
  const isEqual =
    turn.has('joiners compare no markers') ||
    declared.every((tag) => same(sight.markers[tag], load.stamps[tag]))
  if (turn.has('joiners compare no lease')) return isEqual
  if (leader.kind === 'marking' || leader.kind === 'granted') return true
  if (!isEqual || sight.lease !== load.token) return false
  if (epoch < 0 || turn.has('joiners compare no epoch')) return true
  return sameMarker(sight.markers[epoch], load.stamps[epoch])
}

function loadBy(phase: Phase): Load | undefined {
  switch (phase.kind) {
    case 'marking':
    case 'granted':
    case 'loaded':
    case 'stamped':
    case 'ready':
      return phase.load
    default:
      return undefined
  }
}
