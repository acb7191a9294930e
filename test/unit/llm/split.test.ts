import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { splitEvents, splitLines } from '../../../src/llm/proxy/split.ts'
import { amount } from '../../support/deep.ts'

async function collect(split: typeof splitLines, ...pieces: Uint8Array[]): Promise<string[]> {
  const parts: string[] = []
  for await (const part of split(stream(pieces))) parts.push(part)
  return parts
}

async function* stream(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void> {
  yield* pieces
}

/** A text in UTF-8, cut at these places. */
function cut(text: string, places: readonly number[]): Uint8Array[] {
  const bytes = new TextEncoder().encode(text)
  const at = [...new Set([0, ...places.map((place) => place % (bytes.length + 1)), bytes.length])]
  const sorted = at.toSorted((a, b) => a - b)
  return sorted.slice(1).map((end, i) => bytes.slice(sorted[i], end))
}

const contents = fc.array(fc.constantFrom('{"a":1}', '日本 😀', 'ü', ' x ', '[DONE]'), {
  minLength: 1,
  maxLength: 5,
})
const places = fc.array(fc.nat(200), { maxLength: 12 })
const ends = fc.constantFrom('\n', '\r\n', '\r')

describe('splitEvents', () => {
  test('finds the same events however they are cut and however their lines end', async () => {
    await fc.assert(
      fc.asyncProperty(contents, places, ends, async (events, at, end) => {
        const text = events
          .map((event) => `: note${end}event: x${end}id: 7${end}data: ${event}${end}${end}`)
          .join('')

        const parts = await collect(splitEvents, ...cut(text, at))

        expect(parts.filter((part) => part !== ': note')).toEqual(events)
      }),
      { numRuns: amount(500, 10_000) },
    )
  })

  test('the data of an event named error gets a member of that name', async () => {
    const events = [
      'event: error\ndata: {"message":"a"}\n\n',
      'data: after\nevent:error\n\n',
      'event: error\n\ndata: {"message":"b"}\n\n',
      'event: error\ndata: {"error":{"message":"c"}}\n\n',
    ]

    const parts = await collect(splitEvents, ...cut(events.join(''), []))

    expect(parts).toEqual([
      '{"error":{"message":"a"}}',
      '{"error":{"message":"after"}}',
      '{"message":"b"}',
      '{"error":{"message":"c"}}',
    ])
  })

  test('takes time in proportion to a long line, such as an image, however it is cut', async () => {
    const data = 'a'.repeat(4_000_000)
    const everyKilobyte = Array.from({ length: 4_000 }, (_, i) => i * 1_000)
    const pieces = cut(`data: ${data}\r\n\r\n`, everyKilobyte)
    const before = process.cpuUsage()

    const parts = await collect(splitEvents, ...pieces)

    const { user, system } = process.cpuUsage(before)
    expect(parts).toEqual([data])
    expect((user + system) / 1_000).toBeLessThan(2_000)
  })

  test('joins the lines of an event, removes one space, and accepts a missing last blank line', async () => {
    const parts = await collect(splitEvents, ...cut('data: a\ndata:  b\ndata\n\ndata:c', []))

    expect(parts).toEqual(['a\n b\n', 'c'])
  })
})

describe('splitLines', () => {
  test('finds the same lines however they are cut, and no blank ones', async () => {
    await fc.assert(
      fc.asyncProperty(contents, places, ends, async (lines, at, end) => {
        const parts = await collect(splitLines, ...cut(lines.join(`${end}${end}`), at))

        expect(parts).toEqual(lines)
      }),
      { numRuns: amount(500, 10_000) },
    )
  })

  test('refuses bytes that are not UTF-8', async () => {
    await expect(collect(splitLines, new Uint8Array([0xff, 0x0a]))).rejects.toThrow(TypeError)
  })
})
