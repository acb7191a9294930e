/**
 * Stops the cache system when the process is asked to end.
 *
 * @module
 */

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/**
 * Calls `stop` at the first SIGINT or SIGTERM, and then lets the signal have the effect it would
 * have had without us: the process ends by it, unless others listen too and decide for themselves.
 *
 * @returns A function that takes the listeners away.
 */
export function stopAtSignal(stop: () => Promise<void>): () => void {
  const listener = (signal: NodeJS.Signals): void => {
    const others = process.listenerCount(signal) > 1
    forget()
    const end = (): void => {
      if (!others) process.kill(process.pid, signal)
    }
    stop().then(end, end)
  }
  const forget = (): void => {
    for (const signal of SIGNALS) process.off(signal, listener)
  }
  // First of all listeners, to count those that remove themselves when they are called.
  for (const signal of SIGNALS) process.prependListener(signal, listener)
  return forget
}
