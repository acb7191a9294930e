/**
 * Flaws that a protocol may have. Each flaw is one change to the model.
 *
 * @module
 */

export type Flaw =
  | 'stamps are read after the load'
  | 'a refresh reads its stamps after its load'
  | 'stamps are those of the look'
  | 'ids are counters'
  | 'a missing marker equals any'
  | 'a look that failed found all equal'
  | 'a tombstone stands for the lease'
  | 'commit compares nothing'
  | 'delete leaves the lease'
  | 'take leaves the lease'
  | 'take leaves the entry'
  | 'acquire does not look for a lease'
  | 'acquire does not look for an entry'
  | 'a failed load drops any lease'
  | 'calls return before they are sent'
  | 'joiners compare nothing'
  | 'joiners compare markers as looked at, and no lease'
  | 'joiners compare no lease'
  | 'joiners compare no markers'
  | 'joiners compare no soft ids'
  | 'joiners compare no epoch'
  | 'joiners fall back on the copy of the leader'
  | 'the tags named are taken for all'
  | 'an entry may lack a declared tag'
  | 'the epoch goes last'
  | 'the epoch is read before the late marker'
  | 'soft calls keep the epoch'
  | 'late tags need no epoch'
  | 'hard calls make stale'
  | 'soft calls write the hard id they remember'
  | 'a copy is dated by the reply'
  | 'a copy is dated by the commit'
  | 'copies are stored over a local call'
  | 'copies survive a local call'
  | 'verify reads markers only'
  | 'verify reads the entry only'
  | 'markers are set, by ids of the caller'
  | 'markers are created with ids of the caller'
  | 'the nonce is the token'
  | 'set is one request'
  | 'set is one request with remembered ids'
  | 'delete on a cluster is two commands'
  | 'the two sweeps are one'
  | 'entries are swept first'
  | 'no leases are swept'
  | 'SCAN reads a lagging replica'
  | 'verify reads a lagging replica'
  | 'the epoch is read at a lagging replica'
  | 'reads require no token'
  | 'the token of the last reply is kept'
  // Not flaws of the protocol, but stronger promises, which it does not keep.
  | 'a value counts from the last call that returned'
  | 'a set value counts as new'
  | 'a delete covers every key'

export type Flaws = ReadonlySet<Flaw>

export const NO_FLAWS: Flaws = new Set()

/** Whether a writer remembers the markers it saw before its call. */
export function remembers(flaws: Flaws): boolean {
  return (
    flaws.has('soft calls write the hard id they remember') ||
    flaws.has('set is one request with remembered ids') ||
    flaws.has('a set value counts as new')
  )
}
