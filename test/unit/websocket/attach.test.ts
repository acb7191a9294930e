import { expect, test } from 'vitest'
import type { HubReport } from '../../../src/websocket/objects/reports.ts'
import type { Question, ReportAnswer } from '../../../src/websocket/objects/stubs.ts'
import { turns } from '../../support/turns.ts'
import { Cluster } from '../../support/websocket/cluster.ts'

const NEWS = { channel: 'news' }

test('a subscriber is not answered by a report from before the last one has left its hub', async () => {
  const cluster = new Cluster()
  const channel = cluster.channel('news')
  const steps: (() => void)[] = []
  const step = (): Promise<void> => new Promise((resolve) => steps.push(resolve))
  /** Lets the oldest report that waits take its next step: to arrive, or to be answered. */
  const next = async (): Promise<void> => {
    await turns()
    steps.shift()?.()
    await turns()
  }
  cluster.replace('channel', 'news', {
    report: async (report: HubReport, question: Question): Promise<ReportAnswer> => {
      await step()
      const answer = await channel.report(report, question)
      await step()
      return answer
    },
  })
  const ann = await cluster.connect('0')
  const ben = await cluster.connect('0', 'ben', true)
  const cat = await cluster.connect('0')

  // Ann leaves before she is answered. The answer comes while her leave and Ben's report are under way.
  const asked = [cluster.send(ann, 'pusher:subscribe', NEWS)]
  await next()
  asked.push(cluster.send(ann, 'pusher:unsubscribe', NEWS))
  const resume = { epoch: 'another', serial: 1 }
  asked.push(cluster.send(ben, 'pusher:subscribe', { ...NEWS, resume }))
  await next()
  asked.push(cluster.send(cat, 'pusher:subscribe', NEWS))
  await turns()
  expect(cat.socket.frames).toEqual([])

  while (steps.length > 0) await next()
  await Promise.all(asked)
  await channel.publish({ event: 'heard', data: '{}' })
  expect(cat.socket.frames.map(({ event }) => event)).toEqual([
    'pusher_internal:subscription_succeeded',
    'heard',
  ])
})
