/**
 * The tags of a response, from its tag field and from the option `tags`.
 *
 * @module
 */

import type { LoadContext } from '../cache/loader.ts'
import { InvalidKeyError, InvalidOptionError } from '../errors.ts'
import { listMembers } from '../web/list-field.ts'
import type { Settings } from './options.ts'

/**
 * Sets the tags of the response that is being loaded.
 *
 * @returns False if a tag is invalid. The response must then not be stored, as it could not be invalidated.
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
