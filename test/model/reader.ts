/**
 * A read up to the point where it serves an entry or has nothing to serve: near tier, look, judge.
 *
 * Age is not modelled: any valid entry may count as fresh or as stale. Only near copies have a clock,
 * in units of `near.ttl`.
 *
 * @module
 */

import type { StepName } from './names.ts'
import { keep, nearHit, verify } from './near.ts'
import { viewsOf } from './replica.ts'
import {
  type Entry,
  type Markers,
  NO_DUTY,
  type Phase,
  type Sight,
  type State,
  type Store,
  sameHard,
  sameMarker,
  type Tags,
} from './state.ts'
import type { Turn } from './turn.ts'

const ENTRY = -1
const LEASE = -2

/** A read begins. */
export function beginRead(turn: Turn): void {
  if (nearHit(turn) || verify(turn)) return
  if (turn.op.kind === 'getMany') lookMany(turn)
  else if (turn.system.cluster) lookInParts(turn)
  else lookAtOnce(turn)
}

/** Reads everything with one command, once for each Redis that may answer it. */
function lookAtOnce(turn: Turn): void {
  for (const { store, duty, state, where } of viewsOf(turn)) {
    const named = namedTags(turn)
    const sight = { ...sightOf(turn, duty), lease: store.leases[turn.op.key]?.token ?? null }
    const seen = { ...sight, markers: only(store.markers, [...named, ...epochOf(turn)]) }
    weigh(turn, looked(turn, state), seen, store.entries[turn.op.key] ?? null, named, where)
  }
}

/** One look at both keys, which share a tag. Every fresh entry is served. */
function lookMany(turn: Turn): void {
  const { system, state } = turn
  let broken: string | undefined
  for (const [key, entry] of state.store.entries.entries()) {
    const verdict = entry && judge(turn, entry, turn.declared(key), state.store.markers)
    const duty = state.calls[key]?.complete ?? NO_DUTY
    if (entry && verdict === 'fresh') broken ??= turn.serve(entry.value, duty, 'fresh')
  }
  const names = system.keys.map((_tags, key) => key).join(' and ')
  const after = turn.done(state)
  turn.add(['lookMany', 'judge'], `looks at keys ${names}, serves what is fresh`, after, { broken })
}

/** On Redis Cluster each Redis key is read by a separate command, in any order. */
function lookInParts(turn: Turn): void {
  const { state, system } = turn
  const sight = sightOf(turn, state.calls[turn.op.key]?.complete ?? NO_DUTY)
  const parts = [ENTRY, ...(system.isShared ? [LEASE] : []), ...namedTags(turn), ...epochOf(turn)]
  const nothing = only(state.store.markers, [])
  const phase = { kind: 'looking', sight: { ...sight, markers: nothing }, entry: null } as const
  readPart(turn, looked(turn, state), { ...phase, left: parts })
}

/** Reads the next part of a look. */
export function readPart(
  turn: Turn,
  state: State,
  phase: Extract<Phase, { kind: 'looking' }>,
): void {
  const { store } = state
  for (const part of phase.left) {
    const left = phase.left.filter((other) => other !== part)
    const entry = part === ENTRY ? (store.entries[turn.op.key] ?? null) : phase.entry
    const sight: Sight = {
      ...phase.sight,
      lease: part === LEASE ? (store.leases[turn.op.key]?.token ?? null) : phase.sight.lease,
      markers:
        part >= 0
          ? phase.sight.markers.with(part, store.markers[part] ?? null)
          : phase.sight.markers,
    }
    if (left.length === 0) {
      weigh(turn, state, sight, entry, namedTags(turn), `reads ${nameOf(turn, part)}: `)
    } else {
      const next = turn.to(state, { kind: 'looking', sight, entry, left })
      turn.add(['look'], `reads ${nameOf(turn, part)}`, next)
    }
  }
}

/** Decides from what was seen, or finds that it must look at more tags. */
function weigh(
  turn: Turn,
  state: State,
  seen: Sight,
  entry: Entry | null,
  named: Tags,
  text = '',
): void {
  const sight = { ...seen, writeId: entry?.writeId ?? 0 }
  if (!entry) {
    miss(turn, state, sight, ['look', 'observe'], `${text}finds no entry`)
    return
  }
  const isDone = turn.has('the tags named are taken for all')
  const carried = entry.stamps.flatMap((stamp, tag) => (stamp ? [tag] : []))
  const left = isDone ? [] : carried.filter((tag) => !named.includes(tag))
  const next = turn.to(state, { kind: 'weighing', sight, entry, left })
  if (left.length > 0) turn.add(['look', 'weigh'], `${text}finds more tags than it named`, next)
  // With a near tier a copy is kept, so the time of the reply matters: it is a separate step.
  else if (turn.system.near) turn.add(['look'], `${text}finds an entry`, next)
  else decide(turn, state, sight, entry, ['look', 'judge'], text)
}

/** A second look, at the tags of the entry that the call did not name. */
export function weighMore(
  turn: Turn,
  { sight, entry, left }: Extract<Phase, { kind: 'weighing' }>,
): void {
  if (left.length === 0) {
    decide(turn, turn.state, sight, entry, ['judge', 'keepNear'], '')
    return
  }
  const now = turn.system.cluster ? left.slice(0, 1) : left
  const rest = left.slice(now.length)
  const names = now.map((tag) => turn.system.letters[tag]).join(', ')
  for (const { store, state, where } of viewsOf(turn)) {
    const text = `${where}reads marker ${names}`
    const markers = sight.markers.map((marker, tag) =>
      now.includes(tag) ? (store.markers[tag] ?? null) : marker,
    )
    const seen = { ...sight, markers }
    if (rest.length > 0) {
      const next = turn.to(state, { kind: 'weighing', sight: seen, entry, left: rest })
      turn.add(['lookAt'], text, next)
    } else decide(turn, state, seen, entry, ['lookAt', 'judge'], `${text}: `)
  }
  if (turn.mayFail) lookFails(turn, sight, entry, left)
}

