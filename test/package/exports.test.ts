import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  exports: Record<string, string | Readonly<Record<string, string>>>
}

/** Subpaths that are a single module instead of a folder. */
const MODULES = ['./errors', './platform/workers']
/** Subpaths not built from `src`: the Worker comes from `workers/`, and package.json is not built. */
const FROM_ELSEWHERE = ['./worker', './package.json']

const subpaths = Object.keys(exports).filter((subpath) => !FROM_ELSEWHERE.includes(subpath))

/** The required source file of a subpath: the public path is the folder path. */
function sourceOf(subpath: string): string {
  const path = subpath.slice(2)
  if (MODULES.includes(subpath)) return `src/${path}.ts`
  return path === '' ? 'src/index.ts' : `src/${path}/index.ts`
}

function filesIn(...patterns: readonly string[]): readonly string[] {
  return globSync([...patterns], { cwd: ROOT }).map((file) => file.replaceAll('\\', '/'))
}

describe('the exports of package.json', () => {
  test.each(subpaths)('%s leads to its folder, in the sources and in the build', (subpath) => {
    const source = sourceOf(subpath)
    const built = source.replace(/^src\//, './dist/').replace(/\.ts$/, '')

    expect(exports[subpath]).toEqual({
      'nearcache:source': `./${source}`,
      types: `${built}.d.ts`,
      default: `${built}.js`,
    })
    expect(existsSync(join(ROOT, source))).toBe(true)
  })

  test.each(Object.entries(exports).filter(([, target]) => typeof target !== 'string'))(
    '%s gives the source first and the types before the code',
    (_subpath, target) => {
      const order = ['nearcache:source', 'types', 'default']

      expect(Object.keys(target)).toEqual(order.filter((condition) => condition in Object(target)))
    },
  )

  test('a folder of src has an index.ts exactly when it is a subpath', () => {
    const folders = subpaths.filter((subpath) => !MODULES.includes(subpath)).map(sourceOf)

    expect([...filesIn('src/**/index.ts')].sort()).toEqual([...folders].sort())
  })

  test('contain every subpath that the documents and docstrings name', () => {
    const mentions = filesIn(
      '*.md',
      'docs/**/*.md',
      'src/**/*.{ts,tsx}',
      'workers/**/*.ts',
    ).flatMap((file) => {
      const text = readFileSync(join(ROOT, file), 'utf8')
      const paths = text.matchAll(/['"`]nearcache\/([a-z/-]+)['"`]/g)
      return [...paths].map(([, path]) => ({ file, subpath: `./${path}` }))
    })

    expect(mentions.filter(({ subpath }) => !(subpath in exports))).toEqual([])
    expect(new Set(mentions.map(({ subpath }) => subpath))).toContain('./startup')
  })
})
