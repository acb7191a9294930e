/**
 * The terminal that the program was started from.
 *
 * @module
 */

import type { Key } from 'node:readline'
import type { ReadStream, WriteStream } from 'node:tty'
import type { Host, Terminal } from './command.ts'

/** The maximum width of a bar, and the width below which it is left out, in columns. */
const WIDEST = 40
const NARROWEST = 5
/** Assumed if a terminal does not report its width. */
const COLUMNS = 80
/** Moves to the beginning of the line, and clears the line. */
const CLEAR = '\r\u001B[K'

/** The standard streams of a process. */
export interface Streams {
  readonly stdin: ReadStream
  readonly stdout: WriteStream
  readonly stderr: WriteStream
}

/** A {@link Terminal} that other output can be written to. */
export interface OpenTerminal extends Terminal {
  /** Removes the bar before other output is written. The next update shows it again. */
  clear(): void
}

/** The terminal of the process; `undefined` if standard error is not a terminal. */
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
    // Drawn here: the bar of @clack/prompts captures the keyboard, and exits with code 0 at Ctrl-C.
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
  // @clack/prompts ignores Ctrl-D, which closes the input: the process would end without an answer.
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

/** One line that fits into the columns. @param share From 0 to 1; more counts as 1. */
function barOf(label: string, share: number, message: string, columns: number): string {
  const done = Math.min(1, share)
  const text = ` ${Math.floor(100 * done)} %  ${message}`
  const width = Math.min(WIDEST, columns - label.length - text.length - 4)
  const filled = '#'.repeat(Math.max(0, Math.floor(done * width)))
  const bar = width < NARROWEST ? '' : ` [${filled.padEnd(width, '-')}]`
  return `${label}${bar}${text}`.slice(0, columns - 1)
}
