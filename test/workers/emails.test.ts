import { beforeEach, describe, expect, test } from 'vitest'
import { call, emptyMailbox, send, statements, store } from './mailbox.ts'

interface Page {
  readonly emails: { readonly id: string; readonly status: string }[]
  readonly nextCursor?: string
}

async function list(parameters: string): Promise<Page> {
  return (await call(`/emails?${parameters}`)).json<Page>()
}

describe('the /emails routes', () => {
  beforeEach(emptyMailbox)

  test('POST stores a message and returns its location', async () => {
    const response = await send('POST', '/emails', {
      subject: 'Hello',
      senderEmail: 'Ada@Shop.example',
      receivedAt: '2026-03-01T09:00:00Z',
    })

    const email = await response.json<{ id: string; senderEmail: string; status: string }>()
    expect(response.status).toBe(201)
    expect(email).toMatchObject({ senderEmail: 'ada@shop.example', status: 'new' })
    expect(response.headers.get('location')).toBe(`/emails/${email.id}`)
  })

  test('GET returns the messages that match every parameter, newest first', async () => {
    const common = { priority: 'high', assignedTo: 'kim', isRead: true, threadId: 't1' }
    const older = await store({ ...common, receivedAt: '2026-03-02T00:00:00Z' })
    const newer = await store({ ...common, status: 'waiting', receivedAt: '2026-03-03T00:00:00Z' })
    await store({ ...common, priority: 'low', receivedAt: '2026-03-02T00:00:00Z' })
    await store({ ...common, assignedTo: null, receivedAt: '2026-03-02T00:00:00Z' })
    await store({ ...common, receivedAt: '2026-04-02T00:00:00Z' })

    const { emails } = await list(
      'statuses=new,waiting&priorities=high&senderEmails=ADA@shop.example&assignedTo=kim' +
        '&from=2026-03-01&to=2026-03-31&isRead=true&threadId=t1&limit=10',
    )

    expect(emails.map(({ id }) => id)).toEqual([newer, older])
  })

  test('an empty assignedTo selects unassigned messages', async () => {
    await store({ assignedTo: 'kim' })
    const unassigned = await store()

    const { emails } = await list('assignedTo=')

    expect(emails.map(({ id }) => id)).toEqual([unassigned])
  })

  test('the cursor of a page leads to the next, and the last page has none', async () => {
    const first = await store({ receivedAt: 2_000 })
    const second = await store({ receivedAt: 1_000 })

    const page = await list('limit=1')
    const next = await list(`limit=1&cursor=${page.nextCursor}`)

    expect([page, next].map(({ emails }) => emails[0]?.id)).toEqual([first, second])
    expect(next.nextCursor).toBeUndefined()
  })

  test('a cached list takes no SQL statement', async () => {
    await store()
    const asked = await list('statuses=new')
    const before = await statements()

    expect(await list('statuses=new')).toEqual(asked)
    expect(await statements()).toBe(before)
  })

  test('the next read shows a change, in lists and in the message', async () => {
    const id = await store()
    expect((await list('statuses=new')).emails).toHaveLength(1)
    await call(`/emails/${id}`)

    const changed = await send('PATCH', `/emails/${id}`, { status: 'completed' })

    expect(changed.status).toBe(200)
    expect((await list('statuses=new')).emails).toEqual([])
    expect((await list('statuses=completed')).emails).toMatchObject([{ id, status: 'completed' }])
    expect(await (await call(`/emails/${id}`)).json()).toMatchObject({ status: 'completed' })
  })

  test('a missing message is found once it is stored', async () => {
    expect((await call('/emails/later')).status).toBe(404)

    await store({ id: 'later' })

    expect((await call('/emails/later')).status).toBe(200)
  })

  test.each([
    ['GET', undefined],
    ['PATCH', { isRead: true }],
  ])('%s of a message that does not exist answers 404', async (method, body) => {
    const response = body
      ? await send(method, '/emails/nobody', body)
      : await call('/emails/nobody')

    expect(response.status).toBe(404)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
  })

  test.each([
    ['statuses', 'statuses=new,lost'],
    ['limit', 'limit=0'],
    ['limit', 'limit=many'],
    ['limit', 'limit=1&limit=2'],
    ['isRead', 'isRead=maybe'],
    ['from', 'from=yesterday'],
    ['to', 'to=1e3'],
    ['dateRange', 'from=2026-03-02&to=2026-03-01'],
    ['cursor', 'cursor=AAAA'],
    ['query', 'status=new'],
    ['query', '__proto__=1'],
    ['statuses', 'statuses=done'],
    ['workflowStates', 'workflowStates='],
    ['recipients', 'recipients='],
    ['hasAttachments', 'hasAttachments=yes'],
    ['search', 'search=!'],
    ['orderBy', 'orderBy=size'],
    ['direction', 'direction=up'],
    ['offset', 'offset=-1'],
    ['total', 'total=1'],
    ['anyOf', 'anyOf=new'],
    ['anyOf[0].statuses', 'anyOf=[{"statuses":["lost"]}]'],
  ])('a bad filter answers 400 and names %s (%s)', async (field, parameters) => {
    const response = await call(`/emails?${parameters}`)

    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ type: 'about:blank', status: 400, field })
  })

  test.each(['', '{', '{"subject":', 'null', '[]'])(
    'a body that is not a message answers 400 (%j)',
    async (body) => {
      const response = await call('/emails', { method: 'POST', body })

      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({ status: 400 })
    },
  )

  test('a bad field of a message answers 400, names it and stores nothing', async () => {
    const response = await send('POST', '/emails', {
      subject: 'Hello',
      senderEmail: 'ada@shop.example',
      receivedAt: 'soon',
    })

    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code: 'ERR_INVALID_FILTER', field: 'receivedAt' })
    expect((await list('')).emails).toEqual([])
  })

  test('a message that exists already answers 409 and names the field', async () => {
    await store({ id: 'one' })

    const again = await send('POST', '/emails', {
      id: 'one',
      subject: 'Hello',
      senderEmail: 'ada@shop.example',
      receivedAt: 0,
    })

    expect(again.status).toBe(409)
    expect(await again.json()).toMatchObject({ code: 'ERR_DUPLICATE_EMAIL', field: 'id' })
  })

  test.each([
    ['PUT', '/emails', 'GET,PATCH,POST'],
    ['POST', '/emails/7', 'DELETE,GET,PATCH'],
    ['DELETE', '/threads/7', 'GET'],
    ['OPTIONS', '/emails/7/entities', 'PUT'],
    ['PURGE', '/health/cache', 'GET'],
  ])('%s on %s answers 405 with the allowed methods', async (method, path, allowed) => {
    const response = await call(path, { method })

    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe(allowed)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
  })

  test('an unknown path answers 404 as a problem', async () => {
    const response = await call('/nowhere')

    expect(response.status).toBe(404)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
  })
})
