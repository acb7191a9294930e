import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { Transport } from '../../../src/redis/requester.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { runCli, runJson } from '../../support/cli.ts'
import { fill } from '../../support/cli-contract.ts'

const GUIDES = join(import.meta.dirname, '../../../docs/guides')
const BLOCK = /^```console\n([\s\S]*?)^```$/gm

/** The words of a command, split as by a shell. */
function wordsOf(line: string): string[] {
  return line
    .replace('$ npx nearcache ', '')
    .split(' ')
    .map((word) => word.replace(/^'(.*)'$/, '$1'))
}

/** Names and types of all fields of a document. The first item stands for a list; null matches any type. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])]
  if (value === null || typeof value !== 'object')
    return value === null ? expect.anything() : typeof value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shapeOf(one)]))
}

describe('the guide to the command line', () => {
  let platform: ManualPlatform
  let redis: Transport

  beforeEach(async () => {
    platform = new ManualPlatform()
    redis = embeddedTransport({ platform })
    await fill(redis, platform)
    await platform.advance(75_000)
  })

  /** The output of the lines of a block, run one after the other. */
  async function typed(block: string): Promise<string> {
    const shown: string[] = []
    for (const line of block.split('\n').filter((one) => one.startsWith('$ '))) {
      const { printed, warned } = await runCli(wordsOf(line), { redis, platform })
      shown.push([line, warned, printed].filter((text) => text !== '').join('\n'))
    }
    return `${shown.join('\n\n')}\n`
  }

  /** Every command that prints a document, in an order in which each finds something. */
  const DOCUMENTED: readonly (readonly string[])[] = [
    ['status'],
    ['health'],
    ['stats'],
    ['report'],
    ['alerts'],
    ['alerts', '--resolve', 'memory'],
    ['doctor'],
    ['bench', '--time', '50ms'],
    ['get', 'user:2', '--namespace', 'default/users'],
    ['inspect', 'user:2', '--namespace', 'default/users'],
    ['tags', 'ls', '--namespace', 'default/users'],
    ['invalidate', 'org:2', '--namespace', 'default/users', '--dry-run'],
    ['del', 'user:2', '--namespace', 'default/users'],
    ['sessions'],
    ['sessions', 'anna'],
    ['sessions', 'anna', '--revoke-all'],
    ['warm'],
    ['warm', '--jobs', 'jobs.mjs'],
    ['sweep'],
    ['migrate'],
    ['init'],
    ['get'],
  ]

  test('has the shape of every document, as the commands print it', async () => {
    const guide = readFileSync(join(GUIDES, 'cli-json.md'), 'utf8')
    const folder = mkdtempSync(join(tmpdir(), 'nearcache-guide-'))
    writeFileSync(
      join(folder, 'jobs.mjs'),
      `export default [{ id: 'list', name: 'List', priority: 1, schedule: '0 0 1 1 *', handler: () => 1 }]`,
    )
    const env = { SESSION_KEYS: `k1:${'00'.repeat(32)}` }

    for (const words of DOCUMENTED) {
      // Only measurements need a running clock.
      const host = words[0] === 'bench' ? { env, redis, folder } : { env, redis, folder, platform }
      const document = await runJson(words, host)
      const heading = `\`${words.join(' ')}\``
      const [, shape] = guide.split(`## ${heading}\n\n\`\`\`json\n`)
      expect(shape, heading).toBeDefined()
      const documented: unknown = JSON.parse(shape?.split('```')[0] ?? '')
      expect(shapeOf(document), heading).toEqual(shapeOf(documented))
    }
    rmSync(folder, { recursive: true })
    expect(guide.match(/^## /gm)).toHaveLength(DOCUMENTED.length)
  })

  test('shows what the commands print, word for word', async () => {
    const path = join(GUIDES, 'cli.md')
    const guide = readFileSync(path, 'utf8')
    const blocks = [...guide.matchAll(BLOCK)].map(([, block = '']) => block)

    let rebuilt = guide
    for (const block of blocks) {
      rebuilt = rebuilt.replace(block, () => '\0')
      const shown = await typed(block)
      rebuilt = rebuilt.replace('\0', () => shown)
    }

    expect(blocks.length).toBeGreaterThan(6)
    // `vitest --update` rewrites the guide.
    await expect(rebuilt).toMatchFileSnapshot(path)
  })
})
