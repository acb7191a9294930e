/**
 * The Lua sources of the installed `@upstash/ratelimit`, read from its build output.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const BUILT = join(import.meta.dirname, '../../node_modules/@upstash/ratelimit/dist/index.mjs')

/** A script of the package. */
export interface Source {
  readonly lua: string
  readonly sha1: string
}

const built = readFileSync(BUILT, 'utf8')

/** Fills in the numbers that the template names. */
function filledIn(template: string): string {
  return template.replaceAll(/\$\{(\w+)\}/g, (whole, name) => {
    const value = new RegExp(`^var ${name} = (-?\\d+);$`, 'm').exec(built)?.[1]
    if (value === undefined) throw new Error(`no number for ${whole}`)
    return value
  })
}

/** Every text of the package that calls Redis from Lua. */
export const SOURCES: readonly Source[] = Array.from(
  built.matchAll(/`([^`]*\bredis\.call\b[^`]*)`/g),
  ([, template = '']) => {
    const lua = filledIn(template)
    return { lua, sha1: createHash('sha1').update(lua).digest('hex') }
  },
)

/** The hashes that the package uses with EVALSHA. */
export const HASHES: readonly string[] = Array.from(
  built.matchAll(/^\s*hash: "([0-9a-f]{40})"/gm),
  ([, hash = '']) => hash,
)

/**
 * A source for Redis 7.0, without the flag of Upstash in the first line, which Redis refuses.
 */
export function forRedis70({ lua }: Source): string {
  return lua.replace('#!lua flags=allow-key-locking', '#!lua')
}
