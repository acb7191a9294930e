/**
 * Runs the models and randomized tests at full size, and the suites of other packages: about half an hour on
 * two cores.
 *
 * Ends with one line for each part: what was run, and how many violations were found. Fails if any test fails.
 *
 * Usage: `npm run test:deep`, or `npm run test:deep -- test/schedule` for some of the parts.
 *
 * @module
 */

import { spawn } from 'node:child_process'
import { stripVTControlCharacters } from 'node:util'

/** The folders with tests that try more cases in a deep run. */
const PARTS = ['test/model', 'test/schedule', 'test/mutants', 'test/fault', 'test/redis']
/** A line with the findings of a test or a suite, or with the totals. */
const FINDING = /^[\w@][\w@/ ,().-]*: \d+ .*$|^interop: .*$/
const NODE = process.execPath

/** Runs a program, shows what it prints, and returns its findings and whether it succeeded. */
function run(args: readonly string[]): Promise<{ findings: string[]; succeeded: boolean }> {
  const env = { ...process.env, DEEP: '1' }
  const child = spawn(NODE, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (text: Buffer) => {
    process.stdout.write(text)
    output += text.toString()
  })
  return new Promise((resolve) => {
    child.once('close', (code) => {
      const lines = stripVTControlCharacters(output).split('\n')
      const findings = lines.filter((line) => FINDING.test(line))
      resolve({ findings, succeeded: code === 0 })
    })
  })
}

const chosen = process.argv.slice(2)
const tests = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'node']
const runs = [await run([...tests, ...(chosen.length > 0 ? chosen : PARTS)])]
if (chosen.length === 0) runs.push(await run(['scripts/interop/run.ts']))

console.log(`\n${runs.flatMap(({ findings }) => findings).join('\n')}`)
process.exitCode = runs.every(({ succeeded }) => succeeded) ? 0 : 1
