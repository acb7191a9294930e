/**
 * The protocol between the load and the applications: lines of JSON over a socket. A request is a tuple that
 * begins with a number, and its answer begins with the same number.
 *
 * @module
 */

import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { EmailQuery } from 'nearcache/email'
import type { MailWrite } from './workload.ts'

/** The contender that performs the reads and writes. */
export type AppContender = 'none' | 'tag' | 'drizzle' | 'nearcache' | 'near' | 'lag'

/** How an application is set up. */
export interface AppOrder {
  readonly contender: AppContender
  /** Path of a database file, or of the socket of a database process. */
  readonly database: { readonly file: string } | { readonly socket: string }
  /** The Redis; over HTTP if there is a token, else over TCP. */
  readonly redis: { readonly url: string; readonly token?: string }
}

/** A request to an application. */
export type AppRequest =
  | readonly [id: number, kind: 'queries', queries: readonly EmailQuery[]]
  /** Answers the number of messages on the page. */
  | readonly [id: number, kind: 'read', query: number]
  /** Answers whether the read returns the same as a fresh query. */
  | readonly [id: number, kind: 'check', query: number]
  | readonly [id: number, kind: 'write', write: MailWrite]
  /** Answers the number of SQL statements of reads so far. */
  | readonly [id: number, kind: 'statements']
  /** Answers the CPU time of the process so far, in microseconds. */
  | readonly [id: number, kind: 'cpu']

/** Calls `take` with the value of each line of JSON. */
export function onLines(socket: Socket, take: (value: unknown) => void): void {
  createInterface({ input: socket }).on('line', (line) => take(JSON.parse(line)))
}

/** Sends requests on one socket, and matches the answers by number. */
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

  /** @throws {Error} If the request failed on the other side; with its error as the message. */
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

/** Answers the requests on a socket, each as soon as its answer is ready, in any order. */
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
