import { beforeEach, describe, expect, test } from 'vitest'
import { call, emptyMailbox, send, store } from './mailbox.ts'

interface Page {
  readonly emails: { readonly id: string; readonly version: number }[]
  readonly nextCursor?: string
  readonly total?: number
}

/** A request as a browser sends it: with an origin, and accepting any type. */
const BROWSER = { accept: '*/*', origin: 'https://mail.example', 'sec-fetch-mode': 'cors' }

async function ids(parameters: Record<string, string>): Promise<string[]> {
  const { emails } = await page(parameters)
  return emails.map(({ id }) => id)
}

async function page(parameters: Record<string, string>): Promise<Page> {
  const response = await call(`/emails?${new URLSearchParams(parameters)}`, { headers: BROWSER })
  expect(response.status).toBe(200)
  return response.json<Page>()
}

describe('a list of the mailbox over HTTP', () => {
  beforeEach(emptyMailbox)

  test('is narrowed by every filter there is', async () => {
    const wanted = await store({
      senderEmail: 'Bo@shop.example',
      recipients: ['team@ours.example'],
      categories: ['order', 'big'],
      hasAttachments: true,
      isFlagged: true,
      threadId: 't',
      conversationId: 'c',
      subject: 'Größe der Kartons',
    })
    const workflow = { workflowState: 'open', workflowType: 'order', workflowChainId: 'chain' }
    await send('PATCH', `/emails/${wanted}`, workflow)
    await store()

    const filters: Record<string, string>[] = [
      { senderEmails: 'x@y.example,bo@SHOP.example' },
      { recipients: 'TEAM@ours.example' },
      { categories: 'big,small' },
      { hasAttachments: 'true' },
      { isFlagged: 'true' },
      { conversationId: 'c' },
      { workflowStates: 'open' },
      { workflowTypes: 'order' },
      { workflowChainId: 'chain' },
      { search: 'kartons' },
      { search: 'große kart*' },
      { anyOf: JSON.stringify([{ threadId: 't' }, { threadId: 'none' }]) },
    ]
    for (const filter of filters) expect([filter, await ids(filter)]).toEqual([filter, [wanted]])
    expect(await ids(Object.assign({}, ...filters))).toEqual([wanted])
  })

  test('is in the order it is asked for, with a total, by offset and by cursor', async () => {
    const low = await store({ priority: 'low', senderEmail: 'a@b.example', receivedAt: 2_000 })
    const high = await store({ priority: 'high', senderEmail: 'c@b.example', receivedAt: 1_000 })

    expect(await ids({ orderBy: 'priority' })).toEqual([high, low])
    expect(await ids({ orderBy: 'sender', direction: 'desc' })).toEqual([high, low])
    expect(await ids({ direction: 'asc' })).toEqual([high, low])
    expect(await ids({ offset: '1' })).toEqual([high])
    const first = await page({ orderBy: 'priority', limit: '1', total: 'true' })
    expect(first.total).toBe(2)
    const { nextCursor: cursor = '' } = first
    expect(await ids({ orderBy: 'priority', limit: '1', cursor })).toEqual([low])
    expect((await call(`/emails?orderBy=sent&cursor=${cursor}`)).status).toBe(400)
  })

  test('of a thread and of a conversation is oldest first', async () => {
    const common = { threadId: 'one/two', conversationId: 'ü' }
    const later = await store({ ...common, receivedAt: 2_000 })
    const earlier = await store({ ...common, receivedAt: 1_000 })
    await store()

    for (const path of ['/threads/one%2Ftwo', '/conversations/%C3%BC']) {
      const { emails } = await (await call(path)).json<Page>()
      expect(emails.map(({ id }) => id)).toEqual([earlier, later])
    }
    expect(await (await call('/threads/none')).json()).toEqual({ emails: [] })
  })
})

