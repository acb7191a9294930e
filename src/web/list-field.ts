/**
 * Header fields that are lists (RFC 9110, section 5.6.1).
 *
 * @module
 */

/** The members of a list field, split at commas outside of quotes; empty ones are left out. */
export function listMembers(field: string | null): string[] {
  const members = field?.match(/(?:"(?:[^"\\]|\\.)*"|[^,])+/g) ?? []
  return members.map((member) => member.trim()).filter((member) => member !== '')
}
