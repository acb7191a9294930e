/**
 * Finds connections whose other end is gone without a word, which no event ever tells.
 *
 * A client pings after it has *received* nothing for the activity timeout, so one that receives much
 * never pings: it is asked. A dead one is closed at the latest one pong timeout after the activity
 * timeout since it was last heard of. Whoever would be asked within half an activity timeout is asked
 * already, which brings the clients' own timers into step: a hub of idle connections, whose pings the
 * runtime answers, then wakes about once in each activity timeout.
 *
 * @module
 */

/** Milliseconds. */
export interface LivenessRules {
  /** Silence after which a client pings by itself. */
  readonly activityTimeoutMs: number
  /** How long after that silence a connection is closed. */
  readonly pongTimeoutMs: number
}

/** When a connection was last heard of, and asked. Epoch milliseconds. */
export interface Signs {
  readonly heardAt: number
  /** `undefined` unless a ping is unanswered. */
  readonly pingedAt: number | undefined
}

/** What is to be done. */
export interface Sweep<T> {
  readonly pings: readonly T[]
  readonly closes: readonly T[]
  /** When to look again; `undefined` when there is nobody. */
  readonly nextAt: number | undefined
}

/** Looks at all connections at one instant. */
export function sweep<T>(
  connections: Iterable<T>,
  signsOf: (connection: T) => Signs,
  rules: LivenessRules,
  now: number,
): Sweep<T> {
  const all = [...connections].map((connection) => {
    const signs = signsOf(connection)
    return { connection, signs, dueAt: dueAtOf(signs, rules) }
  })
  const isAnyToAsk = all.some(({ signs, dueAt }) => signs.pingedAt === undefined && dueAt <= now)
  const horizon = isAnyToAsk ? now + rules.activityTimeoutMs / 2 : Number.NEGATIVE_INFINITY
  const pings: T[] = []
  const closes: T[] = []
  let nextAt: number | undefined
  for (const { connection, signs, dueAt } of all) {
    const isAsked = signs.pingedAt !== undefined
    const isToAsk = !isAsked && dueAt <= horizon
    if (isAsked && dueAt <= now) {
      closes.push(connection)
      continue
    }
    if (isToAsk) pings.push(connection)
    const at = isToAsk ? dueAtOf({ ...signs, pingedAt: now }, rules) : dueAt
    nextAt = Math.min(nextAt ?? at, at)
  }
  return { pings, closes, nextAt }
}

/** When a connection is to be asked, or where it was, closed. */
export function dueAtOf(
  { heardAt, pingedAt }: Signs,
  { activityTimeoutMs, pongTimeoutMs }: LivenessRules,
): number {
  // Time for the client's own ping to arrive, which spares ours.
  const slackMs = pongTimeoutMs / 3
  if (pingedAt === undefined) return heardAt + activityTimeoutMs + slackMs
  const boundAt = heardAt + activityTimeoutMs + pongTimeoutMs
  return Math.min(pingedAt + pongTimeoutMs, Math.max(pingedAt + pongTimeoutMs - slackMs, boundAt))
}
