/**
 * What a command of `nearcache` is, and what it gets from the process.
 *
 * @module
 */

/** The process as a command sees it. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Writes a line for whoever reads the output. */
  print(line: string): void
  /** Writes a line about the run itself. */
  warn(line: string): void
  /** Aborted when the process is asked to end. */
  readonly signal: AbortSignal
}

/** One command. */
export interface CliCommand {
  readonly name: string
  /** What it is for, in one line. */
  readonly summary: string
  readonly usage: string
  /**
   * Runs until it is done, or `host.signal` is aborted.
   *
   * @throws {UsageError} For words that mean nothing, or not together.
   */
  run(words: readonly string[], host: Host): Promise<void>
}
