import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isDeep } from '../support/deep.ts'
import { found } from '../support/findings.ts'
import { IMPLEMENTATION_MUTANTS } from './implementation.ts'
import { type Mutant, mutate, mutatedFiles } from './mutant.ts'
import { PROTOCOL_MUTANTS } from './protocol.ts'

const MUTANTS = [...PROTOCOL_MUTANTS, ...IMPLEMENTATION_MUTANTS]
/** All of them take minutes: a plain run of the tests tries one of eight. */
const isAll = isDeep || process.env['MUTANTS'] === 'all'
const TRIED = MUTANTS.filter((_, i) => isAll || i % 8 === 0)
/** More than the mistake that is hardest to find takes. */
const SCHEDULES = '20000'
const VITEST = join(import.meta.dirname, '../../node_modules/vitest/vitest.mjs')

/** What a mutant that does not even run looks like: no test has found anything then. */
const BROKEN = /SyntaxError|Transform failed|Failed to resolve|Cannot find|is not defined/

interface Ended {
  readonly code: number | null
  readonly output: string
}

function run(folder: string, args: readonly string[]): Promise<Ended> {
  const { DEEP: _, SCHEDULE: __, RETRY: ___, ...env } = process.env
  const child = spawn(process.execPath, args, { cwd: folder, env })
  let output = ''
  const listen = (text: Buffer): void => {
    output += text.toString()
  }
  child.stdout.on('data', listen)
  child.stderr.on('data', listen)
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })))
}

/** Runs what is to find the mistake in a copy that has it. */
async function judge(mutant: Mutant): Promise<Ended> {
  const { foundBy, focus } = mutant
  const copy = mutate(mutant)
  const args = foundBy
    ? [VITEST, 'run', '--project', 'node', '--bail', '1', foundBy]
    : [
        '--experimental-strip-types',
        '--no-warnings',
        'test/mutants/play.ts',
        SCHEDULES,
        '1',
        focus ?? '',
      ]
  try {
    return await run(copy.folder, args)
  } finally {
    copy.remove()
  }
}

describe('Mutants', () => {
  let killed = 0

  test('follow the source: each of their edits is of a piece that stands there once', () => {
    for (const mutant of MUTANTS) expect(mutatedFiles(mutant).size).toBeGreaterThan(0)
  })

  test('have names of their own', () => {
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length)
  })

  describe.concurrent('are found:', () => {
    test.for(TRIED)('$name', { timeout: 600_000 }, async (mutant, { expect: expectHere }) => {
      const { code, output } = await judge(mutant)

      expectHere(output).not.toMatch(BROKEN)
      expectHere(code, `it survives: ${output.slice(-2_000)}`).toBe(1)
      killed++
    })
  })

  test('do not survive', ({ task }) => {
    found(task, 'mutants', { known: MUTANTS.length, tried: TRIED.length, killed })

    expect(killed).toBe(TRIED.length)
  })
})
