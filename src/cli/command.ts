/**
 * What a command of `nearcache` is, and what it gets from the process.
 *
 * @module
 */

import type { Platform } from '../platform/platform.ts'
import type { Requester, Transport } from '../redis/requester.ts'

/** The process as a command sees it. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Writes a line for whoever reads the output. */
  print(line: string): void
  /** Writes a line about the run itself. */
  warn(line: string): void
  /** Aborted when the process is asked to end. */
  readonly signal: AbortSignal
  /** What a person at a terminal can be shown and asked. Absent where nobody sits at one. */
  readonly terminal?: Terminal
  /** A way to Redis to use in place of what options and environment name; the caller closes it. */
  readonly redis?: Requester | Transport
  /** @default webPlatform() */
  readonly platform?: Platform
  /** Milliseconds with fractions, from any start, for measuring. @default the platform's clock */
  readonly elapsed?: () => number
  /** The version of Node, such as `24.1.0`; one that is too old is told and not tried. @default new enough */
  readonly node?: string
  /** The folder that files are named from. @default '.' */
  readonly folder?: string
}

/** A terminal, with a person before it. */
export interface Terminal {
  /** Whether results may have colours: they are not piped, and NO_COLOR is not set. */
  readonly hasColors: boolean
  /** Whether what was printed can be replaced. */
  readonly redraws: boolean
  /** Asks for a yes. */
  confirm(question: string): Promise<boolean>
  /** Shows how far long work has come. */
  progress(label: string, total: number): Progress
}

/** A bar on its way. */
export interface Progress {
  /** How much is done in all. */
  update(done: number, message?: string): void
  /** Takes the bar away. */
  end(message: string): void
}

/** 0: done, or ended when asked to. 1: it failed, or what was asked for is not so. 2: it was not understood. */
export type ExitCode = 0 | 1 | 2

/** One command. */
export interface CliCommand {
  /** How to call it. */
  usage(): string | Promise<string>
  /**
   * Runs until it is done, or `host.signal` is aborted. Nothing returned is 0.
   *
   * @throws {UsageError} For words that mean nothing, or not together.
   */
  run(words: readonly string[], host: Host): Promise<ExitCode | undefined>
}
