/**
 * Word lists for reading a prompt. All are English; the negations include those of some other languages.
 *
 * @module
 */

import { wordsIn } from '../../entry/words.ts'

/** Reads one group of words per line, and maps each word to the first of its line. */
export function groups(text: string): ReadonlyMap<string, string> {
  const leaders = new Map<string, string>()
  for (const line of text.trim().split('\n')) {
    const [leader = '', ...others] = line.trim().split(/\s+/)
    for (const word of [leader, ...others]) leaders.set(word, leader)
  }
  return leaders
}

/** Words that serve grammar and say nothing about the subject. */
export const STOP_WORDS: ReadonlySet<string> = wordsIn(`
  a an the this that these those it its is are was were be been being am do does did done doing has have
  had having can could will would shall should may might must i you he she we they me him her us them my
  your his our their mine yours ours theirs one ones and or but if then so as at by for from in into of on
  onto to with about than too very there here what which who whom whose when where why how much many long
  some any all each every such own same other else also ever yet let lets us get gets got getting go im
  myself yourself himself herself itself ourselves themselves someone somebody anyone anybody people person
  while during upon via per just way ways thing things use uses used using make makes made making most more
  up out down off over under again not no
`)

/** Pronouns, each with the person it stands for. */
export const PERSONS: ReadonlyMap<string, string> = groups(`
  i me my mine
  you your yours
  he him his
  she her hers
  we us our ours
  they them their theirs
`)

/** Words that can be left out without changing what a prompt asks for. */
export const FILLERS: ReadonlySet<string> = wordsIn(`
  please kindly really actually exactly basically simply just thanks thank hello hi hey dear
  ok okay well know tell want need like would could guys anybody possible possibly
  explain
`)

/** Each occurrence negates a statement. */
export const NEGATIONS: ReadonlySet<string> = wordsIn(`
  not no never none nobody nothing nowhere neither nor cannot without except excluding unless hardly barely
  scarcely rarely seldom lack lacks lacking avoid avoiding stop prevent fail fails failed refuse minus
  nicht kein keine keinen keinem keiner keines nie niemals ohne nichts pas jamais aucun aucune sans rien
  nunca jamás sin nada ningún ninguna ninguno não nem sem nenhum nenhuma non senza mai nessun nessuna niente
  niet geen nooit zonder niets inte ingen aldrig utan ikke aldri uten nie bez nigdy не нет без никогда нельзя
  değil yok hiç asla olmadan
`)

/** Characters that negate in Chinese and Japanese. */
export const NEGATING_CHARACTERS: ReadonlySet<string> = new Set('不没沒無无未非勿莫别')

/** Prefixes that negate a word: `un` of unhealthy. */
export const NEGATING_PREFIXES: readonly string[] = [
  'un',
  'non',
  'dis',
  'in',
  'im',
  'ir',
  'il',
  'de',
  'mis',
  'anti',
  'counter',
  're',
]

/** Cardinals and ordinals as words, without `one`, which is more often a pronoun. */
export const NUMBER_WORDS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    zero: '0',
    two: '2',
    three: '3',
    four: '4',
    five: '5',
    six: '6',
    seven: '7',
    eight: '8',
    nine: '9',
    ten: '10',
    eleven: '11',
    twelve: '12',
    thirteen: '13',
    fourteen: '14',
    fifteen: '15',
    sixteen: '16',
    seventeen: '17',
    eighteen: '18',
    nineteen: '19',
    twenty: '20',
    thirty: '30',
    forty: '40',
    fifty: '50',
    sixty: '60',
    seventy: '70',
    eighty: '80',
    ninety: '90',
    hundred: '100',
    thousand: '1000',
    million: '1000000',
    billion: '1000000000',
    trillion: '1000000000000',
    half: '0.5',
    quarter: '0.25',
    double: 'x2',
    twice: 'x2',
    triple: 'x3',
    thrice: 'x3',
    dozen: '12',
    third: '#3',
    fourth: '#4',
    fifth: '#5',
    sixth: '#6',
    seventh: '#7',
    eighth: '#8',
    ninth: '#9',
    tenth: '#10',
  }),
)

/** Units: one per line, with all its names. Another quantity or size is another unit. */
export const UNITS: ReadonlyMap<string, string> = groups(`
  mm millimeter millimeters millimetre millimetres
  cm centimeter centimeters centimetre centimetres
  meter meters metre metres
  km kms kilometer kilometers kilometre kilometres
  inch inches
  ft foot feet
  yard yards
  mile miles
  mg milligram milligrams
  gram grams gm gms
  kg kgs kilo kilos kilogram kilograms
  lb lbs pound pounds
  oz ounce ounces
  ton tons tonne tonnes
  ml milliliter milliliters millilitre millilitres
  liter liters litre litres
  gallon gallons
  pint pints
  cup cups
  teaspoon teaspoons tsp
  tablespoon tablespoons tbsp
  ms millisecond milliseconds
  second seconds sec secs
  minute minutes mins
  hour hours hr hrs hourly
  day days daily
  week weeks weekly
  month months monthly
  year years yr yrs yearly annual annually annum
  decade decades
  century centuries
  celsius centigrade
  fahrenheit
  kelvin
  kb kilobyte kilobytes
  mb megabyte megabytes
  gb gigabyte gigabytes
  tb terabyte terabytes
  kbps
  mbps
  gbps
  bit bits
  byte bytes
  watt watts
  kw kilowatt kilowatts
  kwh
  mw megawatt megawatts
  volt volts
  amp amps ampere amperes
  joule joules
  calorie calories kcal
  hz hertz
  khz
  mhz
  ghz
  mph
  kmh kph kmph
  pascal pascals
  psi
  acre acres
  hectare hectares
  usd dollar dollars
  eur euro euros
  gbp sterling
  inr rupee rupees rs
  jpy yen
  cny yuan rmb
  chf franc francs
  cent cents
  lakh lakhs
  crore crores
  percent percentage pct
  degree degrees
  radian radians
`)

/** Phrases and their short forms; an empty one removes the phrase. */
export const PHRASES: readonly (readonly [RegExp, string])[] = [
  [/\bunited states(?: of america)?\b/gi, 'USA'],
  [/\b(?:u\.s\.a?\.?|u\.s\.)/gi, 'USA'],
  [/\b(?:united kingdom|great britain)\b/gi, 'UK'],
  [/\bu\.k\./gi, 'UK'],
  [/\bnew york city\b/gi, 'NYC'],
  [/\bartificial intelligence\b/gi, 'AI'],
  [/\bmachine learning\b/gi, 'ML'],
  [/\boperating systems?\b/gi, 'OS'],
  [/^\s*(?:can|could|would|will) you (?:please )?(?=\p{L})/giu, ''],
  [/\b(?:best|good|right|proper|better) (ways?)\b/gi, '$1'],
  [/\bturn(?:ed|ing|s)? on\b/gi, 'turnon'],
  [/\bturn(?:ed|ing|s)? off\b/gi, 'turnoff'],
]
