/**
 * What workerd itself costs: a Durable Object that accepts sockets and sends each frame to all others, without
 * nearcache. It checks no signatures and has no channels: no server in workerd can cost less.
 *
 * @module
 */

import { DurableObject } from 'cloudflare:workers'

const OPENED = JSON.stringify({
  event: 'pusher:connection_established',
  data: JSON.stringify({ socket_id: '1.1', activity_timeout: 120 }),
})
const SUBSCRIBED = JSON.stringify({ event: 'pusher_internal:subscription_succeeded', data: '{}' })

/** Holds all sockets, with hibernation. */
export class BareObject extends DurableObject {
  readonly #sockets = new Set<WebSocket>()

  override fetch(): Response {
    const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket]
    this.ctx.acceptWebSocket(server)
    this.#sockets.add(server)
    server.send(OPENED)
    return new Response(null, { status: 101, webSocket: client })
  }

  override webSocketMessage(socket: WebSocket, frame: string): void {
    if (frame.startsWith('{"event":"pusher:subscribe"')) socket.send(SUBSCRIBED)
    else for (const other of this.#sockets) if (other !== socket) other.send(frame)
  }

  override webSocketClose(socket: WebSocket): void {
    this.#sockets.delete(socket)
  }
}

interface Environment {
  readonly BARE: DurableObjectNamespace
}

const worker: ExportedHandler<Environment> = {
  fetch: (request, { BARE }) => BARE.get(BARE.idFromName('all')).fetch(request),
}

export default worker
