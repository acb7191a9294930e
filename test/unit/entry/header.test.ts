import { describe, expect, test } from 'vitest'
import {
  type EntryHeader,
  formatEntry,
  formatHeader,
  hardIdOf,
  isMarker,
  parseEntry,
  sameHard,
  WRITE_ID_RANGE,
  writePrefix,
} from '../../../src/entry/header.ts'
import { CorruptEntryError, InvalidKeyError } from '../../../src/errors.ts'

const header: EntryHeader = {
  writeId: 'AbCdEfGhIjKlMn-_',
  createdAt: 1_767_225_600_000,
  freshUntil: 1_767_225_660_000,
  revalidateUntil: 1_767_225_660_000,
  staleUntil: 1_767_225_696_000,
  loadMs: 35,
  encoding: 'jz.k1',
  stamps: new Map([
    ['user%3A42', 'h1.s1'],
    ['#abc', 'h2.s2'],
  ]),
}
const LINE = 'N1;AbCdEfGhIjKlMn-_;mjuohs00;1aao;0;rs0;z;jz.k1;user%3A42=h1.s1,#abc=h2.s2'

describe('formatEntry', () => {
  test('writes the line that the grammar describes, then the payload', () => {
    expect(formatHeader(header)).toBe(LINE)
    expect(formatEntry(header, '{"a":1}')).toBe(`${LINE}\n{"a":1}`)
  })

  test('puts the write id where GETRANGE finds it', () => {
    const [start, end] = WRITE_ID_RANGE

    expect(formatEntry(header, '').slice(start, end + 1)).toBe(writePrefix(header.writeId))
  })

  test('rounds a load time that was measured in fractions', () => {
    expect(parseEntry(formatEntry({ ...header, loadMs: 3.7 }, '')).header.loadMs).toBe(4)
  })

  test('refuses more stamps than a reader accepts', () => {
    const stamps = (count: number) =>
      new Map(Array.from({ length: count }, (_, i) => [`t${i}`, 'h.s'] as const))

    expect(parseEntry(formatEntry({ ...header, stamps: stamps(128) }, '')).header.stamps.size).toBe(
      128,
    )
    expect(() => formatHeader({ ...header, stamps: stamps(129) })).toThrow(InvalidKeyError)
  })

  test('128 tags of the greatest length still make a header that can be read', () => {
    const id = 'x'.repeat(64)
    const stamps = new Map(
      Array.from({ length: 128 }, (_, i) => [`${i}`.padEnd(256, '~'), `${id}.${id}`] as const),
    )

    expect(parseEntry(formatEntry({ ...header, stamps }, 'p')).header.stamps).toEqual(stamps)
  })
})

describe('parseEntry', () => {
  test('returns the header, the payload and the line that the payload is bound to', () => {
    expect(parseEntry(`${LINE}\nline 1\nline 2`)).toEqual({
      header,
      payload: 'line 1\nline 2',
      headerText: LINE,
    })
  })

  test('reads an entry without tags and without payload', () => {
    const text = formatEntry({ ...header, stamps: new Map() }, '')

    expect(parseEntry(text)).toMatchObject({ header: { stamps: new Map() }, payload: '' })
  })

  test('reads reserved segments, which no tag of a user can be', () => {
    const stamps = new Map([['/mail/inbox', 'h.s']])

    expect(parseEntry(formatEntry({ ...header, stamps }, '')).header.stamps).toEqual(stamps)
  })

  test('reads each list of tags correctly, whichever was read before it', () => {
    const lists = ['h1.s1', 'h2.s2', 'h1.s1', 'h1.s1'].map((marker) => new Map([['tag', marker]]))
    const texts = [...lists, new Map(), ...lists].map((stamps) =>
      formatEntry({ ...header, stamps }, ''),
    )

    const read = texts.map((text) => parseEntry(text).header.stamps)

    expect(read).toEqual([...lists, new Map(), ...lists])
  })

  const replaced = (from: string, to: string) => LINE.replace(from, to)
  test.each([
    ['no newline', LINE, 'it has no header'],
    ['nothing', '', 'it has no header'],
    ['an empty line', '\n', 'the header is malformed'],
    ['another version', `${replaced('N1', 'N2')}\n`, 'the header is malformed'],
    ['a short write id', `${replaced('AbC', 'A')}\n`, 'the header is malformed'],
    ['a write id of other characters', `${replaced('AbC', 'A+C')}\n`, 'the header is malformed'],
    ['a negative lifetime', `${replaced(';1aao', ';-1aao')}\n`, 'the header is malformed'],
    ['a number that is none', `${replaced(';1aao', ';NaN')}\n`, 'the header is malformed'],
    ['an empty number', `${replaced(';1aao', ';')}\n`, 'the header is malformed'],
    ['a number with a leading zero', `${replaced(';1aao', ';01aao')}\n`, 'the header is malformed'],
    [
      'a number beyond every clock',
      `${replaced('mjuohs00', 'zzzzzzzzzz')}\n`,
      'the header is malformed',
    ],
    ['an encoding of other characters', `${replaced('jz.k1', 'J!')}\n`, 'the header is malformed'],
    ['a field too few', `${replaced(';0;', ';')}\n`, 'the header is malformed'],
    ['a field too many', `${replaced(';0;', ';0;0;')}\n`, 'the header is malformed'],
    ['a carriage return', `${LINE}\r\n`, 'the header is malformed'],
    ['a tag without marker', `${replaced('#abc=h2.s2', '#abc')}\n`, 'the header is malformed'],
    ['a marker without tag', `${replaced('#abc=', '=')}\n`, 'the header is malformed'],
    ['a marker with one id', `${replaced('h2.s2', 'h2')}\n`, 'the header is malformed'],
    ['a comma at the end', `${LINE},\n`, 'the header is malformed'],
    ['a tag twice', `${LINE},#abc=h3.s3\n`, 'a tag is there twice'],
    ['129 tags', `${LINE}${',a=h.s'.repeat(127)}\n`, 'it has more than 128 tags'],
    ['a header of 64 KiB', `${LINE}${'x'.repeat(65_536)}\n`, 'the header is too long'],
  ])('refuses %s', (_, text, reason) => {
    expect(() => parseEntry(text)).toThrow(
      expect.objectContaining({ name: CorruptEntryError.name, reason }),
    )
  })
})

describe('markers', () => {
  test.each(['h.s', 'AZ09_-.az', `${'x'.repeat(64)}.${'y'.repeat(64)}`])('%s is one', (text) => {
    expect(isMarker(text)).toBe(true)
  })

  test.each(['', '.', 'h', 'h.', '.s', 'h.s.t', 'h s.t', 'h.s\n', `${'x'.repeat(65)}.s`, null, 5])(
    '%j is none',
    (text) => {
      expect(isMarker(text)).toBe(false)
    },
  )

  test('agree in sameHard if their hard ids are equal, whatever their soft ids', () => {
    expect(hardIdOf('h1.s1')).toBe('h1')
    expect(sameHard('h1.s1', 'h1.s1')).toBe(true)
    expect(sameHard('h1.s1', 'h1.s2')).toBe(true)
    expect(sameHard('h1.s1', 'h2.s1')).toBe(false)
    expect(sameHard('h1.s1', 'h11.s1')).toBe(false)
  })
})
