/**
 * What a load and the applications under it say to each other, in lines of JSON over a socket: each
 * request is a tuple that begins with a number, and its answer begins with the same.
 *
 * @module
 */

import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { EmailQuery } from 'nearcache/email'
import type { MailWrite } from './workload.ts'

/** Who answers the reads and makes the writes. */
export type AppContender = 'none' | 'tag' | 'drizzle' | 'nearcache' | 'near' | 'lag'

/** How an application is set up. */
export interface AppOrder {
  readonly contender: AppContender
  /** Path of a database file, or of the socket of a process that has it. */
  readonly database: { readonly file: string } | { readonly socket: string }
  /** Where Redis is, and how it is asked. */
  readonly redis: { readonly url: string; readonly token?: string }
}

/** What an application is asked. */
export type AppRequest =
  | readonly [id: number, kind: 'queries', queries: readonly EmailQuery[]]
  /** Answers how many messages there are. */
  | readonly [id: number, kind: 'read', query: number]
  /** Answers whether the answer is that of a fresh query. */
  | readonly [id: number, kind: 'check', query: number]
  | readonly [id: number, kind: 'write', write: MailWrite]
  /** Answers the SQL statements of reads so far. */
  | readonly [id: number, kind: 'statements']
  /** Answers the CPU time of the process so far, in microseconds. */
  | readonly [id: number, kind: 'cpu']

/** Calls `take` for every line of JSON that comes. */
export function onLines(socket: Socket, take: (value: unknown) => void): void {
  createInterface({ input: socket }).on('line', (line) => take(JSON.parse(line)))
}

/** Requests that are under way on one socket, by their numbers. */
export class Asking {
  readonly #socket: Socket
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #count = 0

  constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    onLines(socket, (value) => {
      const [id, answer, error] = value as [number, unknown, string?]
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error === undefined) waiting?.resolve(answer)
      else waiting?.reject(new Error(error))
    })
  }

  /** @throws {Error} What the other side says has failed. */
  ask(kind: string, ...rest: readonly unknown[]): Promise<unknown> {
    const id = ++this.#count
    const waiting = Promise.withResolvers<unknown>()
    this.#waiting.set(id, waiting)
    this.#socket.write(`${JSON.stringify([id, kind, ...rest])}\n`)
    return waiting.promise
  }

  close(): void {
    this.#socket.destroy()
  }
}

/** Answers what comes on a socket, in whichever order it is ready. */
export function answerOn(socket: Socket, answer: (request: readonly unknown[]) => unknown): void {
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  const settle = async ([id, ...rest]: readonly [id: number, ...unknown[]]): Promise<void> => {
    let reply: readonly unknown[]
    try {
      reply = [id, await answer([id, ...rest])]
    } catch (error) {
      reply = [id, null, String(error)]
    }
    socket.write(`${JSON.stringify(reply)}\n`)
  }
  onLines(socket, (value) => void settle(value as readonly [id: number, ...unknown[]]))
}
