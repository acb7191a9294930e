/**
 * The parts of a Durable Object's runtime that the objects use, as structural types: the objects are plain
 * classes, and only the Worker depends on the platform.
 *
 * @module
 */

/** A row of SQLite. */
export type SqlRow = Readonly<Record<string, unknown>>

/** The storage of an object whose class is under `new_sqlite_classes`. */
export interface ObjectStorage {
  readonly sql: {
    exec(query: string, ...bindings: (string | number | null)[]): Iterable<SqlRow>
  }
  transactionSync<T>(change: () => T): T
  getAlarm(): Promise<number | null>
  setAlarm(at: number): Promise<void>
  deleteAlarm(): Promise<void>
  deleteAll(): Promise<void>
}

/** A hibernating socket of an object. */
export interface ObjectSocket {
  /** 1 while it is open. */
  readonly readyState: number
  send(frame: string): void
  close(code?: number, reason?: string): void
  serializeAttachment(value: unknown): void
  deserializeAttachment(): unknown
}

/** The state of an object that has sockets. */
export interface SocketObjectState<Socket extends ObjectSocket = ObjectSocket> {
  readonly storage: ObjectStorage
  acceptWebSocket(socket: Socket): void
  getWebSockets(): Socket[]
  getWebSocketAutoResponseTimestamp(socket: Socket): { getTime(): number } | null
}
