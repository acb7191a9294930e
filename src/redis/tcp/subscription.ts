/**
 * Listens to channels on a connection of its own, and keeps listening when that connection breaks.
 *
 * @module
 */

import type { TcpClient } from './client.ts'

/** Which channels: by name, or by glob pattern. */
export type SubscriptionKind = 'subscribe' | 'psubscribe'

/**
 * Subscribes, and hands on what is heard in the words of Upstash's event streams:
 * `message,channel,text` or `pmessage,pattern,channel,text`.
 *
 * `subscribe,channel,1` comes first, and again after each time the connection was lost: what was
 * published in between is lost too. Resolves once the channels are heard; rejects, and stops trying,
 * when the first attempt fails.
 *
 * @param client A client for this alone; the caller disconnects it to end the subscription.
 */
export async function listen(
  client: TcpClient,
  kind: SubscriptionKind,
  channels: readonly string[],
  onMessage: (data: string) => void,
): Promise<void> {
  const first = Promise.withResolvers<void>()
  let failure: unknown

  const tell = (data: string): void => {
    try {
      onMessage(data)
    } catch {
      // An error of the listener's own. Thrown on, it would end the process.
      client.disconnect()
    }
  }
  const subscribe = (): void => {
    client[kind](...channels).then(
      () => {
        for (const channel of channels) tell(`${kind},${channel},1`)
        first.resolve()
      },
      (error) => first.reject(error),
    )
  }
  client.on('error', (error) => {
    failure = error
  })
  client.on('close', () => first.reject(failure))
  client.on('ready', subscribe)
  client.on('message', (...told) => tell(`message,${told.join(',')}`))
  client.on('pmessage', (...told) => tell(`pmessage,${told.join(',')}`))
  if (client.status === 'wait') client.connect().catch(() => undefined) // told by the events

  await first.promise
}
