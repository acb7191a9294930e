/**
 * Reads the `--config` file of `nearcache bridge`, which lists several databases.
 *
 * @module
 */

import { z } from 'zod'
import { UsageError } from '../usage-error.ts'
import type { DatabaseSettings } from './bridge-settings.ts'

/** A text, or `env:NAME` for the value of an environment variable, so that the file needs no secrets. */
const text = z.string({ error: 'is missing' }).min(1, { error: 'is empty' })

const ConfigFile = z.strictObject({
  databases: z
    .array(
      z.strictObject({
        /** `redis://…`, `rediss://…` or `embedded`. */
        redis: text,
        token: text,
        readOnlyToken: text.optional(),
      }),
      { error: 'must be a list' },
    )
    .min(1, { error: 'must name at least one database' }),
})

/** @throws {UsageError} Names the first invalid field, never its value. */
export function readConfigFile(
  content: string,
  env: Readonly<Record<string, string | undefined>>,
): readonly DatabaseSettings[] {
  let json: unknown
  try {
    json = JSON.parse(content)
  } catch {
    // The parser's message quotes the file, and could reveal tokens.
    throw new UsageError('--config: the file is not valid JSON')
  }
  const { success, data, error } = ConfigFile.safeParse(json)
  if (!success) {
    const [issue] = error.issues
    const words = issue?.code === 'unrecognized_keys' ? 'has an unknown field' : issue?.message
    throw new UsageError(`--config: ${issue?.path.join('.') || 'the file'} ${words}`)
  }
  return data.databases.map(({ redis, token, readOnlyToken }, index) => {
    const read = (field: string, value: string): string =>
      resolve(`databases.${index}.${field}`, value, env)
    const url = read('redis', redis)
    return {
      source: url === 'embedded' ? { kind: 'embedded' } : { kind: 'tcp', url },
      token: read('token', token),
      readOnlyToken: readOnlyToken === undefined ? undefined : read('readOnlyToken', readOnlyToken),
    }
  })
}

function resolve(
  field: string,
  value: string,
  env: Readonly<Record<string, string | undefined>>,
): string {
  if (!value.startsWith('env:')) return value
  const found = env[value.slice(4)]
  if (found !== undefined && found !== '') return found
  throw new UsageError(`--config: ${field} names a variable that is not set`)
}
