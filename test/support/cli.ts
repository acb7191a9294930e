/**
 * Runs commands of `nearcache` in this process.
 *
 * @module
 */

import type { ExitCode, Host, Terminal } from '../../src/cli/command.ts'
import { run } from '../../src/cli/run.ts'

/** The outcome of a command. */
export interface CliResult {
  readonly code: ExitCode
  readonly printed: string
  readonly warned: string
}

/** Runs a command to its end. */
export async function runCli(
  words: readonly string[],
  host: Partial<Omit<Host, 'print' | 'warn'>> = {},
): Promise<CliResult> {
  const printed: string[] = []
  const warned: string[] = []
  const code = await run(words, {
    env: {},
    signal: new AbortController().signal,
    ...host,
    print: (line) => printed.push(line),
    warn: (line) => warned.push(line),
  })
  return { code, printed: printed.join('\n'), warned: warned.join('\n') }
}

/** Runs a command with `--json`. @returns The document. */
export async function runJson(
  words: readonly string[],
  host: Partial<Omit<Host, 'print' | 'warn'>> = {},
): Promise<Record<string, unknown>> {
  const { printed } = await runCli([...words, '--json'], host)
  return JSON.parse(printed) as Record<string, unknown>
}

/** A terminal with colours, on which every question is answered so, and the bars it was to show. */
export function terminal(answer: boolean): Terminal & { readonly bars: string[] } {
  const bars: string[] = []
  return {
    bars,
    hasColors: true,
    redraws: true,
    confirm: () => Promise.resolve(answer),
    progress: (label) => ({
      update: (done) => bars.push(`${label} ${done}`),
      end: (message) => bars.push(message),
    }),
  }
}
