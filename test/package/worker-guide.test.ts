import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const GUIDE = readFileSync(join(ROOT, 'docs/guides/worker.md'), 'utf8')

/** Variables that a deployment may set: the fields of the environment that the Worker checks. */
const VARIABLES = ['workers/env.ts', 'workers/realtime.ts'].flatMap((file) =>
  [...readFileSync(join(ROOT, file), 'utf8').matchAll(/^ +(?:readonly )?([A-Z][A-Z_]+)\??:/gm)].map(
    ([, name = '']) => name,
  ),
)
/** Bindings that the deployment's configuration creates. */
const MADE = ['CF_VERSION_METADATA', 'DB', 'REDIS', 'SOCKET_HUBS', 'CHANNELS', 'DIRECTORIES']

describe('the guide of the Worker', () => {
  test('is checked against the variables in the sources of the Worker', () => {
    expect(VARIABLES).toEqual(expect.arrayContaining(['MAIL_TOKEN', 'REALTIME_APPS', 'DB']))
  })

  test.each([...new Set(VARIABLES)].filter((name) => !MADE.includes(name)))('names %s', (name) => {
    expect(GUIDE).toMatch(new RegExp(`\`${name}\``))
  })

  test.each(
    [...GUIDE.matchAll(/^\| `([A-Z_]+)`(?:, `([A-Z_]+)`)? \|/gm)].flatMap(([, ...names]) =>
      names.filter((name) => name !== undefined),
    ),
  )('has a row for %s, which the Worker reads', (name) => {
    expect(VARIABLES).toContain(name)
  })
})
