/**
 * A matcher that is loaded when it is first used: most processes never need one.
 *
 * @module
 */

import type { Match, Matcher, MatchRequest } from '../llm/semantic/matcher.ts'
import { MatchTally } from '../llm/semantic/tally.ts'

/** Calls `load` at the first use. If that fails, a match is a miss, and the next use loads again. */
export function deferredMatcher(load: () => Promise<Matcher>): Matcher {
  let loading: Promise<Matcher> | undefined
  let counts: Pick<Matcher, 'stats'> = new MatchTally()
  const made = (): Promise<Matcher> => {
    loading ??= load().then(
      (matcher) => {
        counts = matcher
        return matcher
      },
      (error) => {
        loading = undefined
        throw error
      },
    )
    return loading
  }
  return {
    async match(request: MatchRequest): Promise<Match> {
      let matcher: Matcher
      try {
        matcher = await made()
      } catch (error) {
        return { kind: 'miss', reason: 'failed', error }
      }
      return matcher.match(request)
    },
    remember: async (request) => (await made()).remember(request),
    learn: async (request) => (await made()).learn(request),
    // `review` of a matcher never rejects.
    review: (request) =>
      made().then(
        (matcher) => matcher.review(request),
        () => undefined,
      ),
    forget: async (scope, entryIds) => (await made()).forget(scope, entryIds),
    forgetScope: async (scope) => (await made()).forgetScope(scope),
    stats: () => counts.stats(),
  }
}
