/**
 * Finds the user of a call.
 *
 * @module
 */

/** The user of a call: an id; `null` for no particular user; `undefined` if it is not known. */
export type UserId = string | number | bigint | null | undefined

/**
 * The user of a context: the first id at `user.id`, `userId`, `session.user.id`, `session.userId` or
 * `auth.userId`. Never `null`: a context without a user does not prove that the answer is for all callers.
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

/** Whether a value can identify a user. */
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
