/**
 * The terminal that the program was started from.
 *
 * @module
 */

import type { Key } from 'node:readline'
import type { ReadStream, WriteStream } from 'node:tty'
import type { Host, Terminal } from './command.ts'

/** How many columns a bar has at most, and with how few it is left out. */
const WIDEST = 40
const NARROWEST = 5
/** Where a terminal does not say. */
const COLUMNS = 80
/** To the beginning of the line, and clears it. */
const CLEAR = '\r\u001B[K'

/** What a process reads from and writes to. */
export interface Streams {
  readonly stdin: ReadStream
  readonly stdout: WriteStream
  readonly stderr: WriteStream
}

/** A {@link Terminal}, and what comes before anything else is written to it. */
export interface OpenTerminal extends Terminal {
  /** Takes away the bar that is shown; if it goes on, it comes back. */
  clear(): void
}

/** What a person can be shown and asked; `undefined` where nobody reads what is told of the run. */
export function terminalOf(
  env: Host['env'],
  signal: AbortSignal,
  { stdin, stdout, stderr }: Streams = process,
): OpenTerminal | undefined {
  if (!stderr.isTTY) return undefined
  const isDumb = env['TERM'] === 'dumb'
  const isPlain = (env['NO_COLOR'] ?? '') !== '' || isDumb
  let shown = ''
  const show = (line: string): void => {
    if (line !== shown && !isDumb) stderr.write(CLEAR + line)
    shown = line
  }
  return {
    hasColors: stdout.isTTY === true && !isPlain,
    redraws: stdout.isTTY === true && !isDumb,
    clear: () => show(''),
    confirm: async (question) => stdin.isTTY && (await confirm(question, signal, stdin, stderr)),
    // Drawn here: the bar of @clack/prompts takes the keys for itself, and ends the process with 0 at Ctrl-C.
    progress: (label, total) => ({
      update: (done, message = label) =>
        show(barOf(label, done / Math.max(1, total), message, stderr.columns || COLUMNS)),
      end(message) {
        show('')
        if (!isDumb) stderr.write(`${message}\n`)
      },
    }),
  }
}

async function confirm(
  message: string,
  signal: AbortSignal,
  input: ReadStream,
  output: WriteStream,
): Promise<boolean> {
  const prompts = await import('@clack/prompts')
  const left = new AbortController()
  // Ctrl-D is no answer to it, and nothing would be left to wait for.
  const onKey = (_text: string, { ctrl, name }: Key): void => {
    if (ctrl && name === 'd') left.abort()
  }
  input.on('keypress', onKey)
  const ended = AbortSignal.any([signal, left.signal])
  const answer = await prompts.confirm({
    message,
    initialValue: false,
    input,
    output,
    signal: ended,
  })
  input.off('keypress', onKey)
  return answer === true
}

/** One line, which fits into the columns. @param share From 0 to 1; beyond that it is done. */
function barOf(label: string, share: number, message: string, columns: number): string {
  const done = Math.min(1, share)
  const text = ` ${Math.floor(100 * done)} %  ${message}`
  const width = Math.min(WIDEST, columns - label.length - text.length - 4)
  const filled = '#'.repeat(Math.max(0, Math.floor(done * width)))
  const bar = width < NARROWEST ? '' : ` [${filled.padEnd(width, '-')}]`
  return `${label}${bar}${text}`.slice(0, columns - 1)
}
