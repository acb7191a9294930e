/**
 * The interface of a `nearcache` command, and what the process provides to it.
 *
 * @module
 */

import type { Platform } from '../platform/platform.ts'
import type { Requester, Transport } from '../redis/requester.ts'

/** The process as a command sees it. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Writes a line of the result, to standard output. */
  print(line: string): void
  /** Writes a line about the run itself, to standard error. */
  warn(line: string): void
  /** Aborted when the process is asked to end. */
  readonly signal: AbortSignal
  /** The interactive terminal. Absent if the program does not run in one. */
  readonly terminal?: Terminal
  /** Used instead of the Redis that options and environment name. The caller closes it. */
  readonly redis?: Requester | Transport
  /** @default webPlatform() */
  readonly platform?: Platform
  /** Milliseconds with fractions, from any start, for measuring. @default the platform's clock */
  readonly elapsed?: () => number
  /** The version of Node, such as `24.1.0`. If it is too old, commands do not run. @default new enough */
  readonly node?: string
  /** The folder that file names are relative to. @default '.' */
  readonly folder?: string
}

/** An interactive terminal. */
export interface Terminal {
  /** Whether results may have colours: standard output is a terminal, and NO_COLOR is not set. */
  readonly hasColors: boolean
  /** Whether printed lines can be overwritten. */
  readonly redraws: boolean
  /** Asks a yes-or-no question. Anything but a yes is `false`. */
  confirm(question: string): Promise<boolean>
  /** Shows a progress bar. */
  progress(label: string, total: number): Progress
}

/** A progress bar that is shown. */
export interface Progress {
  /** Sets how much of the total is done. */
  update(done: number, message?: string): void
  /** Replaces the bar by the message. */
  end(message: string): void
}

/** 0: success, or stopped on request. 1: a failure, or a negative answer. 2: invalid arguments, or `health` is down. */
export type ExitCode = 0 | 1 | 2

/** One command. */
export interface CliCommand {
  /** The help text. */
  usage(): string | Promise<string>
  /**
   * Runs until it is done, or `host.signal` is aborted. `undefined` stands for exit code 0.
   *
   * @throws {UsageError} When arguments are invalid or cannot be combined.
   */
  run(words: readonly string[], host: Host): Promise<ExitCode | undefined>
}
