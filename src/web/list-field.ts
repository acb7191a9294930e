/**
 * Header fields that are lists (RFC 9110, section 5.6.1).
 *
 * @module
 */

/** What stands before the first quote that is not closed. */
const CLOSED = /^(?:[^"]|"(?:[^"\\]|\\.)*")*/

/**
 * A field with line ends, of which it has none, in place of the quotes from the first on that is not
 * closed. None after that one is, so that nobody has to look for the end of each.
 */
export function withoutOpenQuotes(field: string): string {
  const [closed = ''] = CLOSED.exec(field) ?? []
  return closed + field.slice(closed.length).replaceAll('"', '\n')
}

/** The members of a list field, split at commas outside of quotes; empty ones are left out. */
export function listMembers(field: string | null): string[] {
  const members = withoutOpenQuotes(field ?? '').match(/(?:"(?:[^"\\]|\\.)*"|[^,])+/g) ?? []
  return members
    .map((member) => member.replaceAll('\n', '"').trim())
    .filter((member) => member !== '')
}
