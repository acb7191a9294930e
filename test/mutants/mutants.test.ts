import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isDeep } from '../support/deep.ts'
import { found } from '../support/findings.ts'
import { IMPLEMENTATION_MUTANTS } from './implementation.ts'
import { type Mutant, mutate, mutatedFiles } from './mutant.ts'
import { PROTOCOL_MUTANTS } from './protocol.ts'

const MUTANTS = [...PROTOCOL_MUTANTS, ...IMPLEMENTATION_MUTANTS]
/** All mutants take minutes, so an ordinary test run tries every eighth. */
const isAll = isDeep || process.env['MUTANTS'] === 'all'
const TRIED = MUTANTS.filter((_, i) => isAll || i % 8 === 0)
/** More schedules than the mistake that is hardest to find needs. */
const SCHEDULES = '20000'
const VITEST = join(import.meta.dirname, '../../node_modules/vitest/vitest.mjs')

/** Output of a mutant that does not run at all. Such a failure does not mean that a test found the mistake. */
const BROKEN = /SyntaxError|Transform failed|Failed to resolve|Cannot find|is not defined/

/** Exit codes if the mistake was found: of a test run that fails, and of `play.ts`, which exits with 1 if it crashes. */
const FAILED = 1
const VIOLATED = 3

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

/** Runs the tests that must find the mistake, in a copy that contains it. */
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

  test('match the source: the text of each edit occurs exactly once in its file', () => {
    for (const mutant of MUTANTS) expect(mutatedFiles(mutant).size).toBeGreaterThan(0)
  })

  test('have unique names', () => {
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length)
  })

  describe.concurrent('are found:', () => {
    test.for(TRIED)('$name', { timeout: 600_000 }, async (mutant, { expect: expectHere }) => {
      const { code, output } = await judge(mutant)

      expectHere(output).not.toMatch(BROKEN)
      expectHere(code, `it survives: ${output.slice(-2_000)}`).toBe(
        mutant.foundBy ? FAILED : VIOLATED,
      )
      killed++
    })
  })

  test('that were tried have all been found', ({ task }) => {
    found(task, 'mutants', { known: MUTANTS.length, tried: TRIED.length, killed })

    expect(killed).toBe(TRIED.length)
  })
})
