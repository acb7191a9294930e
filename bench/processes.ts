/**
 * Starts the servers of a benchmark, each in its own process, and measures their CPU time.
 *
 * @module
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { threadNanoseconds } from '../test/support/processes.ts'

/** The token of every bridge that is started here. */
export const BRIDGE_TOKEN = 'token-of-the-benchmark'

const children: ChildProcess[] = []
process.once('exit', endAll)

/** Ends every process that was started here. */
export function endAll(): void {
  for (const child of children.splice(0)) child.kill()
}

/** A running program, and what the pattern's first group matched in its output. */
export interface Started {
  readonly child: ChildProcess
  readonly found: string
}

/** Starts a program, and waits for a line of its output that the pattern matches. */
export async function start(
  command: string,
  words: readonly string[],
  pattern: RegExp,
  env: Readonly<Record<string, string>> = {},
): Promise<Started> {
  const child = spawn(command, words, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  })
  children.push(child)
  for await (const line of createInterface({ input: child.stdout })) {
    const found = pattern.exec(line)?.[1]
    if (found === undefined) continue
    child.stdout.resume()
    return { child, found }
  }
  throw new Error(`${command} ended before it was ready`)
}

/** As {@link start}, but returns only what was found. */
export async function startProgram(...given: Parameters<typeof start>): Promise<string> {
  return (await start(...given)).found
}

/** CPU time of a process so far, in seconds. Threads that have ended are not included. */
export function cpuSeconds(pid: number | undefined): number {
  return pid === undefined ? Number.NaN : threadNanoseconds(pid) / 1e9
}

/** This package's bridge, in front of a Redis. */
export interface RunningBridge {
  readonly child: ChildProcess
  readonly url: string
  readonly token: string
}

/** Starts the bridge. @param port Where it listens; 0 for any free port. */
export async function startBridge(redis: string, port = 0): Promise<RunningBridge> {
  const program = join(import.meta.dirname, '../dist/cli/main.js')
  const { child, found } = await start(
    process.execPath,
    [program, 'bridge', '--port', String(port)],
    /^UPSTASH_REDIS_REST_URL=(.*)$/,
    { REDIS_URL: redis, NEARCACHE_BRIDGE_TOKEN: BRIDGE_TOKEN },
  )
  return { child, url: found, token: BRIDGE_TOKEN }
}
