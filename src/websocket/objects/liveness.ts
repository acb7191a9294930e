/**
 * Finds dead connections: their other end is gone, and no close event ever comes.
 *
 * A client pings only after it has *received* nothing for the activity timeout, so the hub pings clients that
 * receive much. A dead connection is closed at most one activity timeout and one pong timeout after it was
 * last heard from. A sweep also pings connections that are due within half an activity timeout. This aligns
 * the clients' own timers: a hub of idle connections, whose pings the runtime answers, wakes about once in
 * each activity timeout.
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

/** When a connection was last heard from, and when it was pinged. Epoch milliseconds. */
export interface Signs {
  readonly heardAt: number
  /** `undefined` unless a ping is unanswered. */
  readonly pingedAt: number | undefined
}

/** The connections to ping and those to close. */
export interface Sweep<T> {
  readonly pings: readonly T[]
  readonly closes: readonly T[]
}

/** Decides which connections to ping or close at one instant. */
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

/** When to ping a connection, or to close it if a ping is unanswered. */
export function dueAtOf(
  { heardAt, pingedAt }: Signs,
  { activityTimeoutMs, pongTimeoutMs }: LivenessRules,
): number {
  // Leaves time for the client's own ping, which makes one from the hub unnecessary.
  const slackMs = pongTimeoutMs / 3
  if (pingedAt === undefined) return heardAt + activityTimeoutMs + slackMs
  const boundAt = heardAt + activityTimeoutMs + pongTimeoutMs
  return Math.min(pingedAt + pongTimeoutMs, Math.max(pingedAt + pongTimeoutMs - slackMs, boundAt))
}
