/**
 * POST through `node:http` and nothing else: the minimum for any client of a REST endpoint on Node.
 *
 * @module
 */

import { Agent, request } from 'node:http'

/** Returns a function that posts a command over keep-alive connections, and parses the answer. */
export function poster(url: string, token: string): (command: unknown) => Promise<unknown> {
  const { hostname, port, pathname: path } = new URL(url)
  const agent = new Agent({ keepAlive: true })
  const target = { hostname, port, path, agent, method: 'POST' }
  const known = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  return (command) =>
    new Promise((resolve, reject) => {
      const body = JSON.stringify(command)
      const headers = { ...known, 'content-length': Buffer.byteLength(body) }
      const sent = request({ ...target, headers }, (message) => {
        const parts: Buffer[] = []
        message.on('data', (part: Buffer) => parts.push(part))
        message.once('end', () => resolve(JSON.parse(Buffer.concat(parts).toString())))
        message.once('error', reject)
      })
      sent.once('error', reject)
      sent.end(body)
    })
}
