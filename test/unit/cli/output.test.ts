import { describe, expect, test } from 'vitest'
import type { Host } from '../../../src/cli/command.ts'
import { bytes, millis, Output, percent, plural, span } from '../../../src/cli/output.ts'
import { isoTime } from '../../../src/entry/iso-time.ts'
import { terminal } from '../../support/cli.ts'

function host(lines: string[], given: Partial<Host> = {}): Host {
  return {
    env: {},
    print: (line) => lines.push(line),
    warn: () => undefined,
    signal: new AbortController().signal,
    ...given,
  }
}

describe('Output', () => {
  test('colours only a terminal that has colours', () => {
    const piped = new Output(host([]), 'get', false)
    const shown = new Output(host([], { terminal: terminal(true) }), 'get', false)
    const plain = { ...terminal(true), hasColors: false }

    expect(piped.paint('bad', 'text')).toBe('text')
    expect(shown.paint('bad', 'text')).toBe('\u001B[31mtext\u001B[39m')
    expect(new Output(host([], { terminal: plain }), 'get', false).paint('bad', 'text')).toBe(
      'text',
    )
  })

  test('makes control characters visible', () => {
    const out = new Output(host([]), 'tags', false)

    expect(out.table([['\u001B[31m\u0007\u009B2J', 'b\n']])).toEqual([
      '\\x1b[31m\\x07\\x9b2J  b\\x0a',
    ])
  })

  test('JSON contains no raw control characters or line separators', () => {
    const lines: string[] = []
    const data = { '\u009b31m': '\u202egnp\u2028\u0085' }

    new Output(host(lines), 'get', true).result(data, () => expect.unreachable())
    new Output(host(lines), 'get', true).next(data, () => expect.unreachable())

    for (const line of lines) {
      expect(line).toMatch(/^[\n -~]+$/)
      expect(JSON.parse(line)).toEqual({ command: 'get', ...data })
    }
  })

  test('aligns numbers to the right and texts to the left', () => {
    const out = new Output(host([]), 'stats', false)

    expect(
      out.table([
        ['a', 7, 'x'],
        ['bcd', 1_234, { text: 'y', tone: 'good' }],
      ]),
    ).toEqual(['a       7  x', 'bcd  1234  y'])
  })

  test('JSON begins with the command, and expresses every value', () => {
    const lines: string[] = []
    const value = {
      none: undefined,
      map: new Map([['a', 1n]]),
      set: new Set([1]),
      at: new Uint8Array([1]),
      buffer: new ArrayBuffer(1),
      pattern: /a/g,
      query: new URLSearchParams('a=1'),
    }

    new Output(host(lines), 'get', true).result(value, () => expect.unreachable())
    new Output(host(lines), 'get', true).next({ a: 1 }, () => expect.unreachable())

    expect(JSON.parse(lines[0] ?? '')).toEqual({
      command: 'get',
      none: null,
      map: [['a', '1']],
      set: [1],
      at: 'AQ==',
      buffer: 'AA==',
      pattern: '/a/g',
      query: 'a=1',
    })
    expect(lines[1]).toBe('{"command":"get","a":1}')
  })

  test('JSON expresses an object that is inside itself, and one that is there twice', () => {
    const lines: string[] = []
    const twice = { id: 1 }
    const value = { twice, again: [twice], map: new Map<string, unknown>() }
    value.map.set('self', value.map)

    new Output(host(lines), 'get', true).next({ value }, () => expect.unreachable())

    expect(JSON.parse(lines[0] ?? '')).toEqual({
      command: 'get',
      value: { twice, again: [twice], map: [['self', '[Circular]']] },
    })
  })

  test.each([
    [bytes(0), '0 B'],
    [bytes(1_536), '1.5 KiB'],
    [bytes(undefined), 'unknown'],
    [span(0), '0 ms'],
    [span(59_999), '59 s'],
    [span(3_600_000), '1 h'],
    [span(90_061_000), '1 d 1 h'],
    [percent(0.5), '50.0 %'],
    [percent(undefined), '-'],
    [millis(1.234), '1.23 ms'],
    [millis(undefined), '-'],
    [plural(1, 'key'), '1 key'],
    [plural(2, 'entry', 'entries'), '2 entries'],
    [isoTime(0), '1970-01-01T00:00:00.000Z'],
  ])('%s reads as %s', (text, expected) => {
    expect(text).toBe(expected)
  })
})
