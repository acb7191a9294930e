/**
 * Collects every text of an error that a log line or an error page could show.
 *
 * @module
 */

import { inspect } from 'node:util'

/** Message, stack, own properties, JSON and causes of an error, as one text. */
export function everythingIn(error: unknown): string {
  const shown = inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true })
  const { message, stack, cause } = Object(error) as Error
  return [message, stack, shown, String(error), JSON.stringify(error), inspect(cause)].join('\n')
}
