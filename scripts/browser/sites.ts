/**
 * Local sites for browser tests.
 *
 * @module
 */

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Lets a server listen on a free port of 127.0.0.1. @returns The port. */
export async function openSite(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/**
 * A site on which every page sends a form to another address.
 *
 * @param action Where it is sent.
 * @param fields Its inputs. @default none
 */
export async function startEvilSite(
  action: string,
  fields = '',
): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html')
    response.end(`<form method="post" action="${action}">${fields}</form>
      <script>document.forms[0].submit()</script>`)
  })
  return { server, port: await openSite(server) }
}
