/**
 * What is known of an example before it is run.
 *
 * @module
 */

/** How an example is started, and what it has to answer. */
export interface Example {
  readonly environment: (port: number) => Readonly<Record<string, string>>
  readonly args: (port: number) => readonly string[]
  /** Throws where an answer is not what it should be. */
  readonly ask: (base: string) => Promise<void>
  /** A path that answers once it is up. */
  readonly ready: string
}
