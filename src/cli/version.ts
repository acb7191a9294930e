/**
 * The version of this package.
 *
 * @module
 */

import { readFileSync } from 'node:fs'

/** Reads the version from package.json. */
export function packageVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { readonly version: string }).version
}
