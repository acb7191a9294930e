/**
 * The server of an app, as developers write it with the server SDK of Pusher: it authorizes subscriptions and
 * sign-ins, and receives the webhooks.
 *
 * @module
 */

import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type Pusher from 'pusher'

/** One event of a webhook. */
export type HookEvent = Readonly<Record<string, unknown>> & { readonly name: string }

/** The identity that clients send with their requests. */
export interface Identity {
  readonly user_id: string
  readonly name: string
  /** Ids, separated by commas. */
  readonly watches: string
}

/** A running server. */
export class AppServer {
  /** Events of webhooks with a valid signature. */
  readonly events: HookEvent[] = []
  /** Number of webhooks with an invalid signature. */
  forged = 0
  readonly #server: Server
  #sdk: Pusher | undefined

  constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request).then(
        ([status, body]) => {
          response.writeHead(status, { 'content-type': 'application/json' })
          response.end(JSON.stringify(body))
        },
        () => response.writeHead(500).end(),
      )
    })
  }

  /** Resolves to its address. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Sets the SDK that signs from now on. */
  use(sdk: Pusher): void {
    this.#sdk = sdk
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  /** The events with this name on this channel. */
  of(name: string, channel: string): readonly HookEvent[] {
    return this.events.filter((event) => event.name === name && event['channel'] === channel)
  }

  async #answer(request: IncomingMessage): Promise<[number, object]> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks).toString()
    const sdk = this.#sdk
    if (sdk === undefined) return [503, {}]
    if (request.url === '/webhook') return this.#webhook(sdk, request, body)

    const form = Object.fromEntries(new URLSearchParams(body)) as Record<string, string>
    const { socket_id = '', channel_name = '', user_id = '', name = '', watches = '' } = form
    if (request.url === '/user') {
      const watchlist = watches === '' ? [] : watches.split(',')
      return [200, sdk.authenticateUser(socket_id, { id: user_id, user_info: { name }, watchlist })]
    }
    if (channel_name.includes('forbidden')) return [403, {}]
    if (channel_name.includes('forged')) return [200, { auth: `key:${'0'.repeat(64)}` }]
    const member = { user_id, user_info: { name } }
    const isPresence = channel_name.startsWith('presence-')
    return [200, sdk.authorizeChannel(socket_id, channel_name, isPresence ? member : undefined)]
  }

  #webhook(sdk: Pusher, { headers }: IncomingMessage, rawBody: string): [number, object] {
    const webhook = sdk.webhook({ headers: headers as Record<string, string>, rawBody })
    if (!webhook.isValid()) {
      this.forged += 1
      return [401, {}]
    }
    this.events.push(...(webhook.getEvents() as unknown as HookEvent[]))
    return [200, {}]
  }
}
