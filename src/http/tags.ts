/**
 * The tags of a response: what its origin lists, and what the application says.
 *
 * @module
 */

import type { LoadContext } from '../cache/loader.ts'
import { InvalidKeyError, InvalidOptionError } from '../errors.ts'
import { listMembers } from '../web/list-field.ts'
import type { Settings } from './options.ts'

/**
 * Has what is loaded stored under its tags.
 *
 * @returns Whether it can be: what could not be invalidated as was asked must not be stored.
 */
export function setTags(
  context: Pick<LoadContext, 'setTags'>,
  settings: Settings,
  request: Request,
  response: Response,
): boolean {
  const tags = tagsOf(settings, request, response)
  try {
    context.setTags(tags)
    return true
  } catch (error) {
    if (error instanceof InvalidKeyError || error instanceof InvalidOptionError) return false
    throw error
  }
}

function tagsOf(
  { tagHeader, tags }: Settings,
  request: Request,
  response: Response,
): readonly string[] {
  const listed = tagHeader === undefined ? [] : listMembers(response.headers.get(tagHeader))
  const given = tags?.(request, response) ?? []
  return [...new Set([...listed, ...given])]
}
