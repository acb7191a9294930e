/**
 * The terminal that the program was started from.
 *
 * @module
 */

import { stderr, stdin, stdout } from 'node:process'
import type { ProgressResult } from '@clack/prompts'
import type { Host, Terminal } from './command.ts'

/** A bar takes that much; some terminals say that they have no columns at all. */
const LEAST_COLUMNS = 60

/** What a person can be shown and asked; `undefined` where nobody reads what is told of the run. */
export function terminalOf(env: Host['env'], signal: AbortSignal): Terminal | undefined {
  if (!stderr.isTTY) return undefined
  const hasRoom = stderr.columns >= LEAST_COLUMNS
  const isPlain = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb'
  return {
    hasColors: stdout.isTTY === true && !isPlain,
    redraws: stdout.isTTY === true && env['TERM'] !== 'dumb',
    async confirm(question) {
      if (!stdin.isTTY) return false
      const { confirm } = await import('@clack/prompts')
      return (
        (await confirm({ message: question, initialValue: false, output: stderr, signal })) === true
      )
    },
    progress(label, total) {
      if (!hasRoom) return { update: () => undefined, end: () => undefined }
      // Loaded behind the first steps: the work does not wait for its bar.
      let bar: ProgressResult | undefined
      let isOver = false
      let shown = 0
      const loading = import('@clack/prompts').then(({ progress }) => {
        if (isOver) return
        bar = progress({ max: Math.max(1, total), output: stderr, signal, style: 'heavy' })
        bar.start(label)
      })
      loading.catch(() => undefined) // a bar that cannot be shown is no reason to fail
      return {
        update(done, message) {
          if (!bar) return
          bar.advance(Math.max(0, done - shown), message ?? label)
          shown = Math.max(shown, done)
        },
        end(message) {
          isOver = true
          bar?.stop(message)
        },
      }
    },
  }
}
