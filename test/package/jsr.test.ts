import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { jsrManifest } from '../../scripts/jsr-manifest.ts'

const ROOT = join(import.meta.dirname, '../..')
const read = (file: string) => JSON.parse(readFileSync(join(ROOT, file), 'utf8'))

describe('jsr.json', () => {
  test('is what `npm run jsr` generates from package.json', () => {
    expect(read('jsr.json')).toEqual(jsrManifest(read('package.json')))
  })
})
