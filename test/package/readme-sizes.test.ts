import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const README = readFileSync(join(ROOT, 'README.md'), 'utf8')

/** The rows of the README's table of sizes: the import, and its limit in KB. */
const ROWS = [...README.matchAll(/^\| ([^|]*\S) +\| (\d+) KB \|$/gm)].map(
  ([, what = '', most]) => [what, Number(most)] as const,
)

/** The import that a row names, as code. */
function entryOf(what: string): string {
  const [first = '', ...names] = [...what.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)
  if (what === 'the Worker') return `export * from './workers/index.ts'`
  if (names.length === 0) return `export * from '${first}'`
  return `export { ${[first, ...names.slice(0, -1)].join(', ')} } from '${names.at(-1)}'`
}

async function gzippedBytes(contents: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: ROOT },
    ...{ bundle: true, minify: true, write: false, format: 'esm', target: 'es2024' },
    ...{ absWorkingDir: ROOT, logLevel: 'silent', platform: 'browser' },
    conditions: ['nearcache:source', 'workerd', 'worker', 'browser'],
    external: ['cloudflare:*', 'node:*'],
    define: { 'process.env.NODE_ENV': '"production"' },
  })
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length
}

describe("the README's table of sizes", () => {
  test('is found, with the row of the Worker', () => {
    expect(ROWS.length).toBeGreaterThanOrEqual(6)
    expect(ROWS.map(([what]) => what)).toContain('the Worker')
  })

  test.each(ROWS)('is right that %s is less than %i KB', async (what, most) => {
    const bytes = await gzippedBytes(entryOf(what))

    expect(bytes).toBeGreaterThan(300)
    expect(bytes).toBeLessThan(most * 1_024)
  })
})
