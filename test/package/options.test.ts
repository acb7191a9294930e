import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')

/** An option as its interface has it. */
interface Option {
  readonly where: string
  readonly isOptional: boolean
  /** The docstring above it; empty where there is none. */
  readonly docstring: string
}

/** What a user can import: the names in the modules of the subpaths. */
const PUBLIC = new Set(
  globSync('src/**/index.ts', { cwd: ROOT }).flatMap((file) =>
    [...readFileSync(join(ROOT, file), 'utf8').matchAll(/\b\w*Options\b/g)].map(([name]) => name),
  ),
)

/** The options in a file: the properties of the public interfaces whose names end so. */
function optionsIn(file: string, source: string): readonly Option[] {
  const interfaces = source.matchAll(/^export interface (\w*Options)\b[\s\S]*?\{\n([\s\S]*?)^\}/gm)
  return [...interfaces].flatMap(([, name = '', body = '']) => {
    if (!PUBLIC.has(name)) return []
    const members = body.matchAll(
      /(?:^ {2}(\/\*\*(?:(?!\*\/)[\s\S])*\*\/)\n(?: {2}\/\/ biome-ignore .*\n)?)?^ {2}readonly (\w+)(\??):/gm,
    )
    return [...members].map(([, docstring = '', member, mark]) => ({
      where: `${file} ${name}.${member}`,
      isOptional: mark === '?',
      docstring,
    }))
  })
}

const options = globSync('src/**/*.{ts,tsx}', { cwd: ROOT })
  .map((file) => file.replaceAll('\\', '/'))
  .flatMap((file) => optionsIn(file, readFileSync(join(ROOT, file), 'utf8')))

describe('the options of the package', () => {
  test('are found in their files', () => {
    const found = optionsIn(
      'a.ts',
      `export interface BreakerOptions<T>\n  extends B {\n  /** What. @default 1 */\n  readonly one?: T\n  /**\n   * Long.\n   */\n  readonly two: {\n    readonly inner?: 1\n  }\n  readonly three: 3\n}\n`,
    )

    expect(found).toEqual([
      { where: 'a.ts BreakerOptions.one', isOptional: true, docstring: '/** What. @default 1 */' },
      { where: 'a.ts BreakerOptions.two', isOptional: false, docstring: '/**\n   * Long.\n   */' },
      { where: 'a.ts BreakerOptions.three', isOptional: false, docstring: '' },
    ])
    expect(options.length).toBeGreaterThan(300)
  })

  test('each have a docstring', () => {
    expect(options.filter(({ docstring }) => docstring === '').map(({ where }) => where)).toEqual(
      [],
    )
  })

  test('that may be left out say what holds then', () => {
    const silent = options.filter(
      ({ isOptional, docstring }) => isOptional && !docstring.includes('@default'),
    )

    expect(silent.map(({ where }) => where)).toEqual([])
  })
})
