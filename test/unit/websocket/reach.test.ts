import { describe, expect, test } from 'vitest'
import { webPlatform } from '../../../src/platform/web.ts'
import { Realtime } from '../../../src/websocket/objects/realtime.ts'
import { createApps } from '../../../src/websocket/protocol/index.ts'

const [app] = createApps([{ id: '1', key: 'key', secret: 'a secret of thirty-two characters' }]).all
const ARRIVAL = { isExtended: false, clientId: 'one' }

/** An app whose first stub of a hub throws an error with a flag of the platform. */
function brokenOnce(
  flag: string,
  hubCount: number = 1,
): { realtime: Realtime; stubs: () => number; names: ReadonlySet<string> } {
  let stubs = 0
  const names = new Set<string>()
  const nobody = { idFromName: () => undefined, get: () => expect.unreachable() }
  const hubs = {
    idFromName: (name: string) => name,
    get: (name: unknown) => {
      const isFirst = stubs++ === 0
      names.add(String(name))
      const fetch = async (): Promise<Response> => {
        if (isFirst) throw Object.assign(new Error('ended'), { [flag]: true })
        return new Response('taken in')
      }
      return { fetch } as never
    },
  }
  const bindings = { hubs, channels: nobody, directories: nobody }
  const realtime = new Realtime({ bindings, platform: webPlatform(), hubs: hubCount })
  return { realtime, stubs: () => stubs, names }
}

describe('a connection whose hub ends during the call', () => {
  test.each(['retryable', 'durableObjectReset'])(
    '(%s) is accepted by the next instance of the hub',
    async (flag) => {
      const { realtime, stubs } = brokenOnce(flag)
      if (app === undefined) throw new Error('there is no app')

      const answer = await realtime.connect(
        app,
        ARRIVAL,
        new Request('https://edge.example/app/key'),
      )

      expect(await answer?.text()).toBe('taken in')
      expect(stubs()).toBe(2)
    },
  )

  test('gets the error if nothing says that another attempt is of use', async () => {
    const { realtime } = brokenOnce('remote')
    if (app === undefined) throw new Error('there is no app')

    await expect(
      realtime.connect(app, ARRIVAL, new Request('https://edge.example/app/key')),
    ).rejects.toThrow('ended')
  })
})

describe('a connection whose hub is overloaded', () => {
  test('is accepted by another hub, as if the first were full', async () => {
    const { realtime, names } = brokenOnce('overloaded', 2)
    if (app === undefined) throw new Error('there is no app')

    const answer = await realtime.connect(app, ARRIVAL, new Request('https://edge.example/app/key'))

    expect(await answer?.text()).toBe('taken in')
    expect(names.size).toBe(2)
  })

  test('is refused if there is no other hub, and the hub is not asked again', async () => {
    const { realtime, stubs } = brokenOnce('overloaded')
    if (app === undefined) throw new Error('there is no app')

    const answer = await realtime.connect(app, ARRIVAL, new Request('https://edge.example/app/key'))

    expect(answer).toBeUndefined()
    expect(stubs()).toBe(1)
  })
})
