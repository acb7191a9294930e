/**
 * Tells whose answer is cached.
 *
 * @module
 */

/** Who a call is for: an id; `null` for nobody in particular; `undefined` where that is not known. */
export type UserId = string | number | bigint | null | undefined

/**
 * The user of a context by the places where it usually is: `user.id`, `userId`, `session.user.id`,
 * `session.userId`, `auth.userId`; the first that has an id. Never `null`: that a context names no user
 * does not prove that the answer is everybody's.
 */
export function userOf(ctx: unknown): UserId {
  const places = [
    ['user', 'id'],
    ['userId'],
    ['session', 'user', 'id'],
    ['session', 'userId'],
    ['auth', 'userId'],
  ]
  return places.map((place) => at(ctx, place)).find(isId)
}

/** Whether a value can tell one user from another. */
export function isId(value: unknown): value is string | number | bigint {
  if (typeof value === 'string') return value !== ''
  return typeof value === 'bigint' || Number.isFinite(value)
}

function at(value: unknown, place: readonly string[]): unknown {
  return place.reduce(
    (found, name) => (found as Readonly<Record<string, unknown>> | null | undefined)?.[name],
    value,
  )
}
