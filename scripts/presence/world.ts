/**
 * What every scenario uses: a Worker, the server of an app, the server SDK, and clients, with one `close`.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Pusher from 'pusher'
import { freePort } from '../../test/support/free-port.ts'
import { startWorker } from '../demo/worker-process.ts'
import { AppServer, type Identity } from './app-server.ts'
import { Ledger } from './ledger.ts'
import { PusherClient } from './pusher-client.ts'

/** How long a member stays after the connection has broken. */
export const LEAVE_GRACE_MS = 3_000
export const KEY = 'app-key'

/** Everything a scenario needs. */
export interface World {
  readonly ledger: Ledger
  readonly server: AppServer
  readonly sdk: Pusher
  /** Host and port of the Worker. */
  readonly host: string
  readonly port: number
  /** A client of Pusher for Node. */
  client(who?: Partial<Identity>, key?: string): PusherClient
  /** Stops everything. */
  close(): Promise<void>
}

/** Starts the Worker under `wrangler dev`, with one app whose webhooks come here. */
export async function createWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'nearcache-presence-'))
  const secret = randomBytes(24).toString('hex')
  const server = new AppServer()
  const address = await server.listen()
  const port = await freePort()
  const worker = await startWorker({
    directory: folder,
    token: randomBytes(24).toString('base64url'),
    mode: 'on',
    port,
    vars: { REALTIME_APPS: JSON.stringify([appOptions(secret, address)]) },
  })
  const clients = new Set<PusherClient>()
  const sdk = new Pusher({
    appId: '1',
    key: KEY,
    secret,
    host: '127.0.0.1',
    port: String(port),
    encryptionMasterKeyBase64: randomBytes(32).toString('base64'),
  })
  server.use(sdk)

  return {
    ledger: new Ledger(),
    server,
    sdk,
    host: '127.0.0.1',
    port,
    client(who = {}, key = KEY) {
      const params = { user_id: 'ada', name: 'Ada', watches: '', ...who }
      const client = new PusherClient(key, {
        cluster: '',
        wsHost: '127.0.0.1',
        wsPort: port,
        forceTLS: false,
        enabledTransports: ['ws'],
        channelAuthorization: { endpoint: `${address}/channel`, transport: 'ajax', params },
        userAuthentication: { endpoint: `${address}/user`, transport: 'ajax', params },
      })
      clients.add(client)
      return client
    },
    async close() {
      for (const client of clients) client.disconnect()
      server.close()
      await worker.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function appOptions(secret: string, address: string): object {
  return {
    id: '1',
    key: KEY,
    secret,
    clientEvents: 'members',
    subscriptionCounts: 'on',
    limits: { leaveGrace: LEAVE_GRACE_MS, reloadGrace: 1_000 },
    webhooks: [{ url: `${address}/webhook` }],
  }
}

/** An event that a channel or a client has received. */
export interface Told {
  readonly event: string
  readonly data: unknown
  readonly meta: unknown
}

/** Collects all received events in order, including those of the protocol. */
export function listen(source: {
  bind_global(listener: (event: string, data: unknown, meta?: unknown) => void): unknown
}): Told[] {
  const told: Told[] = []
  source.bind_global((event, data, meta) => told.push({ event, data, meta }))
  return told
}

/** The data of all events with a name. */
export function dataOf(told: readonly Told[], name: string): readonly unknown[] {
  return told.filter(({ event }) => event === name).map(({ data }) => data)
}
