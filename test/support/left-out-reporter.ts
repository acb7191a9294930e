/**
 * Ends a run of the tests with what this machine could not run, what tests counted, and the totals.
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

/**
 * Prints the names of tests that were skipped for a reason, by reason, the lines that tests have
 * found, and then exactly `nearcache: N passed, N failed, N skipped`.
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
    for (const line of [...describeLeftOut(tests), ...findingsOf(tests)]) this.#print(line)
    this.#print(totals(tests, modules, unhandled))
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

function findingsOf(tests: readonly TestCase[]): string[] {
  return tests.flatMap((test) => test.meta().findings ?? []).toSorted()
}

function reasonOf(test: TestCase): string | undefined {
  const result = test.result()
  return result.state === 'skipped' ? (test.meta().leftOut ?? result.note) : undefined
}

function totals(
  tests: readonly TestCase[],
  modules: readonly TestModule[],
  unhandled: readonly SerializedError[],
): string {
  const count = (state: string): number =>
    tests.filter((test) => test.result().state === state).length
  const groups = modules.flatMap((module): (TestModule | TestSuite)[] => [
    module,
    ...module.children.allSuites(),
  ])
  const outside = groups.filter((group) => group.errors().length > 0).length + unhandled.length
  // A test that is pending when the run ends was cut off.
  const failed = count('failed') + count('pending') + outside
  return `nearcache: ${count('passed')} passed, ${failed} failed, ${count('skipped')} skipped`
}
