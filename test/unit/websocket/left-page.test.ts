import { expect, test } from 'vitest'
import { LEFT_PAGE } from '../../../src/websocket/extensions.ts'
import { Cluster } from '../../support/websocket/cluster.ts'

const ROOM = 'presence-room'

test.each([1001, LEFT_PAGE])(
  'a user who left the page by %i stays for reloadGrace',
  async (code) => {
    const cluster = new Cluster()
    const ann = await cluster.connect('0')
    await cluster.join(ann, ROOM, 'ann')
    const bob = await cluster.connect('1')
    await cluster.join(bob, ROOM, 'bob')
    ann.socket.frames.length = 0
    const hasLeft = (): boolean => JSON.stringify(ann.socket.frames).includes('member_removed')

    await cluster.close(bob, code)
    await cluster.advance(1_500)
    expect(hasLeft()).toBe(false)

    await cluster.advance(1_500)
    expect(hasLeft()).toBe(true)
  },
)
