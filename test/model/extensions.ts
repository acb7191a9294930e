/**
 * Systems beyond one key on one Redis: replicas that lag, two keys that share a tag, patterns that
 * SCAN sweeps.
 *
 * @module
 */

import type { Mutant } from './mutants.ts'
import type { ClientPlan, Plan } from './system.ts'

/** A flaw in one of the systems below. */
export interface Flawed extends Omit<Mutant, 'system'> {
  readonly plan: Plan
}

const does = (text: string): ClientPlan => ({ does: text })
const loading = (text: string): ClientPlan => ({ does: text, reads: 'unbound' })
const here = (text: string): ClientPlan => ({ does: text, isolate: 0, reads: 'own token' })

// ---- Replicas

/** Looks go to any replica, without a token that says how up to date it must be; the rest to the primary. */
export const WITHOUT_TOKEN: readonly (readonly [name: string, plan: Plan])[] = [
  ['delete', lagging('delete')],
  ['hard', lagging('hard A')],
  ['set', lagging('set')],
]

function lagging(call: string): Plan {
  const reader: ClientPlan = { does: 'read, read', reads: 'anywhere' }
  return { keys: ['A'], clients: [reader, does(call)], faults: 0, returns: true }
}

/** Every read carries the newest token that its isolate has seen, and must honour the calls of that isolate. */
const OWN: Readonly<Record<string, Plan>> = {
  'own token, delete': {
    keys: ['A'],
    returns: true,
    clients: [here('read, read'), here('delete'), loading('read')],
    faults: 1,
  },
  'own token, hard and soft': {
    keys: ['A'],
    returns: true,
    clients: [here('read, read'), here('soft A, hard A')],
    faults: 1,
    revalidates: true,
  },
  'own token, two readers that join': {
    keys: ['A'],
    returns: true,
    clients: [here('read'), here('read'), here('delete')],
    faults: 1,
    fails: true,
  },
  'own token, two calls at once': {
    keys: ['A'],
    returns: true,
    clients: [here('read, read'), here('delete'), here('hard A')],
    faults: 0,
  },
  'own token, set': {
    keys: ['A'],
    returns: true,
    clients: [here('read, read'), here('set'), loading('read')],
    faults: 0,
  },
  'own token, a tag not named': {
    keys: ['AB'],
    named: 'A',
    returns: true,
    clients: [here('get, get'), here('hard B'), loading('read')],
    faults: 0,
  },
  'own token, verified copies': {
    keys: ['A'],
    near: 'verify',
    returns: true,
    clients: [here('read, read'), here('delete, hard A')],
    faults: 1,
  },
}

/** A read in another isolate requires the token that a call returned, and must honour that call. */
const HANDED: Readonly<Record<string, Plan>> = {
  'token handed over, delete': { ...handed('delete'), faults: 1 },
  'token handed over, hard': { ...handed('hard A'), faults: 1 },
  'token handed over, set': handed('set'),
}

function handed(call: string): Plan {
  const reader: ClientPlan = { does: 'read, read', reads: 'handed token' }
  return { keys: ['A'], returns: true, clients: [reader, loading('read'), does(call)], faults: 0 }
}

/** Loading clients look at replicas. What they store is checked by a reader of the primary. */
const MISS_PATH: Readonly<Record<string, Plan>> = {
  'loads after lagging looks, delete': missPath('delete'),
  'loads after lagging looks, hard': missPath('hard A'),
  'loads after lagging looks, soft': { ...missPath('soft A'), revalidates: true, faults: 0 },
  'loads after lagging looks, set': { ...missPath('set'), faults: 0 },
  'loads after lagging looks, late tags': { ...missPath('hard L'), late: 'L', faults: 0 },
}

function missPath(call: string): Plan {
  return { keys: ['A'], clients: [loading('read, read'), does('read'), does(call)], faults: 1 }
}

export const REPLICATED: Readonly<Record<string, Plan>> = { ...OWN, ...HANDED, ...MISS_PATH }

