import { describe, expect, test } from 'vitest'
import { webPlatform } from '../../../src/platform/web.ts'
import { Realtime } from '../../../src/websocket/objects/realtime.ts'
import { createApps } from '../../../src/websocket/protocol/index.ts'

const [app] = createApps([{ id: '1', key: 'key', secret: 'a secret of thirty-two characters' }]).all
const ARRIVAL = { isExtended: false, clientId: 'one' }

/** An app with one hub, whose first stub throws an error with a flag of the platform. */
function brokenOnce(flag: string): { realtime: Realtime; stubs: () => number } {
  let stubs = 0
  const nobody = { idFromName: () => undefined, get: () => expect.unreachable() }
  const hubs = {
    idFromName: (name: string) => name,
    get: () => {
      const isFirst = stubs++ === 0
      const fetch = async (): Promise<Response> => {
        if (isFirst) throw Object.assign(new Error('ended'), { [flag]: true })
        return new Response('taken in')
      }
      return { fetch } as never
    },
  }
  const bindings = { hubs, channels: nobody, directories: nobody }
  const realtime = new Realtime({ bindings, platform: webPlatform(), hubs: 1 })
  return { realtime, stubs: () => stubs }
}

describe('a connection whose hub ends amid it', () => {
  test.each(['retryable', 'durableObjectReset'])('(%s) is taken in by its next', async (flag) => {
    const { realtime, stubs } = brokenOnce(flag)
    if (app === undefined) throw new Error('there is no app')

    const answer = await realtime.connect(app, ARRIVAL, new Request('https://edge.example/app/key'))

    expect(await answer?.text()).toBe('taken in')
    expect(stubs()).toBe(2)
  })

  test('is told so where nothing says that another attempt is of use', async () => {
    const { realtime } = brokenOnce('overloaded')
    if (app === undefined) throw new Error('there is no app')

    await expect(
      realtime.connect(app, ARRIVAL, new Request('https://edge.example/app/key')),
    ).rejects.toThrow('ended')
  })
})
