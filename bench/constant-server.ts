/**
 * An HTTP server that reads each request and always sends the same answer, its first argument: the lower bound
 * for any server over HTTP.
 *
 * @module
 */

import { createServer } from 'node:http'

const [, , answer = ''] = process.argv
const server = createServer((request, response) => {
  request.on('data', () => undefined)
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(answer)
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address !== 'string') {
    console.log(`http://127.0.0.1:${address.port}`)
  }
})
