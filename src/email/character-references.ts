/**
 * Replaces HTML character references, as far as words of mail contain them.
 *
 * @module
 */

/** Ends of the names of accented letters, and their combining accents: `&eacute;` is `e` with U+0301. */
const ACCENTS = new Map([
  ['grave', '\u0300'],
  ['acute', '\u0301'],
  ['circ', '\u0302'],
  ['tilde', '\u0303'],
  ['dot', '\u0307'],
  ['uml', '\u0308'],
  ['ring', '\u030a'],
  ['dblac', '\u030b'],
  ['caron', '\u030c'],
  ['cedil', '\u0327'],
  ['ogon', '\u0328'],
])

/** Other letters, and the signs most frequent in mail. */
const OTHERS = new Map([
  ['szlig', 'ß'],
  ['oslash', 'ø'],
  ['Oslash', 'Ø'],
  ['aelig', 'æ'],
  ['AElig', 'Æ'],
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['rsquo', '’'],
  ['ndash', '–'],
  ['nbsp', ' '],
  ['shy', '\u00ad'],
  ['zwnj', '\u200c'],
])

/** Replaces the references in a text by their characters. References with an unknown name stay as they are. */
export function withoutReferences(text: string): string {
  return text.replaceAll(
    /&(?:#(x?[\da-f]{1,7})|([a-z]{2,8}));/gi,
    (all: string, code?: string, name: string = '') =>
      code ? characterAt(Number(`0${code}`)) : (named(name) ?? all),
  )
}

function named(name: string): string | undefined {
  const accent = ACCENTS.get(name.slice(1))
  return accent ? `${name[0]}${accent}`.normalize() : OTHERS.get(name)
}

/** A space for the control characters below U+0020, for surrogates, and for numbers that are no code point. */
function characterAt(code: number): string {
  const character = code > 31 && code < 0x11_0000 ? String.fromCodePoint(code) : ' '
  return character.isWellFormed() ? character : ' '
}
