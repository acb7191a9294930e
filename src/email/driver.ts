/**
 * The driver port: the four things the repository asks of a SQL database.
 *
 * @module
 */

/**
 * What may be bound to a `?`. Booleans are stored as 0 and 1; instants are bound as integers, in
 * epoch milliseconds.
 */
export type SqlParam = string | number | boolean | null

/** The value as SQLite takes it. */
export function toBindable(value: SqlParam): string | number | null {
  return typeof value === 'boolean' ? Number(value) : value
}

/** One row of an answer, by column name. */
export type SqlRow = Record<string, unknown>

/** One statement with the values of its `?`, in order. */
export interface SqlStatement {
  readonly sql: string
  readonly params: readonly SqlParam[]
}

/** A SQLite-compatible database, as the repository uses it. */
export interface SqlDriver {
  /** Runs one statement and answers its rows: those of a SELECT, or of a RETURNING clause. */
  all(sql: string, params: readonly SqlParam[]): Promise<SqlRow[]>
  /** Runs one statement for its effect and tells how many rows it changed. */
  run(sql: string, params: readonly SqlParam[]): Promise<{ readonly changes: number }>
  /**
   * Runs statements in order as one transaction: all of them take effect, or none does.
   *
   * @returns The rows of each statement, in the order of the statements.
   * @throws Whatever the database raised for the statement that failed, unchanged.
   */
  batch(statements: readonly SqlStatement[]): Promise<SqlRow[][]>
  /**
   * Opens a view for one chain of statements. The first sees the state of a bookmark at least, or
   * without one every write acknowledged before; the later ones see at least that state, even where
   * a replica answers them. Absent on a database that is a single copy, where each statement does so
   * anyway.
   */
  session?(atLeast?: string): SqlSession
}

/** A view of {@link SqlDriver.session}. */
export interface SqlSession extends SqlDriver {
  /** The state that the latest statement saw; undefined before the first. */
  bookmark(): string | undefined
}
