import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseMailDate } from '../../../src/email/mime/mail-date.ts'
import {
  hasTerms,
  implies,
  plainText,
  readSearch,
  type Searchable,
  searchTokens,
} from '../../../src/email/search.ts'

function make(fields: Partial<Searchable>): Searchable {
  const { subject = '', senderEmail = 'a@b.example', senderName = null } = fields
  return { subject, senderEmail, senderName, bodyText: null, bodyHtml: null, ...fields }
}

function finds(search: string, fields: Partial<Searchable>): boolean {
  return hasTerms(searchTokens(make(fields)), readSearch(search, 'search'))
}

describe('a search', () => {
  test.each<[string, Partial<Searchable>]>([
    ['boxes', { subject: 'The Boxes, again' }],
    ['again the', { subject: 'The Boxes, again' }],
    ['CAFE', { bodyText: 'im Café' }],
    ['café', { bodyText: 'im CAFE\u0301' }],
    ['hp-10001', { subject: '[HP 10001]' }],
    ['100*', { subject: 'HP-10001' }],
    ['ada.lovelace@shop.example', { senderEmail: 'ada.lovelace@shop.example' }],
    ['lovelace', { senderName: 'Ada Lovelace' }],
    ['file', { bodyText: 'ﬁle' }],
    ['東京', { subject: '東京都庁' }],
    ['京都', { subject: '東京都庁' }],
    ['都', { subject: '東京都庁' }],
    ['ไทย', { subject: 'ภาษาไทย' }],
    ['東京 order', { subject: 'order東京' }],
    ['inner', { bodyHtml: '<p title="outer">in</p><b>inner</b>' }],
    ['donaudampf', { bodyHtml: '<p>Donau&shy;dampf</p>' }],
    ['donau\u00addampf', { subject: 'Donaudampf' }],
    ['می\u200cخواهم', { bodyHtml: '<p>می&zwnj;خواهم</p>' }],
    ['größe köln', { bodyHtml: '<p>Gr&ouml;&szlig;e&nbsp;K&#246;ln</p>' }],
    ['z'.repeat(80), { bodyText: 'z'.repeat(64) }],
  ])('for "%s" finds %j', (search, fields) => {
    expect(finds(search, fields)).toBe(true)
  })

  test.each<[string, Partial<Searchable>]>([
    ['box', { subject: 'The Boxes' }],
    ['boxes missing', { subject: 'The Boxes' }],
    ['outer', { bodyHtml: '<p title="outer">inner</p>' }],
    ['color', { bodyHtml: '<style>p { color: red }</style>x' }],
    ['html', { bodyText: 'text', bodyHtml: 'html' }],
    ['京東', { subject: '東京都庁' }],
    ['late', { bodyText: `${' '.repeat(50_000)}late` }],
  ])('for "%s" does not find %j', (search, fields) => {
    expect(finds(search, fields)).toBe(false)
  })

  test('extracts words in linear time, however many combining marks a letter has', () => {
    for (const marks of ['\u0315\u0316', '\u0f74\u0f72\u0f71']) {
      const email = make({ subject: 'found', bodyText: `a${marks.repeat(25_000)}` })

      // A quadratic algorithm takes seconds for each of these.
      for (let i = 0; i < 50; i++) expect(searchTokens(email).has('found')).toBe(true)
    }
  })

  test('finds a message by each of its own words', () => {
    const text = fc.string({ unit: 'binary', maxLength: 200 })
    fc.assert(
      fc.property(text, (subject) => {
        const words = [...searchTokens(make({ subject }))].filter((word) => word.length < 20)
        for (const word of words.slice(0, 20)) expect(finds(word, { subject })).toBe(true)
      }),
    )
  })

  test('extracts no words that the tokenizer of the index would split or change', () => {
    const text = fc.string({ unit: 'binary', maxLength: 200 })
    fc.assert(
      fc.property(text, (subject) => {
        for (const word of searchTokens(make({ subject })))
          expect(word).toMatch(/^[a-z0-9\x80-\u{10ffff}]+$/u)
      }),
    )
  })

  test('drops words that another word implies; an implied word matches whenever the other one does', () => {
    expect(readSearch('or* order ord* order', 'search')).toEqual(['order'])
    const word = fc.stringMatching(/^[ab]{1,4}\*?$/)
    fc.assert(
      fc.property(word, word, fc.stringMatching(/^[ab]{1,5}$/), (one, other, token) => {
        const tokens = new Set([token])
        if (implies(one, other) && hasTerms(tokens, [one])) {
          expect(hasTerms(tokens, [other])).toBe(true)
        }
      }),
    )
  })
})

describe('the text of HTML', () => {
  test.each([
    ['<p>one</p>two', ' one two'],
    ['a<style>b{}</style >c<script>d</script>e', 'a c e'],
    ['a<script>b', 'a b'],
    ['a<style>b<script>c</script>d', 'a b d'],
    ['1 < 2 <b>three</b> < 4', '1  three  < 4'],
    ['<a title="1 > 0">x', '  0">x'],
  ])('of %s is %j', (html, text) => {
    expect(plainText(html)).toBe(text)
  })

  test.each([
    ['Gr&uuml;&szlig;e&nbsp;aus K&#246;ln', 'Grüße aus Köln'],
    ['&Eacute;t&eacute; &#xe0; &#X141;&oacute;d&zacute;', 'Été à Łódź'],
    ['R&amp;D &lt;b&gt; Donau&shy;dampf', 'R&D <b> Donau\u00addampf'],
    ['a&#0;b&#9;c&#1114112;d', 'a b c d'],
    ['a&#xd800;b', 'a b'],
    [
      '&unheard; &uml; &toString; &xvalueOf; &amp;lt; AT&T;',
      '&unheard; &uml; &toString; &xvalueOf; &lt; AT&T;',
    ],
  ])('decodes character references: %s', (html, text) => {
    expect(plainText(html)).toBe(text)
  })

  test('is extracted in linear time, however many tags are opened and not closed', () => {
    const opened = ['<', '<style ', '<script x="'].map((part) => part.repeat(50_000))

    // A quadratic algorithm takes seconds for each of these.
    for (let i = 0; i < 50; i++) {
      for (const html of opened) expect(plainText(html)).toHaveLength(50_000)
    }
  })
})

describe('the date of a message', () => {
  test('is undefined for a field of a million unclosed comments', () => {
    expect(parseMailDate('('.repeat(1_000_000))).toBeUndefined()
  })

  test('may have a comment', () => {
    expect(parseMailDate('Thu, 1 Jan 2026 00:00:00 +0000 (UTC)')).toBe(Date.UTC(2026, 0, 1))
  })

  test.each([
    '31 Jan 2026 09:30:00 EST',
    '31 Jan 26 14:30 GMT',
    '31 Jan 2026 14:30:00 -0000',
    '31 Jan 2026 14:30:00 CET',
    '31 Jan 2026 14:30:00 M',
    'Sat, 31 Jan 2026 14:30 CEST',
    'Sat Jan 31 14:30:00 JST 2026',
  ])('may have an obsolete zone; one that RFC 5322 does not define is UTC: %s', (text) => {
    expect(parseMailDate(text)).toBe(Date.UTC(2026, 0, 31, 14, 30))
  })

  test.each(['31', 'CET', '31 Foo 2026 14:30:00 CET'])('is undefined for %s', (text) => {
    expect(parseMailDate(text)).toBeUndefined()
  })
})
