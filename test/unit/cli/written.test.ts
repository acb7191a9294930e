import { Writable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { written } from '../../../src/cli/written.ts'

test('waits until a slow reader has received the output', async () => {
  let read = (): void => undefined
  const slow = new Writable({
    write: (_chunk, _encoding, done) => {
      read = done
    },
  })
  slow.write('a long answer')

  let isOut = false
  const leaving = written(slow).then(() => {
    isOut = true
  })
  await setImmediate()
  expect(isOut).toBe(false)

  read() // the answer
  await setImmediate()
  read() // and what was written after it
  await leaving
  expect(isOut).toBe(true)
})
