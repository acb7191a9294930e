import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { optionsIn } from './option-names.ts'

const ROOT = join(import.meta.dirname, '../..')

/** Names of options that a user can import: those in the index files of the subpaths. */
const PUBLIC = new Set(
  globSync('src/**/index.ts', { cwd: ROOT }).flatMap((file) =>
    [...readFileSync(join(ROOT, file), 'utf8').matchAll(/\b\w*Options\b/g)].map(([name]) => name),
  ),
)

const options = globSync('src/**/*.{ts,tsx}', { cwd: ROOT })
  .map((file) => file.replaceAll('\\', '/'))
  .flatMap((file) =>
    optionsIn(readFileSync(join(ROOT, file), 'utf8')).map((option) => ({
      ...option,
      where: `${file} ${option.owner}.${option.name}`,
    })),
  )
  .filter(({ owner }) => owner.endsWith('Options') && PUBLIC.has(owner))

describe('the options of the package', () => {
  test('are read from the interfaces in source files', () => {
    const owner = 'BreakerOptions'
    const found = optionsIn(
      `export interface BreakerOptions<T>\n  extends B {\n  /** What. @default 1 */\n  readonly one?: T\n  /**\n   * Long.\n   */\n  readonly two: {\n    readonly inner?: 1\n  }\n  readonly three: 3\n}\n`,
    )

    expect(found).toEqual([
      { owner, name: 'one', isOptional: true, docstring: '/** What. @default 1 */' },
      { owner, name: 'two', isOptional: false, docstring: '/**\n   * Long.\n   */' },
      { owner, name: 'three', isOptional: false, docstring: '' },
    ])
    expect(options.length).toBeGreaterThan(300)
  })

  test('each have a docstring', () => {
    expect(options.filter(({ docstring }) => docstring === '').map(({ where }) => where)).toEqual(
      [],
    )
  })

  test('that are optional state a default', () => {
    const silent = options.filter(
      ({ isOptional, docstring }) => isOptional && !docstring.includes('@default'),
    )

    expect(silent.map(({ where }) => where)).toEqual([])
  })
})
