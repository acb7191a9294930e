/**
 * In the place of the server that the suite of connect-redis starts: there is one already.
 *
 * @module
 */

export const port = '0'

export async function connect() {}

export async function disconnect() {}
