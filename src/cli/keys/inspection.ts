/**
 * Turns the inspection of a key into the shape that `--json` prints, and into a sentence.
 *
 * @module
 */

import type { InspectedEntry, InspectedTag, Inspection } from '../../cache/inspect.ts'

/** Facts about an entry, without the id of its encryption key. */
export interface EntryFacts
  extends Omit<InspectedEntry, 'writeId' | 'format' | 'isCompressed' | 'keyId'> {
  readonly compressed: boolean
  readonly encrypted: boolean
}

/** What the command reports about a key. */
export interface ToldInspection extends Omit<Inspection, 'entry' | 'hasNearCopy' | 'value'> {
  /** The verdict and its reason in words. */
  readonly explanation: string
  readonly entry: EntryFacts | null
}

/** Selects what the command reports from an inspection. */
export function toldOf(found: Inspection): ToldInspection {
  const { key, namespace, name, verdict, reason, entry, tags, lease } = found
  return {
    ...{ key, namespace, name, verdict, reason },
    explanation: explain(found),
    entry: entry && factsOf(entry),
    tags,
    lease,
  }
}

function factsOf(entry: InspectedEntry): EntryFacts {
  const { createdAt, freshUntil, revalidateUntil, staleUntil, loadMs } = entry
  return {
    ...{ createdAt, freshUntil, revalidateUntil, staleUntil, loadMs },
    compressed: entry.isCompressed,
    encrypted: entry.keyId !== null,
    sizeBytes: entry.sizeBytes,
    expiresInMs: entry.expiresInMs,
  }
}

const WORDS: Readonly<Record<string, string>> = {
  fresh: 'a hit: the entry is fresh',
  stale: 'a hit for getOrSet, which serves the stale entry and refreshes it; a miss for get',
  'stale-if-error': 'a load: the stale entry is served only if the load fails',
  absent: 'a miss: there is no entry',
  corrupt: 'a miss: the stored text is not an entry of this cache',
  expired: 'a miss: the entry has expired',
}

/** Explains the verdict, and names the tags that caused it. */
function explain({ verdict, reason, tags }: Inspection): string {
  const named = (...wanted: readonly InspectedTag['state'][]): string =>
    tags
      .filter(({ state }) => wanted.includes(state))
      .map(({ kind, tag }) => (kind === 'tag' || kind === 'prefix' ? `"${tag}"` : tag))
      .join(', ')
  if (reason === 'undeclared-tag') {
    return `a miss: the entry was stored without ${named('not carried')}, which the read declares`
  }
  if (reason === 'invalidated') {
    const gone = named('hard', 'missing') || named('soft')
    return `a miss: ${gone} was invalidated after the entry was loaded, or its marker was lost`
  }
  return WORDS[reason ?? verdict] ?? reason ?? verdict
}
