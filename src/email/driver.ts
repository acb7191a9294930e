/**
 * The driver port: the few operations that the repository needs from a SQL database.
 *
 * @module
 */

/**
 * A value that can be bound to a `?`. Booleans are stored as 0 and 1, instants as integers in epoch
 * milliseconds.
 */
export type SqlParam = string | number | boolean | null

/** Converts a value to a type that SQLite accepts. */
export function toBindable(value: SqlParam): string | number | null {
  return typeof value === 'boolean' ? Number(value) : value
}

/** One row of a result, by column name. */
export type SqlRow = Record<string, unknown>

/** One statement, with the values of its `?` placeholders in order. */
export interface SqlStatement {
  readonly sql: string
  readonly params: readonly SqlParam[]
}

/** A SQLite-compatible database, as the repository uses it. */
export interface SqlDriver {
  /** Runs one statement and returns its rows: those of a SELECT, or of a RETURNING clause. */
  all(sql: string, params: readonly SqlParam[]): Promise<SqlRow[]>
  /** Runs one statement and returns how many rows it changed. */
  run(sql: string, params: readonly SqlParam[]): Promise<{ readonly changes: number }>
  /**
   * Runs statements in order as one transaction: all of them take effect, or none does.
   *
   * @returns The rows of each statement, in the order of the statements.
   * @throws Whatever the database raised for the statement that failed, unchanged.
   */
  batch(statements: readonly SqlStatement[]): Promise<SqlRow[][]>
  /**
   * Opens a session, for statements that must not read older states than the statements before them. The
   * first statement sees at least the state of the bookmark `atLeast`; without a bookmark, every write
   * acknowledged before. Later statements see at least that state, even if a replica serves them.
   * Absent on a database without replicas, where this always holds.
   */
  session?(atLeast?: string): SqlSession
}

/** A session opened by {@link SqlDriver.session}. */
export interface SqlSession extends SqlDriver {
  /** Bookmark of the state that the latest statement saw; undefined before the first statement. */
  bookmark(): string | undefined
}
