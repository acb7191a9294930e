/**
 * The description of an example that is run.
 *
 * @module
 */

/** How an example is started and checked. */
export interface Example {
  readonly environment: (port: number) => Readonly<Record<string, string>>
  readonly args: (port: number) => readonly string[]
  /** Throws if an answer is wrong. */
  readonly ask: (base: string) => Promise<void>
  /** A path that answers once the example has started. */
  readonly ready: string
}