/** Requests that must not go to a replica, or not without a token. */
export const OFF_PRIMARY: readonly Flawed[] = [
  {
    flaw: 'reads require no token',
    plan: OWN['own token, delete'] as Plan,
    breaks: 'T1',
  },
  {
    flaw: 'reads require no token',
    plan: HANDED['token handed over, hard'] as Plan,
    breaks: 'T1',
  },
  {
    flaw: 'the token of the last reply is kept',
    plan: OWN['own token, two calls at once'] as Plan,
    breaks: 'T1',
  },
  {
    flaw: 'the epoch is read at a lagging replica',
    plan: { ...missPath('hard L'), late: 'L' },
    breaks: 'T1',
  },
  {
    flaw: 'verify reads a lagging replica',
    plan: {
      keys: ['A'],
      near: 'verify',
      clients: [does('read, read'), loading('read'), does('delete')],
      faults: 0,
    },
    breaks: 'T1',
  },
  {
    flaw: 'SCAN reads a lagging replica',
    plan: {
      keys: ['A'],
      clients: [does('read, read'), loading('read'), does('pattern')],
      faults: 0,
    },
    breaks: 'T1',
  },
]

// ---- Two keys

const KEYS = ['SA', 'SB'] as const

export const TWO_KEYS: Readonly<Record<string, Plan>> = {
  'hard invalidation of the tag they share': {
    keys: KEYS,
    clients: [does('read 0, read 1'), does('read 1'), does('hard S')],
    faults: 1,
  },
  'delete of one': {
    keys: KEYS,
    clients: [does('read 0, read 1'), does('read 1'), does('delete 0')],
    faults: 1,
  },
  'delete of one, hard invalidation of both': {
    keys: KEYS,
    clients: [does('read 0, read 1'), does('delete 1'), does('hard S')],
    faults: 1,
  },
  'one look at both, hard invalidation': {
    keys: KEYS,
    clients: [does('getMany, getMany'), does('read 0, read 1'), does('hard S')],
    faults: 1,
  },
  'one look at both, soft and delete': {
    keys: KEYS,
    clients: [does('getMany'), does('read 1'), does('soft S, delete 0')],
    faults: 1,
    revalidates: true,
  },
  'two keys of one isolate': {
    keys: KEYS,
    clients: [
      { does: 'read 0, read 1', isolate: 0 },
      { does: 'read 1', isolate: 0 },
      does('hard S'),
    ],
    faults: 1,
    fails: true,
  },
}

export const TWO_KEYS_FLAWED: readonly Flawed[] = [
  {
    flaw: 'stamps are read after the load',
    plan: TWO_KEYS['one look at both, hard invalidation'] as Plan,
    breaks: 'T1',
  },
  {
    flaw: 'commit compares nothing',
    plan: { keys: KEYS, clients: [does('read 0'), does('getMany'), does('delete 0')], faults: 0 },
    breaks: 'T1',
  },
  {
    flaw: 'the tags named are taken for all',
    plan: {
      ...(TWO_KEYS['one look at both, hard invalidation'] as Plan),
      clients: [does('getMany'), does('hard B')],
    },
    breaks: 'T1',
  },
  // A delete leaves the other entry alone, so a promise that it covers every key is broken.
  { flaw: 'a delete covers every key', plan: TWO_KEYS['delete of one'] as Plan, breaks: 'T1' },
]

// ---- Patterns

export const PATTERNS: Readonly<Record<string, Plan>> = {
  'a pattern, loads': {
    keys: ['A'],
    clients: [does('read, read'), does('read'), does('pattern')],
    faults: 1,
  },
  'a pattern, stale entries': {
    keys: ['A'],
    clients: [does('read, read'), does('pattern')],
    faults: 2,
    revalidates: true,
  },
  'a pattern, set': {
    keys: ['A'],
    clients: [does('read, read'), does('set'), does('pattern')],
    faults: 1,
  },
  'two patterns': {
    keys: ['A'],
    clients: [does('read, read'), does('pattern, pattern')],
    faults: 1,
  },
  'a pattern and a delete': {
    keys: ['A'],
    clients: [does('read, read'), does('delete'), does('pattern')],
    faults: 1,
  },
  'a pattern, failing loads': {
    keys: ['A'],
    clients: [does('read, read'), does('read'), does('pattern')],
    faults: 0,
    fails: true,
  },
  'a pattern, a tag as well': {
    keys: ['A'],
    clients: [does('read, read'), does('hard A'), does('pattern')],
    faults: 1,
  },
  'a pattern, near copies': {
    keys: ['A'],
    near: 'bound',
    returns: true,
    clients: [
      { does: 'read, read', isolate: 0 },
      { does: 'pattern', isolate: 0 },
    ],
    faults: 1,
  },
}

export const PATTERNS_FLAWED: readonly Flawed[] = (
  ['the two sweeps are one', 'entries are swept first', 'no leases are swept'] as const
).map((flaw) => ({ flaw, plan: PATTERNS['a pattern, loads'] as Plan, breaks: 'T1' }))
