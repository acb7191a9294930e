import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type BuildOptions, build } from 'esbuild'
import { describe, expect, test } from 'vitest'
import { WORKER_PARTS } from '../../bench/bundle.ts'
import { found } from '../support/findings.ts'

const ROOT = join(import.meta.dirname, '../..')

/** Bytes of a bundle: gzipped in total, and minified for each part. */
interface Size {
  readonly gzipped: number
  readonly parts: ReadonlyMap<string, number>
}

async function sizeOf(entry: Pick<BuildOptions, 'stdin' | 'entryPoints'>): Promise<Size> {
  const { outputFiles, metafile } = await build({
    ...entry,
    ...{ bundle: true, minify: true, write: false, format: 'esm', target: 'es2024' },
    ...{ absWorkingDir: ROOT, metafile: true, logLevel: 'silent', platform: 'browser' },
    conditions: ['nearcache:source', 'workerd', 'worker', 'browser'],
    external: ['cloudflare:*', 'node:*'],
    define: { 'process.env.NODE_ENV': '"production"' },
  })
  const parts = new Map<string, number>()
  for (const { inputs } of Object.values(metafile?.outputs ?? {})) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const part = partOf(path)
      if (bytesInOutput > 0) parts.set(part, (parts.get(part) ?? 0) + bytesInOutput)
    }
  }
  const contents = outputFiles?.[0]?.contents ?? new Uint8Array()
  return { gzipped: gzipSync(contents, { level: 9 }).length, parts }
}

/** The package of a file, or the folder if the file is part of nearcache. */
function partOf(path: string): string {
  const packageName = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]
  return packageName ?? /^(src\/[^/]+|[^/]+)\//.exec(path)?.[1] ?? path
}

function packagesIn({ parts }: Size): readonly string[] {
  return [...parts.keys()].filter((part) => !/^(src\b|workers$|<stdin>)/.test(part)).sort()
}

/** Limits of other packages in the Worker, in minified bytes. It contains no package that is not listed. */
const PACKAGES: Readonly<Record<string, number>> = {
  '@noble/hashes': 6_000,
  '@upstash/core-analytics': 7_000,
  '@upstash/ratelimit': 33_000,
  croner: 23_000,
  hono: 40_000,
  kysely: 71_000,
  'postal-mime': 82_000,
  zod: 38_000,
}

describe('the bytes that users ship', () => {
  test('a cache over HTTP is less than 30.5 KB, and contains no other package', async ({
    task,
  }) => {
    const contents = `export { RedisCacheManager, restTransport } from './src/index.ts'`
    const size = await sizeOf({ stdin: { contents, resolveDir: ROOT } })

    found(task, 'the core', { bytes: size.gzipped })
    expect(packagesIn(size)).toEqual([])
    expect(size.gzipped).toBeGreaterThan(10_000)
    expect(size.gzipped).toBeLessThan(30.5 * 1_024)
  })

  test('a Worker with cache, sessions, presence, dashboard and jobs is less than 128 KB', async ({
    task,
  }) => {
    const size = await sizeOf({ stdin: { contents: WORKER_PARTS, resolveDir: ROOT } })

    found(task, 'a Worker of parts', { bytes: size.gzipped })
    expect(packagesIn(size)).toEqual(['@noble/hashes', 'croner', 'hono'])
    expect(size.gzipped).toBeLessThan(128 * 1_024)
  })

  test('the Worker is less than 320 KB, and each package in it is within its limit', async ({
    task,
  }) => {
    const size = await sizeOf({ entryPoints: ['workers/index.ts'] })
    const parts = [...size.parts].sort(([, a], [, b]) => b - a).slice(0, 12)
    const tooLarge = packagesIn(size).filter(
      (name) => !((size.parts.get(name) ?? 0) <= (PACKAGES[name] ?? 0)),
    )

    found(task, 'the Worker', { bytes: size.gzipped })
    found(task, 'the Worker, minified', Object.fromEntries(parts))
    expect(tooLarge).toEqual([])
    expect(Object.keys(PACKAGES).filter((name) => !size.parts.has(name))).toEqual([])
    expect(size.gzipped).toBeLessThan(320 * 1_024)
  })
})
