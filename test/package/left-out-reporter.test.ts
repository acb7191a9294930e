import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const REPORTER = join(import.meta.dirname, '../support/left-out-reporter.ts')
const FINDINGS = join(import.meta.dirname, '../support/findings.ts')
const WITH_REDIS = join(import.meta.dirname, '../support/with-redis.ts')
/** Inside the repository, so that imports of `vitest` resolve. */
const CACHE = join(import.meta.dirname, '../../node_modules/.cache')

const PASSING = `
import { test } from 'vitest'
import { found } from ${JSON.stringify(FINDINGS)}
import { describeWithRedis } from ${JSON.stringify(WITH_REDIS)}
describeWithRedis('with a server', () => {
  test('reads', () => {})
  test.each([1, 2])('writes %i', () => {})
})
test('passes', ({ task }) => found(task, 'schedules', { run: 3, violations: 0 }))
test('draws', (ctx) => ctx.skip('Chromium is not installed'))
test.skip('is skipped without a reason', () => {})
`

const FAILING = `
import { beforeAll, describe, expect, test } from 'vitest'
test('fails', () => expect(1).toBe(2))
describe('a suite whose hook fails', () => {
  beforeAll(() => { throw new Error('no') })
  test('never runs', () => {})
})
`

const FLAKY = `
import { expect, test } from 'vitest'
import { found } from ${JSON.stringify(FINDINGS)}
let [tries, violations] = [0, 2]
test('is slow at first', { retry: 1 }, ({ task }) => {
  found(task, 'reads', { run: 3, violations: 0 })
  expect(++tries).toBe(2)
})
test('breaks its promise at first', { retry: 1 }, ({ task }) => {
  found(task, 'schedules', { run: 3, violations: --violations })
  expect(violations).toBe(0)
})
`

describe('LeftOutReporter', () => {
  let folder: string

  beforeEach(() => {
    mkdirSync(CACHE, { recursive: true })
    folder = mkdtempSync(join(CACHE, 'left-out-'))
  })

  afterEach(() => {
    rmSync(folder, { recursive: true })
  })

  /** The lines that the reporter prints for a run of these test files, on a machine without Redis. */
  function report(files: Readonly<Record<string, string>>, ends = 0): string[] {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    const program = `
      import { startVitest } from 'vitest/node'
      import { LeftOutReporter } from ${JSON.stringify(REPORTER)}
      const options = { root: ${JSON.stringify(folder)}, config: false, watch: false }
      const vitest = await startVitest('test', [], { ...options, reporters: [new LeftOutReporter()] })
      await vitest.close()
      process.exit((process.exitCode ?? 0) === ${ends} ? 0 : 9)
    `
    const { NODE_OPTIONS: _, ...env } = process.env
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      cwd: CACHE,
      env: { ...env, REDIS_SERVER: '/nonexistent', REQUIRE_REDIS: '' },
      encoding: 'utf8',
    })
    return output.trim().split('\n')
  }

  test('lists what was left out by reason and what tests found, and ends with the totals', () => {
    expect(report({ 'a.test.ts': PASSING })).toEqual([
      'Left out, as redis-server is not installed:',
      expect.stringMatching(/^ {2}.*with a server > reads$/),
      expect.stringMatching(/^ {2}.*with a server > writes 1$/),
      expect.stringMatching(/^ {2}.*with a server > writes 2$/),
      '',
      'Left out, as Chromium is not installed:',
      expect.stringMatching(/^ {2}.*draws$/),
      '',
      'schedules: 3 run, 0 violations',
      'nearcache: 1 passed, 0 failed, 5 skipped',
    ])
  })

  test('counts a hook or a file that fails as a failure', () => {
    const lines = report({ 'a.test.ts': FAILING, 'b.test.ts': "import './nowhere.ts'" }, 1)

    expect(lines).toEqual(['nearcache: 0 passed, 3 failed, 1 skipped'])
  })
  test('names tests that passed only when retried, and fails those whose first try found a violation', () => {
    expect(report({ 'a.test.ts': FLAKY }, 1)).toEqual([
      'Passed at a second try only:',
      expect.stringMatching(/^ {2}.*is slow at first$/),
      '    expected 1 to be 2 // Object.is equality',
      expect.stringMatching(/^ {2}.*breaks its promise at first \(counts as failed\)$/),
      '    expected 1 to be +0 // Object.is equality',
      '',
      'reads: 3 run, 0 violations',
      'reads: 3 run, 0 violations',
      'schedules: 3 run, 0 violations',
      'schedules: 3 run, 1 violations',
      'nearcache: 1 passed, 1 failed, 0 skipped',
    ])
  })
})
