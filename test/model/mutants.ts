/**
 * Protocols with one flaw each, and the system in which the flaw breaks a promise.
 *
 * @module
 */

import type { Flaw } from './flaws.ts'

/** A flaw, the system that reveals it, and the promise it breaks. */
export interface Mutant {
  readonly flaw: Flaw
  readonly system: string
  readonly breaks: 'T1' | 'T2' | 'T3' | 'T5' | 'T6'
}

export const MUTANTS: readonly Mutant[] = [
  { flaw: 'stamps are read after the load', system: 'hard invalidation of two tags', breaks: 'T1' },
  {
    flaw: 'a refresh reads its stamps after its load',
    system: 'stale while revalidate',
    breaks: 'T1',
  },
  { flaw: 'ids are counters', system: 'two invalidations', breaks: 'T1' },
  { flaw: 'a missing marker equals any', system: 'hard invalidation of two tags', breaks: 'T1' },
  {
    flaw: 'a look that failed found all equal',
    system: 'a get that does not name a tag',
    breaks: 'T1',
  },
  { flaw: 'a tombstone stands for the lease', system: 'delete', breaks: 'T1' },
  { flaw: 'commit compares nothing', system: 'delete', breaks: 'T1' },
  { flaw: 'delete leaves the lease', system: 'delete', breaks: 'T1' },
  { flaw: 'take leaves the lease', system: 'set, load and delete', breaks: 'T1' },
  { flaw: 'take leaves the entry', system: 'set, load and delete', breaks: 'T1' },
  { flaw: 'acquire does not look for a lease', system: 'delete', breaks: 'T5' },
  {
    flaw: 'a failed load drops any lease',
    system: 'failing loads, stale if error',
    breaks: 'T5',
  },
  { flaw: 'calls return before they are sent', system: 'delete', breaks: 'T2' },
  { flaw: 'joiners compare nothing', system: 'one isolate, hard', breaks: 'T1' },
  { flaw: 'joiners compare no markers', system: 'one isolate, hard', breaks: 'T1' },
  { flaw: 'joiners compare no soft ids', system: 'one isolate, soft', breaks: 'T3' },
  {
    flaw: 'joiners fall back on the copy of the leader',
    system: 'one isolate, delete',
    breaks: 'T1',
  },
  { flaw: 'joiners compare no epoch', system: 'one isolate, late tags', breaks: 'T1' },
  {
    flaw: 'the tags named are taken for all',
    system: 'a get that does not name a tag',
    breaks: 'T1',
  },
  {
    flaw: 'an entry may lack a declared tag',
    system: 'a tag added to the definition',
    breaks: 'T1',
  },
  { flaw: 'the epoch goes last', system: 'cluster, late tags', breaks: 'T1' },
  {
    flaw: 'the epoch is read before the late marker',
    system: 'cluster, late tags',
    breaks: 'T1',
  },
  { flaw: 'soft calls keep the epoch', system: 'late tags, soft call', breaks: 'T3' },
  { flaw: 'late tags need no epoch', system: 'late tags', breaks: 'T1' },
  { flaw: 'hard calls make stale', system: 'soft and hard', breaks: 'T1' },
  { flaw: 'soft calls write the hard id they remember', system: 'soft and hard', breaks: 'T1' },
  { flaw: 'a copy is dated by the reply', system: 'near tier, call elsewhere', breaks: 'T6' },
  { flaw: 'a copy is dated by the commit', system: 'near tier, call here', breaks: 'T6' },
  { flaw: 'copies are stored over a local call', system: 'near tier, call here', breaks: 'T6' },
  { flaw: 'copies survive a local call', system: 'near tier, call here', breaks: 'T6' },
  { flaw: 'verify reads markers only', system: 'near tier, verified', breaks: 'T1' },
  { flaw: 'verify reads the entry only', system: 'near tier, verified', breaks: 'T1' },
  { flaw: 'delete on a cluster is two commands', system: 'cluster, delete', breaks: 'T1' },
]

/** Flaws of earlier drafts of the protocol. The first is what `consistency: 'relaxed'` does. */
export const DRAFTS: readonly Mutant[] = [
  { flaw: 'set is one request', system: 'set, load and delete', breaks: 'T1' },
  {
    flaw: 'markers are set, by ids of the caller',
    system: 'two invalidations',
    breaks: 'T1',
  },
  {
    flaw: 'markers are created with ids of the caller',
    system: 'two invalidations',
    breaks: 'T1',
  },
  { flaw: 'the nonce is the token', system: 'delete', breaks: 'T1' },
  {
    flaw: 'set is one request with remembered ids',
    system: 'set, load and delete',
    breaks: 'T1',
  },
  {
    flaw: 'joiners compare markers as looked at, and no lease',
    system: 'one isolate, hard',
    breaks: 'T1',
  },
  { flaw: 'joiners compare no lease', system: 'one isolate, delete', breaks: 'T1' },
]

/** Stronger promises that the protocol does not keep. */
export const HOPES: readonly Pick<Mutant, 'flaw' | 'system'>[] = [
  { flaw: 'a value counts from the last call that returned', system: 'a call that returns later' },
  { flaw: 'a set value counts as new', system: 'set, load and delete' },
]
