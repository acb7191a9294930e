/**
 * Decides by the address alone whether a client may connect. A refusal is a close code, so the connection
 * must first be accepted: clients take any HTTP response for a network fault.
 *
 * @module
 */

import { CLIENT_ID, CLIENT_ID_PARAMETER, EXTENSION_PARAMETER } from '../extensions.ts'
import type { App, Apps } from './app.ts'
import { CLOSES, type Close } from './close.ts'

/** A client that may connect, and what it asked for. */
export interface Connection {
  readonly kind: 'accepted'
  readonly app: App
  /** Whether the client asked for the extensions. */
  readonly isExtended: boolean
  /** The client's id, which stays the same over reconnects; the client's previous connection is closed. */
  readonly clientId: string | undefined
}

/** A client that may not connect. */
export interface ConnectionRefusal {
  readonly kind: 'refused'
  readonly close: Close
}

/** The protocol version of the server. Clients of versions 4 to 6 understand it too. */
export const PROTOCOL_VERSION = 7
const OLDEST_PROTOCOL = 4

/**
 * Reads the address of a connection, `/app/{key}?protocol=7&client=&version=`.
 *
 * Extensions: `nearcache=1` asks for them; `client_id` is then the client's lasting id. An invalid id is
 * ignored.
 */
export function admit(url: URL, apps: Apps): Connection | ConnectionRefusal {
  const key = /^\/app\/([^/]+)\/?$/.exec(url.pathname)?.[1]
  if (key === undefined) return refused(CLOSES.noPath)
  const version = versionClose(url.searchParams.get('protocol'))
  if (version !== undefined) return refused(version)
  const app = apps.byKey(key)
  if (app === undefined) return refused(CLOSES.unknownApp)
  if (!app.enabled) return refused(CLOSES.disabledApp)
  if (app.requireTls && url.protocol !== 'https:' && url.protocol !== 'wss:') {
    return refused(CLOSES.tlsOnly)
  }
  const isExtended = url.searchParams.get(EXTENSION_PARAMETER) === '1'
  const clientId = url.searchParams.get(CLIENT_ID_PARAMETER) ?? ''
  const isNamed = isExtended && CLIENT_ID.test(clientId)
  return { kind: 'accepted', app, isExtended, clientId: isNamed ? clientId : undefined }
}

function versionClose(version: string | null): Close | undefined {
  if (version === null || version === '') return CLOSES.noProtocol
  if (!/^\d{1,6}$/.test(version)) return CLOSES.badVersion
  const number = Number(version)
  if (number >= OLDEST_PROTOCOL && number <= PROTOCOL_VERSION) return undefined
  return CLOSES.unsupportedProtocol
}

function refused(close: Close): ConnectionRefusal {
  return { kind: 'refused', close }
}
