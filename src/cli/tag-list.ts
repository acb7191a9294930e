/**
 * Lists as they are typed.
 *
 * @module
 */

/** What stands between commas; nothing of nothing. */
export function tagList(text: string | undefined): readonly string[] {
  return (text ?? '').split(',').flatMap((tag) => tag.trim() || [])
}
