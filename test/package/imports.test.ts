import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { packageName, sourceFiles } from './imports.ts'

describe('sourceFiles', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nearcache-imports-'))
  })

  afterEach(() => {
    rmSync(folder, { recursive: true })
  })

  function importsOf(text: string): readonly string[] {
    writeFileSync(join(folder, 'file.ts'), text)
    return sourceFiles(`${folder}/*.ts`).flatMap(({ packages }) => packages)
  }

  test.each([
    ["import { a } from 'one'", ['one']],
    ["import type { A } from 'one'\nimport 'two'", ['one', 'two']],
    ["import {\n  a,\n  type B,\n} from 'one'", ['one']],
    ["export * from 'one'\nexport { b } from 'two'", ['one', 'two']],
    ["const a = await import('one')\nlet b: typeof import('two')", ['one', 'two']],
    ["/**\n * import { a } from 'one'\n * await import('two')\n */", []],
    ["export const from = 'one'", []],
    ["export function f() {\n  return 'one'\n}", []],
  ])('reads %j', (text, expected) => {
    expect(importsOf(text)).toEqual(expected)
  })

  test('resolves relative imports to the files that they lead to', () => {
    writeFileSync(join(folder, 'file.ts'), "import { a } from '../other/a.ts'")

    const [file] = sourceFiles(`${folder}/*.ts`)

    expect(file?.files).toEqual([join(tmpdir(), 'other/a.ts').replaceAll('\\', '/')])
  })
})

describe('packageName', () => {
  test.each([
    ['zod', 'zod'],
    ['hono/cors', 'hono'],
    ['@noble/hashes/sha2.js', '@noble/hashes'],
    ['cloudflare:workers', 'cloudflare:workers'],
  ])('of %s is %s', (specifier, name) => {
    expect(packageName(specifier)).toBe(name)
  })
})
