/**
 * Stops the cache system when the process is asked to end.
 *
 * @module
 */

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/**
 * Calls `stop` at the first SIGINT or SIGTERM, and then lets the signal have its normal effect: it ends the
 * process, unless there are other listeners, which then decide.
 *
 * @returns A function that removes the listeners.
 */
export function stopAtSignal(stop: () => Promise<void>): () => void {
  const listener = (signal: NodeJS.Signals): void => {
    const others = process.listenerCount(signal) > 1
    forget()
    const end = (): void => {
      if (others) return
      process.kill(process.pid, signal)
      // The system ignores signals that the first process of a container does not listen to.
      if (process.pid === 1) process.exit(signal === 'SIGINT' ? 130 : 143)
    }
    stop().then(end, end)
  }
  const forget = (): void => {
    for (const signal of SIGNALS) process.off(signal, listener)
  }
  // Called before all other listeners, in order to count those that remove themselves when called.
  for (const signal of SIGNALS) process.prependListener(signal, listener)
  return forget
}
