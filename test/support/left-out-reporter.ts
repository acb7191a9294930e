/**
 * Prints at the end of a test run what this machine could not run, what passed only at a second try, what
 * tests have counted, and the totals.
 *
 * Registered after the default reporter in `vitest.config.ts`.
 *
 * @module
 */

import type {
  Reporter,
  SerializedError,
  TestCase,
  TestModule,
  TestSuite,
  Vitest,
} from 'vitest/node'
import type {} from './findings.ts' // declares what a test counted in its meta
import type {} from './with-redis.ts' // declares the reason in the meta of a test

/** A count above zero of something that no run may have. */
const BROKEN =
  /\b[1-9]\d* (?:violations|stale|wrong|lost|leaks|differences|duplicates|unhandled|exceptions)/

/**
 * Prints the names of tests that were skipped for a reason, by reason, those that passed at a second
 * try (`RETRY=1`) with how the first one ended, the lines that tests have found, and then exactly
 * `nearcache: N passed, N failed, N skipped`.
 *
 * A second try is for slow machines. If a test found a violation at its first try, it counts as failed even if
 * the second try passes, and the run fails.
 *
 * What fails outside a test (a file that cannot be loaded, a hook, an unhandled rejection) counts as
 * one failure, so that a line with `0 failed` is never printed for a run that failed.
 */
export class LeftOutReporter implements Reporter {
  #print: (line: string) => void = console.log

  onInit(vitest: Vitest): void {
    this.#print = (line) => vitest.logger.log(line)
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const lines = [...describeLeftOut(tests), ...describeFlaky(tests), ...findingsOf(tests)]
    for (const line of lines) this.#print(line)
    this.#print(totals(tests, modules, unhandled))
    if (tests.some(isForgivenViolation)) process.exitCode = 1
  }
}

function describeLeftOut(tests: readonly TestCase[]): string[] {
  const byReason = Map.groupBy(tests, reasonOf)
  byReason.delete(undefined)
  return [...byReason].flatMap(([reason, leftOut]) => [
    `Left out, as ${reason}:`,
    ...leftOut.map(({ project, fullName }) => `  [${project.name}] ${fullName}`),
    '',
  ])
}

function describeFlaky(tests: readonly TestCase[]): string[] {
  const flaky = tests.filter((test) => test.diagnostic()?.flaky)
  if (flaky.length === 0) return []
  const lines = flaky.flatMap((test) => [
    `  [${test.project.name}] ${test.fullName}${isForgivenViolation(test) ? ' (counts as failed)' : ''}`,
    `    ${test.result().errors?.[0]?.message.split('\n', 1)[0] ?? 'without an error'}`,
  ])
  return ['Passed at a second try only:', ...lines, '']
}

/** Whether a test found a violation, and passed at another try. */
function isForgivenViolation(test: TestCase): boolean {
  return test.diagnostic()?.flaky === true && findingsOf([test]).some((line) => BROKEN.test(line))
}

function findingsOf(tests: readonly TestCase[]): string[] {
  return tests.flatMap((test) => test.meta().findings ?? []).toSorted()
}

function reasonOf(test: TestCase): string | undefined {
  const result = test.result()
  return result.state === 'skipped' ? (test.meta().leftOut ?? result.note) : undefined
}

function stateOf(test: TestCase): string {
  return isForgivenViolation(test) ? 'failed' : test.result().state
}

function totals(
  tests: readonly TestCase[],
  modules: readonly TestModule[],
  unhandled: readonly SerializedError[],
): string {
  const count = (state: string): number => tests.filter((test) => stateOf(test) === state).length
  const groups = modules.flatMap((module): (TestModule | TestSuite)[] => [
    module,
    ...module.children.allSuites(),
  ])
  const outside = groups.filter((group) => group.errors().length > 0).length + unhandled.length
  // A test that is pending at the end of the run was interrupted.
  const failed = count('failed') + count('pending') + outside
  return `nearcache: ${count('passed')} passed, ${failed} failed, ${count('skipped')} skipped`
}
