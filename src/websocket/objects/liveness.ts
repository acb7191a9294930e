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
}

/** Looks at all connections at one instant. */
export function sweep<T>(
  connections: Iterable<T>,
  signsOf: (connection: T) => Signs,
  rules: LivenessRules,
  now: number,
): Sweep<T> {
  const horizon = now + rules.activityTimeoutMs / 2
  const pings: T[] = []
  const closes: T[] = []
  for (const connection of connections) {
    const signs = signsOf(connection)
    const dueAt = dueAtOf(signs, rules)
    if (signs.pingedAt === undefined && dueAt <= horizon) pings.push(connection)
    if (signs.pingedAt !== undefined && dueAt <= now) closes.push(connection)
  }
  return { pings, closes }
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
