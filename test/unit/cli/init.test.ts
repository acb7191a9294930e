import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runCli, runJson, terminal } from '../../support/cli.ts'

const FILES = ['wrangler.jsonc', 'src/worker.ts', '.dev.vars.example']

describe('nearcache init', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nearcache-init-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  test('shows what it would write, and without a terminal or --yes writes nothing', async () => {
    const { code, printed } = await runCli(['init'], { folder })

    expect(code).toBe(1)
    for (const path of FILES) expect(printed).toContain(`${path}:`)
    expect(printed).toContain('Nothing was written')
    expect(readdirSync(folder)).toEqual([])
  })

  test.each([
    [true, FILES],
    [false, []],
  ])('asks at a terminal, and heeds a %s', async (answer, written) => {
    const { code, printed } = await runCli(['init'], { folder, terminal: terminal(answer) })

    expect(code).toBe(answer ? 0 : 1)
    for (const path of FILES) expect(existsSync(join(folder, path))).toBe(written.includes(path))
    expect(printed).toContain(answer ? 'Written: wrangler.jsonc' : 'Nothing was written')
  })

  test('never overwrites, and writes no second configuration beside one in another format', async () => {
    writeFileSync(join(folder, 'wrangler.toml'), 'name = "mine"')
    writeFileSync(join(folder, '.dev.vars.example'), 'MINE=1')

    const report = await runJson(['init', '--yes'], { folder })

    expect(report).toEqual({
      command: 'init',
      written: ['src/worker.ts'],
      missing: [],
      kept: ['wrangler.jsonc', '.dev.vars.example'],
    })
    expect(readFileSync(join(folder, '.dev.vars.example'), 'utf8')).toBe('MINE=1')
    expect(existsSync(join(folder, 'wrangler.jsonc'))).toBe(false)
  })

  test('does not report a file that it has not written, and says where to see it', async () => {
    writeFileSync(join(folder, 'wrangler.toml'), 'name = "mine"')

    const { printed } = await runCli(['init', '--yes'], { folder })

    expect(printed).toContain('To see the files that init would write')
    expect(printed).toContain('Written: src/worker.ts, .dev.vars.example.')
    expect(printed).not.toContain('Next:')
  })

  test('names the Worker as --name says', async () => {
    await runCli(['init', '--yes', '--name', 'my-cache'], { folder })

    const config = readFileSync(join(folder, 'wrangler.jsonc'), 'utf8')
    const json = JSON.parse(config.replace(/^\s*\/\/.*$/gm, '')) as Record<string, unknown>
    expect(json).toMatchObject({ name: 'my-cache', main: 'src/worker.ts' })
  })

  test('binds what the wrangler.toml of this package binds', async () => {
    await runCli(['init', '--yes'], { folder })

    const config = readFileSync(join(folder, 'wrangler.jsonc'), 'utf8')
    const own = readFileSync(join(import.meta.dirname, '../../../wrangler.toml'), 'utf8')
    const names = [
      ...own.matchAll(/^(?:binding|name|class_name|compatibility_date|tag) = "(.+)"$/gm),
    ]
    const crons = /^crons = \["(.+)"\]$/m.exec(own)?.[1]
    expect(names.length).toBeGreaterThan(4)
    for (const [, name] of names) expect(config).toContain(`"${name}"`)
    expect(config).toContain(`"crons": ["${crons}"]`)
  })
})
