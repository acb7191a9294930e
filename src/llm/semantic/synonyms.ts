/**
 * Words that can replace each other without changing what a prompt asks for.
 *
 * @module
 */

import { groups } from './lexicon.ts'

const GROUPS = `
  big large huge
  small little tiny
  quick fast rapid quickly rapidly
  begin start commence
  buy purchase
  picture photo image pic photograph
  car automobile
  movie film
  error exception
  repair fix
  delete remove erase
  create build
  show display
  get obtain
  help assist
  require need
  choose select pick
  difference distinction differ different
  advantage benefit pro
  disadvantage drawback con
  cost price
  job work
  kid child children
  mobile cellphone smartphone phone
  improve enhance
  learn study
  answer reply
  method approach technique
  purpose goal aim
  function work
  color colour
  center centre
  favorite favourite
  organize organise
  analyze analyse
  behavior behaviour
  license licence
  gray grey
  travel trip
  summarize summarise summary
  earn earning
  weight
  app application
  photo picture
  india indian
  usa us america
  uk britain
  good best better great nice
  easy easiest easily simple
  happen occur
  write
  wrong incorrect
  right correct
  rich wealthy
  smart clever intelligent
  important significant
  maximum max
  minimum min
  info information
  doc document docs
  repo repository
  config configuration
  lose loss
  mean meaning
  definition define
  woman women lady
  man men
  girlfriend gf
  boyfriend bf
`

/** Maps every word of a group to the first word of the group. */
export const SYNONYMS: ReadonlyMap<string, string> = groups(GROUPS)
