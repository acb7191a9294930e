/**
 * The servers that a benchmark measures, each in a process of its own, and what CPU time they take.
 *
 * @module
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { statOf } from '../test/support/processes.ts'

/** The kernel's ticks in a second (`getconf CLK_TCK`), as every Linux of today has them. */
const TICKS = 100

const children: ChildProcess[] = []
process.once('exit', endAll)

/** Ends every process that was started here. */
export function endAll(): void {
  for (const child of children.splice(0)) child.kill()
}

/** Starts a program, and resolves to what the pattern's first group finds in a line it prints. */
export async function startProgram(
  command: string,
  words: readonly string[],
  pattern: RegExp,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const child = spawn(command, words, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  })
  children.push(child)
  for await (const line of createInterface({ input: child.stdout })) {
    const found = pattern.exec(line)?.[1]
    if (found === undefined) continue
    child.stdout.resume()
    return found
  }
  throw new Error(`${command} ended before it was ready`)
}

/** User and system time of a process so far. */
export function cpuSeconds(pid: number | undefined): number {
  if (pid === undefined) return Number.NaN
  const fields = statOf(pid)
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}
