#!/usr/bin/env node
/**
 * The program `nearcache`.
 *
 * @module
 */

import { run } from './run.ts'

const ended = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // Whoever asks twice does not want to wait.
    if (ended.signal.aborted) process.exit(1)
    ended.abort()
  })
}

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  print: (line) => console.log(line),
  warn: (line) => console.error(line),
  signal: ended.signal,
})
