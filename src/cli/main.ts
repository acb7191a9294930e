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
    // Whoever asks twice does not want to wait.
    if (ended.signal.aborted) process.exit(1)
    ended.abort()
  })
}
// Whoever reads the output may have seen enough, as head does.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE') process.exit(0)
  console.error(`nearcache: the output cannot be written: ${code}`)
  process.exit(1)
})

/** For how long a connection that does not close keeps the program. */
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
// Whoever reads slowly, as less does, gets all of it.
await written(process.stdout)
void setTimeout(LINGER_MS, undefined, { ref: false }).then(() => process.exit(code))
