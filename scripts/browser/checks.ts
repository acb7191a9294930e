/**
 * Prints one line for each check.
 *
 * @module
 */

const counts = { checks: 0, failures: 0 }

export function check(what: string, holds: boolean): void {
  console.log(`${holds ? 'ok' : 'NOT OK'}  ${what}`)
  counts.checks++
  if (!holds) counts.failures++
}

/** Passes if nothing was found; otherwise prints the first findings. */
export function checkNone(what: string, found: readonly string[]): void {
  check(found.length === 0 ? what : `${what}: ${found.slice(0, 5).join(' | ')}`, found.length === 0)
}

/** Ends a run: prints the number of checks, and sets the exit code. */
export function conclude(what: string): void {
  const { checks, failures } = counts
  console.log(failures === 0 ? `${what}: ${checks} checks.` : `${failures} NOT OK`)
  if (failures > 0) process.exitCode = 1
}
