/**
 * Detects the language of a prompt from its script and its most common words.
 *
 * @module
 */

const SCRIPTS: readonly (readonly [language: string, letters: RegExp])[] = [
  ['ja', /[\p{sc=Hiragana}\p{sc=Katakana}]/gu],
  ['ko', /\p{sc=Hangul}/gu],
  ['zh', /\p{sc=Han}/gu],
  ['cyrillic', /\p{sc=Cyrillic}/gu],
  ['arabic', /\p{sc=Arabic}/gu],
  ['hebrew', /\p{sc=Hebrew}/gu],
  ['greek', /\p{sc=Greek}/gu],
  ['hi', /\p{sc=Devanagari}/gu],
  ['th', /\p{sc=Thai}/gu],
]

/** Common words of each language that are rare in the others. */
const COMMON: Readonly<Record<string, string>> = {
  en: `the is are was what how why who which when where can could should would do does did a an of in to for
    and with my your i it that this between best there from`,
  de: `der die das den dem ein eine einen einer eines ist sind war wie was warum wer welche welcher welches
    wann wo kann können ich du wir und mit für von zum zur auf im nicht gibt es mein meine zwischen wird`,
  fr: `le la les un une des du est sont était comment pourquoi qui quel quelle quels quelles quand où puis
    peut je nous vous et avec pour dans sur au aux ce cette que quoi mon ma entre il faut`,
  es: `el la los las un una es son fue cómo como qué que por quién cuál cuáles cuándo dónde puedo puede yo
    nosotros y con para en de del mi mis entre hay está`,
  it: `il lo la gli le un una è sono come perché chi quale quali quando dove posso può io noi e con per di
    del della nel che cosa mio mia tra ci si`,
  pt: `o os as um uma é são foi como por que quem qual quais quando onde posso pode eu nós e com para em do
    da dos das no na meu minha entre há está`,
  nl: `de het een is zijn was hoe waarom wie welke wanneer waar kan kunnen ik wij en met voor van in op niet
    mijn tussen wat er`,
  sv: `en ett är var hur varför vem vilken vilket när kan jag vi och med för av på inte min mellan vad det
    den`,
  pl: `jak jest są był dlaczego kto który która kiedy gdzie czy mogę może ja i z dla w na nie mój między co
    to się`,
  tr: `bir ve ile için bu ne nasıl neden niçin kim hangi nerede mi mı mu mü var nedir arasında`,
}

const LANGUAGES_OF = indexed(COMMON)

/**
 * The language of a prompt, or its script if several languages share that; `undefined` without enough
 * evidence.
 *
 * @param words The words in lower case.
 */
export function languageOf(prompt: string, words: readonly string[]): string | undefined {
  const letters = prompt.match(/\p{L}/gu)?.length ?? 0
  for (const [language, pattern] of SCRIPTS) {
    const found = prompt.match(pattern)?.length ?? 0
    // Most characters of a Japanese text also occur in Chinese, so a few kana are enough.
    if (found > 0 && found >= letters * (language === 'ja' ? 0.1 : 0.3)) return language
  }
  return byWords(words)
}

function byWords(words: readonly string[]): string | undefined {
  const votes = new Map<string, number>()
  for (const word of words) {
    for (const language of LANGUAGES_OF.get(word) ?? []) {
      votes.set(language, (votes.get(language) ?? 0) + 1)
    }
  }
  const [first, second] = [...votes].toSorted(([, a], [, b]) => b - a)
  if (first === undefined || first[1] < 2) return undefined
  return second !== undefined && second[1] === first[1] ? undefined : first[0]
}

function indexed(lists: Readonly<Record<string, string>>): ReadonlyMap<string, readonly string[]> {
  const languages = new Map<string, string[]>()
  for (const [language, list] of Object.entries(lists)) {
    for (const word of new Set(list.split(/\s+/))) {
      languages.set(word, [...(languages.get(word) ?? []), language])
    }
  }
  return languages
}
