/**
 * The servers that a benchmark measures, each in a process of its own, and what CPU time they take.
 *
 * @module
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { threadNanoseconds } from '../test/support/processes.ts'

const TOKEN = 'token-of-the-benchmark'

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

/** User and system time of a process so far, of the threads it has now. */
export function cpuSeconds(pid: number | undefined): number {
  return pid === undefined ? Number.NaN : threadNanoseconds(pid) / 1e9
}

/** Starts this package's bridge before a Redis. */
export async function startBridge(
  redis: string,
): Promise<{ readonly url: string; readonly token: string }> {
  const program = join(import.meta.dirname, '../dist/cli/main.js')
  const url = await startProgram(
    process.execPath,
    [program, 'bridge', '--port', '0'],
    /^UPSTASH_REDIS_REST_URL=(.*)$/,
    { REDIS_URL: redis, NEARCACHE_BRIDGE_TOKEN: TOKEN },
  )
  return { url, token: TOKEN }
}