/** Redis does not answer: the read counts as a miss. */
function lookFails(turn: Turn, sight: Sight, entry: Entry, left: Tags): void {
  const { state } = turn
  const after = { ...state, faults: state.faults - 1 }
  if (turn.has('a look that failed found all equal')) {
    const claimed = sight.markers.map((marker, tag) =>
      left.includes(tag) ? (entry.stamps[tag] ?? null) : marker,
    )
    decide(turn, after, { ...sight, markers: claimed }, entry, ['lookAt', 'judge'], 'fails: ')
    return
  }
  turn.add(['lookAt', 'observe'], 'fails: loads without a lease, stores nothing', turn.done(after))
}

/** Serves the entry, or goes on to load. */
function decide(
  turn: Turn,
  state: State,
  sight: Sight,
  entry: Entry,
  steps: readonly StepName[],
  before: string,
): void {
  const { system, op } = turn
  const isBare = op.kind === 'get'
  const verdict = judge(turn, entry, isBare ? [] : turn.declared(op.key), sight.markers)
  if (verdict === 'none') {
    miss(turn, state, sight, steps, `${before}the entry is not valid`)
    return
  }
  const { value } = entry
  if (verdict === 'fresh') {
    const broken = turn.serve(value, sight.duty, 'fresh')
    const after = turn.done(keep(turn, state, entry, sight, 'look'))
    turn.add(steps, `${before}serves the entry as fresh`, after, { broken })
  }
  if (isBare) {
    if (verdict !== 'fresh')
      turn.add(steps, `${before}finds it stale, has no loader`, turn.done(state))
    return
  }
  if (system.revalidates) {
    const broken = turn.serve(value, sight.duty, 'stale')
    const after = turn.to(state, missed(turn, sight, { fallback: null, behind: true }))
    const told = `${before}serves the entry as stale, and goes on behind`
    turn.add([...steps, 'refreshBehind'], told, after, { broken })
  }
  if (system.fails || (verdict !== 'fresh' && !system.revalidates)) {
    const after = turn.to(state, missed(turn, sight, { fallback: value, behind: false }))
    turn.add([...steps, 'loadOrFallBack'], `${before}keeps the entry in case the load fails`, after)
  }
}

/** Whether an entry is valid and fresh, by its tags alone. */
function judge(
  turn: Turn,
  { stamps }: Entry,
  declared: Tags,
  seen: Markers,
): 'fresh' | 'stale' | 'none' {
  const lacks = declared.some((tag) => !stamps[tag])
  if (lacks && !turn.has('an entry may lack a declared tag')) return 'none'
  let verdict: 'fresh' | 'stale' = 'fresh'
  for (const [tag, stamp] of stamps.entries()) {
    if (!stamp) continue
    const current = seen[tag] ?? null
    if (!current && turn.has('a missing marker equals any')) continue
    if (turn.has('the tags named are taken for all') && !namedTags(turn).includes(tag)) continue
    if (!sameHard(current, stamp)) return 'none'
    if (!sameMarker(current, stamp)) verdict = 'stale'
  }
  return verdict
}

function miss(
  turn: Turn,
  state: State,
  sight: Sight,
  steps: readonly StepName[],
  text: string,
): void {
  const isBare = turn.op.kind === 'get'
  const next = isBare
    ? turn.done(state)
    : turn.to(state, missed(turn, sight, { fallback: null, behind: false }))
  turn.add(steps, text, next)
}

/** Keeps what was seen only where it is compared later: with the loads of the same isolate. */
function missed(
  { system, flaws }: Turn,
  sight: Sight,
  { fallback, behind }: Pick<Extract<Phase, { kind: 'missed' }>, 'fallback' | 'behind'>,
): Phase {
  const isCompared = system.isShared || flaws.has('stamps are those of the look')
  const duty = isCompared || fallback ? sight.duty : NO_DUTY
  const seen = isCompared
    ? sight
    : { ...sight, duty, lease: null, markers: [], asOf: 0, generation: 0 }
  return { kind: 'missed', sight: seen, fallback, behind, nonce: 0 }
}

function namedTags({ op, system, declared }: Turn): Tags {
  if (op.kind === 'get' && system.namedTags === undefined) return []
  return system.namedTags ?? system.declared[op.key] ?? declared(op.key)
}

function epochOf({ system, op }: Turn): Tags {
  return system.isShared && system.epoch >= 0 && op.kind === 'read' ? [system.epoch] : []
}

function nameOf({ system }: Turn, part: number): string {
  if (part === ENTRY) return 'the entry'
  return part === LEASE ? 'the lease' : `marker ${system.letters[part]}`
}

function sightOf({ state, system, isolate }: Turn, duty: Sight['duty']): Sight {
  const generation = system.near ? (state.isolates[isolate]?.generation ?? 0) : 0
  return { duty, lease: null, writeId: 0, markers: [], asOf: state.now, generation }
}

function only(markers: Store['markers'], tags: Tags): Markers {
  return markers.map((marker, tag) => (tags.includes(tag) ? marker : null))
}

function looked({ who }: Turn, state: State): State {
  const client = state.clients[who]
  return client
    ? { ...state, clients: state.clients.with(who, { ...client, looks: client.looks + 1 }) }
    : state
}
