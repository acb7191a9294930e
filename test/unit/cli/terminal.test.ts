import { PassThrough } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type Streams, terminalOf } from '../../../src/cli/terminal.ts'

/** A terminal with a number of columns, its output, and its keyboard. */
function sitting(columns = 80, env: Readonly<Record<string, string>> = {}) {
  const streams = {
    stdin: Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined }),
    stdout: Object.assign(new PassThrough(), { isTTY: true, columns }),
    stderr: Object.assign(new PassThrough(), { isTTY: true, columns, rows: 24 }),
  }
  const ended = new AbortController()
  const terminal = terminalOf(env, ended.signal, streams as unknown as Streams)
  if (!terminal) return expect.unreachable('somebody sits at it')
  const written = (): string => String(streams.stderr.read() ?? '')
  const asked = async (): Promise<void> => {
    while (!streams.stdin.listenerCount('keypress')) await setImmediate()
    while (!written().includes('Sure?')) await setImmediate()
  }
  return { terminal, written, asked, type: (text: string) => streams.stdin.write(text), ended }
}

test.each([
  ['y', true],
  ['n', false],
  ['\r', false],
  ['\u0003', false],
  ['\u0004', false],
])('the answer %j to a question is %s', async (key, answer) => {
  const { terminal, asked, type } = sitting()

  const answered = terminal.confirm('Sure?')
  await asked()
  type(key)

  expect(await answered).toBe(answer)
})

test('the end of the process counts as a no', async () => {
  const { terminal, asked, ended } = sitting()

  const answered = terminal.confirm('Sure?')
  await asked()
  ended.abort()

  expect(await answered).toBe(false)
})

test('a bar is one line, replaced by the next', () => {
  const { terminal, written } = sitting()
  const bar = terminal.progress('Looking', 4)

  bar.update(1, '1 key')
  bar.update(1, '1 key')
  bar.update(9, '9 keys')
  bar.end('9 keys')

  expect(written().split('\r\u001B[K')).toEqual([
    '',
    `Looking [${'#'.repeat(10)}${'-'.repeat(30)}] 25 %  1 key`,
    `Looking [${'#'.repeat(40)}] 100 %  9 keys`,
    '9 keys\n',
  ])
})

test.each([1, 20, 40, 60])('a bar fits into %i columns', (columns) => {
  const { terminal, written } = sitting(columns)

  terminal.progress('Looking', 2).update(1, '123456 keys')

  expect(written().replace('\r\u001B[K', '').length).toBeLessThan(columns)
})

test('a bar is removed for other output, and shown again', () => {
  const { terminal, written } = sitting()
  const bar = terminal.progress('Warming', 2)

  bar.update(1, 'mail')
  terminal.clear()
  terminal.clear()
  bar.update(1, 'mail')

  const [, first, cleared, again] = written().split('\r\u001B[K')
  expect({ cleared, again }).toEqual({ cleared: '', again: first })
})

test('a dumb terminal gets no bar and no colours', () => {
  const { terminal, written } = sitting(80, { TERM: 'dumb' })
  const bar = terminal.progress('Looking', 2)

  bar.update(1)
  terminal.clear()
  bar.end('done')

  expect(terminal).toMatchObject({ hasColors: false, redraws: false })
  expect(written()).toBe('')
})
