/**
 * The systems of which every interleaving is explored, and larger ones that are explored by random walks.
 *
 * @module
 */

import type { ClientPlan, Plan } from './system.ts'

const reader: ClientPlan = { does: 'read' }
const twice: ClientPlan = { does: 'read, read' }
const pair: readonly ClientPlan[] = [
  { does: 'read', isolate: 0 },
  { does: 'read', isolate: 0 },
]
const does = (text: string): ClientPlan => ({ does: text })

/** One key, one Redis. */
export const SYSTEMS: Readonly<Record<string, Plan>> = {
  delete: { keys: ['A'], clients: [twice, reader, does('delete')], faults: 2 },
  'hard invalidation of two tags': {
    keys: ['AB'],
    clients: [twice, reader, does('hard AB')],
    faults: 1,
    revalidates: true,
  },
  'stale while revalidate': {
    keys: ['A'],
    clients: [twice, reader, does('hard A')],
    faults: 1,
    revalidates: true,
  },
  'two invalidations': {
    keys: ['A'],
    clients: [twice, does('hard A, hard A')],
    faults: 3,
    revalidates: true,
  },
  'two deletes': { keys: ['A'], clients: [twice, does('delete, delete')], faults: 3 },
  'set, load and delete': {
    keys: ['A'],
    clients: [twice, does('set'), does('delete')],
    faults: 2,
    revalidates: true,
  },
  'two sets': { keys: ['A'], clients: [reader, does('set'), does('set')], faults: 2 },
  'ticket, invalidation and delete': {
    keys: ['A'],
    clients: [reader, does('ticket'), does('hard A, delete')],
    faults: 1,
  },
  'soft and hard': {
    keys: ['A'],
    clients: [twice, does('soft A'), does('hard A')],
    faults: 2,
    revalidates: true,
  },
  'failing loads, stale if error': {
    keys: ['A'],
    clients: [twice, reader, does('delete')],
    faults: 1,
    fails: true,
  },
  'one isolate, delete': {
    keys: ['A'],
    clients: [...pair, does('delete')],
    faults: 1,
    fails: true,
  },
  'one isolate, hard': { keys: ['A'], clients: [...pair, does('hard A')], faults: 1, fails: true },
  'one isolate, soft': {
    keys: ['A'],
    clients: [...pair, does('soft A')],
    faults: 1,
    fails: true,
    revalidates: true,
  },
  'one isolate and a third reader': {
    keys: ['A'],
    clients: [...pair, reader, does('delete')],
    faults: 0,
    fails: true,
  },
  'a get that does not name a tag': {
    keys: ['AB'],
    named: 'A',
    clients: [does('get, get'), does('set, hard B')],
    faults: 2,
    revalidates: true,
  },
  'a tag added to the definition': {
    keys: ['AB'],
    stored: 'A',
    clients: [twice, does('hard B')],
    faults: 2,
    revalidates: true,
  },
  'late tags': { keys: ['A'], late: 'L', clients: [twice, reader, does('hard L')], faults: 1 },
  'late tags, soft call': {
    keys: ['A'],
    late: 'L',
    clients: [twice, reader, does('soft L')],
    faults: 1,
  },
  'one isolate, late tags': {
    keys: ['A'],
    late: 'L',
    clients: [...pair, does('hard L')],
    faults: 1,
  },
  cluster: {
    keys: ['AB'],
    cluster: true,
    clients: [twice, does('hard AB'), does('set')],
    faults: 1,
  },
  'cluster, delete': {
    keys: ['A'],
    cluster: true,
    clients: [twice, reader, does('delete')],
    faults: 1,
  },
  'cluster, soft and hard': {
    keys: ['AB'],
    cluster: true,
    clients: [twice, does('soft AB'), does('hard B')],
    faults: 0,
    revalidates: true,
  },
  'cluster, late tags': {
    keys: ['A'],
    late: 'L',
    cluster: true,
    clients: [twice, does('hard L, delete')],
    faults: 1,
  },
  'cluster, late tags, soft call': {
    keys: ['A'],
    late: 'L',
    cluster: true,
    clients: [twice, does('soft L')],
    faults: 1,
    revalidates: true,
  },
  'any loss, any number of times': {
    keys: ['A'],
    clients: [twice, reader, does('hard A, delete')],
    faults: 1,
    endlessLoss: true,
    delivers: true,
  },
  'near tier, call elsewhere': {
    keys: ['A'],
    near: 'bound',
    returns: true,
    clients: [twice, does('delete')],
    faults: 1,
    revalidates: true,
  },
  'near tier, call here': {
    keys: ['A'],
    near: 'bound',
    returns: true,
    clients: [
      { does: 'read, read', isolate: 0 },
      { does: 'delete, hard A', isolate: 0 },
    ],
    faults: 1,
    revalidates: true,
  },
  'near tier, soft call here': {
    keys: ['A'],
    near: 'bound',
    returns: true,
    clients: [
      { does: 'read, read', isolate: 0 },
      { does: 'soft A', isolate: 0 },
    ],
    faults: 1,
    revalidates: true,
  },
  'near tier, verified': {
    keys: ['A'],
    near: 'verify',
    returns: true,
    clients: [twice, does('delete, hard A')],
    faults: 1,
    revalidates: true,
  },
}

const neighbours: readonly ClientPlan[] = [
  { does: 'read, read, read', isolate: 0 },
  { does: 'read, read', isolate: 0 },
]

/** Systems too large to visit every state. */
export const LARGE: Readonly<Record<string, Plan>> = {
  'five clients, every call': {
    keys: ['AB'],
    clients: [...neighbours, twice, does('delete, soft A, hard AB'), does('set, ticket')],
    faults: 4,
    fails: true,
    revalidates: true,
  },
  'cluster with late tags': {
    keys: ['AB'],
    late: 'L',
    named: 'A',
    cluster: true,
    clients: [...neighbours, twice, does('hard L, delete'), does('hard B, hard L')],
    faults: 3,
    fails: true,
    revalidates: true,
  },
  'near tier, three isolates': {
    keys: ['AB'],
    near: 'bound',
    returns: true,
    clients: [
      twice,
      { does: 'delete, hard A', isolate: 0 },
      { does: 'read, read, read' },
      { does: 'set, hard B' },
    ],
    faults: 3,
    fails: true,
    revalidates: true,
  },
}

/** Systems used only to try changes to the protocol. */
export const OTHERS: Readonly<Record<string, Plan>> = {
  'a call that returns later': {
    keys: ['A'],
    returns: true,
    clients: [twice, does('delete')],
    faults: 0,
  },
  'cluster without set': {
    keys: ['AB'],
    cluster: true,
    clients: [twice, does('hard AB')],
    faults: 1,
  },
  'every request arrives once': {
    keys: ['A'],
    clients: [twice, does('set'), does('delete')],
    faults: 2,
    revalidates: true,
    delivers: true,
  },
}
