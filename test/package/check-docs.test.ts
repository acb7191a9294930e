import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const SCRIPT = join(import.meta.dirname, '../../scripts/check-docs.ts')

describe('check-docs', () => {
  let document: string
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nearcache-docs-'))
    document = join(folder, 'guide.md')
  })

  afterEach(() => {
    rmSync(folder, { recursive: true })
  })

  function check(...lines: readonly string[]): { status: number | null; problems: string[] } {
    writeFileSync(document, lines.join('\n'))
    const { status, stderr } = spawnSync(process.execPath, [SCRIPT, document], { encoding: 'utf8' })
    return { status, problems: stderr.trim().split('\n').filter(Boolean) }
  }

  test('passes examples that use the package as it is', () => {
    const result = check(
      'A cache without a server:',
      '```ts',
      "import { RedisCacheManager } from 'nearcache'",
      "import { embeddedTransport } from 'nearcache/redis/embedded'",
      '',
      'const cache = new RedisCacheManager({ redis: embeddedTransport() })',
      "await cache.set('key', process.env.VALUE)",
      '```',
      '',
      '```ts',
      "const cache = 'a name that the other example has too'",
      '```',
    )

    expect(result).toEqual({ status: 0, problems: [] })
  })

  test('fails on examples with a wrong type or an unknown import, at their lines', () => {
    const { status, problems } = check(
      '# Guide',
      '',
      '```ts',
      "import { restTransport } from 'nearcache'",
      '',
      'restTransport({ url: 7 })',
      '```',
      '',
      '1. In a list:',
      '   ```ts',
      "   import { nothing } from 'nearcache'",
      "   import * as nowhere from 'nearcache/nowhere'",
      '   ```',
    )

    expect(status).toBe(1)
    expect(problems.filter((line) => line.startsWith(document))).toEqual([
      expect.stringContaining('guide.md:6:17: error TS'),
      expect.stringContaining('guide.md:11:13: error TS'),
      expect.stringContaining('guide.md:12:29: error TS'),
    ])
  })

  test('fails on an example with a syntax error', () => {
    const { status, problems } = check('```ts', 'const broken = {')

    expect(status).toBe(1)
    expect(problems[0]).toContain('guide.md:')
  })

  test('runs the examples marked `run`, and reports the line of one that fails', () => {
    const { status, problems } = check(
      '```ts run',
      "import { embeddedTransport } from 'nearcache/redis/embedded'",
      '',
      "const { result } = await embeddedTransport().request({ path: [], body: ['PING'] })",
      "if (result !== 'PONG') throw new Error('no answer')",
      '```',
      '',
      '```ts run',
      "throw new Error('it does not work')",
      '```',
      '```ts',
      "throw new Error('is not run')",
      '```',
    )

    expect(status).toBe(1)
    expect(problems[0]).toContain('guide.md:9: does not run: 1')
    expect(problems.join()).toContain('it does not work')
    expect(problems.join()).not.toContain('is not run')
  })

  test('leaves out other languages, blocks inside blocks, and those marked no-check', () => {
    const result = check(
      '```ts no-check',
      'this is not TypeScript',
      '```',
      '```tsx',
      'nor is this',
      '```',
      '````md',
      '```ts',
      'nor is this',
      '```',
      '````',
    )

    expect(result).toEqual({ status: 0, problems: [] })
  })
})
