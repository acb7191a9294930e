/**
 * Replaces the server that the suite of connect-redis starts, because one is running already.
 *
 * @module
 */

export const port = '0'

export async function connect() {}

export async function disconnect() {}
