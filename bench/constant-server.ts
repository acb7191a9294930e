/**
 * An HTTP server that reads the request and answers always the same: the floor for whatever is
 * served over HTTP. The answer is its first word.
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
