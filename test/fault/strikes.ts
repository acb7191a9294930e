/**
 * The faults of an HTTP server, or of a proxy in front of it.
 *
 * @module
 */

import { setTimeout as delay } from 'node:timers/promises'
import { type Answered, commandsOf, respond, type Strike } from './fault-server.ts'

/** An error page of a proxy; it quotes texts that must not be passed on. */
export const PAGE = '<html><body>SENTINEL-page: SENTINEL-key SENTINEL-token</body></html>'

/** Answers late; the engine executes the request after the delay. */
export const late =
  (ms: number): Strike =>
  async ({ response, apply }) => {
    await delay(ms)
    respond(response, await apply())
  }

/** Never answers, and executes nothing. */
export const hang: Strike = () => undefined

/** Breaks the connection before executing anything. */
export const reset: Strike = ({ incoming }) => {
  incoming.socket.resetAndDestroy()
}

/** Executes the request, and breaks the connection instead of answering. */
export const loseReply: Strike = async ({ incoming, apply }) => {
  await apply()
  incoming.socket.resetAndDestroy()
}

/** Executes the request, sends half of the answer, and then does what `then` says. */
export const halfBody =
  (then: 'hang' | 'reset' | 'end'): Strike =>
  async ({ incoming, response, apply }) => {
    const body = JSON.stringify((await apply()).body)
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
    response.write(body.slice(0, body.length / 2))
    // The first half must be sent before the connection breaks.
    if (then !== 'hang') await delay(5)
    if (then === 'reset') incoming.socket.resetAndDestroy()
    if (then === 'end') incoming.socket.end()
  }

/** Executes the request, and sends the answer without its last characters. */
export const truncated: Strike = async ({ response, apply }) => {
  const body = JSON.stringify((await apply()).body)
  response.writeHead(200, { 'content-type': 'application/json' }).end(body.slice(0, -2))
}

/** Sends the answer byte by byte, each in a separate packet. */
export const sliced: Strike = async ({ incoming, response, apply }) => {
  incoming.socket.setNoDelay(true)
  const body = Buffer.from(JSON.stringify((await apply()).body))
  response.writeHead(200, { 'content-type': 'application/json' })
  for (const byte of body) {
    response.write(Buffer.from([byte]))
    await new Promise((resolve) => setImmediate(resolve))
  }
  response.end()
}

/** Executes the request twice, and sends the second answer. */
export const twice: Strike = async ({ response, apply }) => {
  await apply()
  respond(response, await apply())
}

/** Answers with a status and a body, without executing anything. */
export const status =
  (code: number, body: string | object, headers: Record<string, string> = {}): Strike =>
  ({ response }) => {
    if (typeof body !== 'string') respond(response, { status: code, body }, headers)
    else response.writeHead(code, { 'content-type': 'text/html', ...headers }).end(body)
  }

/** Executes the request, and sends a changed form of the answer. */
export const instead =
  (change: (answer: unknown, batch: boolean) => unknown): Strike =>
  async ({ request, response, apply }) => {
    const { status: code, body } = await apply()
    respond(response, { status: code, body: change(body, request.path?.[0] === 'pipeline') })
  }

/** Refuses each selected command with an error reply; the commands of a pipeline one by one. */
export const refuse =
  (text: string, meant: (name: string) => boolean): Strike =>
  async ({ request, response, apply }) => {
    const commands = commandsOf(request)
    const refused = commands.map(([name]) => meant(name))
    if (!request.path?.length) return respond(response, { status: 400, body: { error: text } })
    const answers = refused.every(Boolean) ? [] : ((await apply()) as Answered).body
    const body = refused.map((is, i) => (is ? { error: text } : (answers as unknown[])[i]))
    respond(response, { status: 200, body })
  }
