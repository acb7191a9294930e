#!/usr/bin/env node
/**
 * The program `nearcache`.
 *
 * @module
 */

import { setTimeout } from 'node:timers/promises'
import { run } from './run.ts'
import { terminalOf } from './terminal.ts'
import { written } from './written.ts'

const ended = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // A second signal ends the process at once.
    if (ended.signal.aborted) process.exit(1)
    ended.abort()
  })
}
// The reader of a pipe may close it early, as `head` does. That is no error.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE') process.exit(0)
  console.error(`nearcache: the output cannot be written: ${code}`)
  process.exit(1)
})

/** How long connections that do not close may delay the end of the process. */
const LINGER_MS = 500

const terminal = terminalOf(process.env, ended.signal)
const code = await run(process.argv.slice(2), {
  env: process.env,
  node: process.versions.node,
  print(line) {
    terminal?.clear()
    console.log(line)
  },
  warn(line) {
    terminal?.clear()
    console.error(line)
  },
  signal: ended.signal,
  elapsed: () => Number(process.hrtime.bigint()) / 1e6,
  ...(terminal && { terminal }),
})
process.exitCode = code
// A slow reader of a pipe, such as `less`, gets the whole output before the process ends.
await written(process.stdout)
void setTimeout(LINGER_MS, undefined, { ref: false }).then(() => process.exit(code))
