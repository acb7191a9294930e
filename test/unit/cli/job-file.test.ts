import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli } from '../../support/cli.ts'

describe('a module of warming jobs', () => {
  let folder: string

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'nearcache-jobs-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  test.each([
    [
      'none.mjs',
      undefined,
      /cannot load the module: the file, or a module that it imports, does not exist$/,
    ],
    [
      'throws.mjs',
      "throw new TypeError('no such table')",
      /cannot load the module: TypeError: no such table$/,
    ],
    [
      'fails.mjs',
      "export const jobs = async () => { throw new Error('\\u001b[31mred') }",
      /the function that returns the jobs failed: Error: \\x1b\[31mred$/,
    ],
    ['empty.mjs', 'export const jobs = []', /must name a module that exports jobs/],
    [
      'bad.mjs',
      "export default [{ id: 'x y', name: 'n', priority: 1, schedule: '0 0 * * *', handler() {} }]",
      /^nearcache warm: --jobs has an invalid job: Option "id" must be 1 to 64/,
    ],
  ])('%s is refused in one line that says what is wrong with it', async (file, code, problem) => {
    if (code !== undefined) writeFileSync(join(folder, file), code)

    const outcome = await runCli(['warm', '--jobs', file, '--embedded'], { folder })

    expect(outcome).toEqual({ code: 2, printed: '', warned: expect.stringMatching(problem) })
    expect(outcome.warned.split('\n')).toHaveLength(1)
  })

  describe('whose run is interrupted by a signal', () => {
    const early = 'Interrupted: run it again to continue.'
    const words = ['warm', '--jobs', 'slow.mjs', '--embedded']

    beforeAll(() => {
      const terms = "priority: 1, schedule: '0 0 * * *'"
      writeFileSync(
        join(folder, 'slow.mjs'),
        `const handler = ({ signal }) => new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason))
          process.emit('a job has begun')
        })
        export const jobs = ['a', 'b'].map((id) => ({ id, name: id, ${terms}, handler }))`,
      )
    })

    test('reports the interruption, and is not a success', async () => {
      const ended = new AbortController()
      process.once('a job has begun', () => ended.abort())

      const outcome = await runCli(words, { folder, signal: ended.signal })

      expect(outcome).toMatchObject({ code: 1, warned: '' })
      expect(outcome.printed).toMatch(/^a +unfinished +0 items/)
      expect(outcome.printed.split('\n')).toEqual([expect.anything(), early])
    })

    test('starts no job if the signal came before the first one', async () => {
      const outcome = await runCli(words, { folder, signal: AbortSignal.abort() })

      expect(outcome).toEqual({ code: 1, printed: early, warned: '' })
    })
  })
})