describe('writing to the mailbox over HTTP', () => {
  beforeEach(emptyMailbox)

  test('DELETE removes a message from its lists and answers 404 the next time', async () => {
    const id = await store({ subject: 'Abrakadabra' })
    expect(await ids({ search: 'abrakadabra' })).toEqual([id])

    expect((await call(`/emails/${id}`, { method: 'DELETE', headers: BROWSER })).status).toBe(204)

    expect(await ids({})).toEqual([])
    expect(await ids({ search: 'abrakadabra' })).toEqual([])
    expect((await call(`/emails/${id}`)).status).toBe(404)
    expect((await call(`/emails/${id}`, { method: 'DELETE' })).status).toBe(404)
  })

  test('POST of a list stores what is new and tells what is not', async () => {
    const message = { subject: 'S', senderEmail: 'a@b.example', receivedAt: 0 }
    const batch = [
      { ...message, id: 'one' },
      { ...message, id: 'two' },
      { ...message, id: 'one' },
    ]

    const response = await send('POST', '/emails', batch)

    expect(response.status).toBe(201)
    expect(await response.json()).toMatchObject({
      created: [{ id: 'one' }, { id: 'two' }],
      duplicates: [{ index: 2, field: 'id' }],
    })
    expect((await send('POST', '/emails', batch)).status).toBe(200)
    expect((await ids({})).sort()).toEqual(['one', 'two'])
  })

  test('PATCH of many answers those that are different now', async () => {
    const [read, unread] = [await store({ isRead: true }), await store()]
    const marked = await send('PATCH', '/emails', {
      ids: [read, unread, 'absent'],
      changes: { isRead: true },
    })

    expect(await marked.json()).toMatchObject({ changed: [{ id: unread, version: 2 }] })
    const changes = { status: 'completed', assignedTo: 'kim' }
    const closed = await send('PATCH', '/emails', { ids: [read, unread], changes })
    expect((await closed.json<{ changed: unknown[] }>()).changed).toHaveLength(2)
    expect((await ids({ statuses: 'completed', assignedTo: 'kim' })).sort()).toEqual(
      [read, unread].sort(),
    )
    const bad = await send('PATCH', '/emails', { ids: [read], changes: { status: 'lost' } })
    expect([bad.status, await bad.json()]).toMatchObject([400, { field: 'status' }])
  })

  test('PUT by graph id stores a message once, and is read by either id after', async () => {
    const message = { subject: 'S', senderEmail: 'a@b.example', receivedAt: 0 }
    const first = await send('PUT', '/graph/AAMk%3D', message)
    const { id } = await first.json<{ id: string }>()
    expect(first.status).toBe(201)
    await call('/graph/AAMk%3D')

    const second = await send('PUT', '/graph/AAMk%3D', { ...message, isRead: true })

    expect(second.status).toBe(200)
    for (const path of [`/emails/${id}`, '/graph/AAMk%3D']) {
      expect(await (await call(path)).json()).toMatchObject({ id, isRead: true, version: 2 })
    }
    expect((await call('/graph/none')).status).toBe(404)
  })

  test('PUT of entities is seen with the message', async () => {
    const id = await store()
    await call(`/emails/${id}`)
    const entities = [{ type: 'order', value: 'HP-1', confidence: 0.9 }]

    expect((await send('PUT', `/emails/${id}/entities`, entities)).status).toBe(200)

    expect(await (await call(`/emails/${id}`)).json()).toMatchObject({ entities })
    expect((await send('PUT', '/emails/absent/entities', entities)).status).toBe(404)
  })

  test('figures follow the writes, and a workflow chain is among them', async () => {
    const id = await store({ priority: 'critical', receivedAt: Date.now() })
    const figures = async () => (await call('/analytics')).json<Record<string, unknown>>()
    expect(await figures()).toMatchObject({ totalCount: 1, urgentCount: 1, unassignedCount: 1 })

    await send('PATCH', `/emails/${id}`, { assignedTo: 'kim', workflowChainId: 'w' })
    expect((await send('PUT', '/workflows/w', { workflowType: 'order' })).status).toBe(201)
    expect((await send('PUT', '/workflows/w', { isComplete: true })).status).toBe(200)

    expect(await figures()).toMatchObject({
      todaysCount: 1,
      unassignedCount: 0,
      workload: [{ assignedTo: 'kim', openCount: 1 }],
    })
    expect(await (await call('/workflows/w')).json()).toMatchObject({
      isComplete: true,
      version: 2,
    })
    expect(await (await call('/analytics?from=2020-01-01&to=2020-12-31')).json()).toMatchObject({
      totalCount: 0,
    })
    expect((await call('/analytics?from=soon')).status).toBe(400)
    expect((await call('/workflows/none')).status).toBe(404)
    expect((await send('PUT', '/workflows/new', {})).status).toBe(400)
  })
})
