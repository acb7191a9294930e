import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { found } from '../support/findings.ts'

const ROOT = join(import.meta.dirname, '../..')
const MOST_BYTES = 6_144

test('the client of realtime channels is smaller than 6 KB, minified and gzipped', async ({
  task,
}) => {
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, 'src/websocket/client/index.ts')],
    ...{ bundle: true, minify: true, write: false, format: 'esm', target: 'es2024' },
    platform: 'browser',
  })

  const { length } = gzipSync(outputFiles[0]?.contents ?? '', { level: 9 })

  found(task, 'nearcache/websocket/client', { bytes: length })
  expect(length).toBeGreaterThan(1_000)
  expect(length).toBeLessThan(MOST_BYTES)
})
