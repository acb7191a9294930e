import { readFileSync } from 'node:fs'
import { dirname, posix } from 'node:path'
import { expect, test } from 'vitest'

/** Imports and exports of values: type imports do not exist at run time. */
const VALUES = /^(?:import|export)\s(?!type\s)(?:[^'"=()]*\sfrom\s+)?'(\.[^']+)'/gm

/** The files that are loaded together with a module, before any `import()`. */
function loadedWith(path: string, known = new Set<string>()): ReadonlySet<string> {
  if (known.has(path)) return known
  known.add(path)
  for (const [, to] of readFileSync(path, 'utf8').matchAll(VALUES)) {
    loadedWith(posix.join(dirname(path), to ?? ''), known)
  }
  return known
}

test('nearcache/startup loads the core at once, and every other part only when it is needed', () => {
  const folders = new Set(
    [...loadedWith('src/startup/index.ts')].map((path) => path.split('/').slice(0, 2).join('/')),
  )

  expect([...folders].filter((folder) => !folder.endsWith('.ts')).toSorted()).toEqual([
    'src/cache',
    'src/entry',
    'src/flight',
    'src/near',
    'src/platform',
    'src/redis',
    'src/session',
    'src/startup',
  ])
  expect([...loadedWith('src/startup/index.ts')].filter((path) => /session\//.test(path))).toEqual([
    'src/session/session-keys.ts',
  ])
  expect([...loadedWith('src/startup/index.ts')].filter((path) => /redis\/tcp/.test(path))).toEqual(
    ['src/redis/tcp/url.ts'],
  )
})
