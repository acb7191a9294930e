/**
 * Pairs of words that ask for opposite, or at least for different, things.
 *
 * @module
 */

/** Each line: the words of one side, a bar, the words opposed to them. All are stems: see `stem`. */
const PAIRS = `
  on | off
  up | down
  in | out
  over | under
  above | below beneath
  before | after
  start begin launch open enable activate turnon resume | stop end finish halt close disable deactivate turnoff quit pause
  enable activate allow permit unlock | disable deactivate block forbid prohibit deny ban lock prevent
  open | close shut
  install add insert include append attach create | uninstall remove delete exclude drop detach destroy
  increase raise grow gain rise improve maximize expand boost | decrease reduce lower lose fall drop worsen minimize shrink
  maximum max most highest | minimum min least lowest
  more | less fewer
  most | least
  many | few
  high higher highest tall | low lower lowest short
  long longer | short shorter
  big bigger biggest large larger largest | small smaller smallest little tiny
  old older oldest ancient | new newer newest young younger youngest modern
  good better best great | bad worse worst poor terrible
  advantage benefit pro strength | disadvantage drawback con weakness
  right | wrong left
  correct | incorrect wrong
  true | false
  yes | no
  positive | negative
  accept approve agree | reject decline refuse deny disagree
  love like | hate dislike
  buy purchase | sell
  lend | borrow
  rent | own buy
  import | export
  upload send push | download receive pull
  encode encrypt compress zip pack serialize | decode decrypt decompress unzip unpack deserialize
  read | write
  input | output
  push enqueue | pop dequeue
  ascend ascending | descend descending
  first | last
  next | previous
  early earlier | late later
  past | future
  win | lose
  gain | lose
  pass succeed success | fail failure
  hot warm | cold cool
  heat | cool
  summer | winter
  day | night
  morning | evening
  sunrise | sunset
  light | dark heavy
  fast quick | slow
  easy simple | hard difficult complex
  safe | dangerous unsafe
  strong | weak
  rich | poor
  cheap | expensive
  free | paid
  full | empty
  wet | dry
  hard | soft
  thick | thin
  fat | thin
  wide | narrow
  deep | shallow
  clean | dirty
  loud | quiet
  happy | sad unhappy
  healthy | sick unhealthy
  alive live birth born | dead die death
  male man boy husband father son brother king uncle | female woman girl wife mother daughter sister queen aunt
  boyfriend | girlfriend
  teacher | student
  employer | employee
  doctor | patient
  seller | buyer
  parent | child
  north | south
  east | west
  inside internal indoor | outside external outdoor
  public | private
  local | remote global
  online | offline
  sync synchronous | async asynchronous
  static | dynamic
  horizontal | vertical
  single | multiple married double
  odd | even
  even | odd
  plus addition sum | minus subtraction difference
  multiply multiplication | divide division
  positive | negative
  profit | loss
  income revenue | expense cost
  asset | liability
  debit | credit
  supply | demand
  cause | cure effect treat
  increase | decrease
  attack offense | defend defense
  war | peace
  guilty | innocent
  legal | illegal
  visible show display | hidden hide invisible
  appear | disappear
  arrive arrival come enter entry | leave departure depart go exit
  login signin logon | logout signout logoff
  follow | unfollow lead
  subscribe | unsubscribe cancel
  join | leave
  connect | disconnect
  lock | unlock
  mute | unmute
  tie | untie
  mount | unmount
  commit | revert rollback
  merge | split
  build construct | destroy demolish
  save keep | spend delete discard
  remember | forget
  ask question | answer
  teach | learn
  give | take receive
  send | receive
  catch | throw
  push | pull
  top | bottom
  front | back rear
  forward | backward reverse
  upper uppercase | lower lowercase
  left | right
  always | never
  everything everyone all | nothing nobody none
  with | without
  include including | exclude excluding except
  for pro | against anti
  same similar similarity | different difference
  before pre | after post
  major | minor
  senior | junior
  introvert | extrovert
  natural | artificial
  real | fake imaginary
  virtual | physical real
  inhale | exhale
  evaporate | condense
  melt | freeze
  boil | freeze
  expand | contract shrink
  acid acidic | base basic alkaline
  anode | cathode
  client | server
  frontend | backend
  parent | child
  master | slave
  producer | consumer
  supervised | unsupervised
  primary | secondary
  direct | indirect
  active | passive inactive
  mandatory required compulsory | optional
  temporary | permanent
  deposit | withdraw withdrawal
  profit | loss
  tighten | loosen
  encourage | discourage
  promote | demote
  praise | criticize
  optimist | pessimist
  majority | minority
  mandatory | voluntary
  credit | debit
  lower | raise
  gain | lose
  undo | redo
  bullish bull | bearish bear
  hire | fire
  wake | sleep
  stand | sit
  sender | receiver recipient
  upstream | downstream
  inbound incoming | outbound outgoing
  upgrade | downgrade
  rise | set
  float | sink
  live | die
  begin | end
  compile | decompile
  inner | outer
  innate | acquired
  maximize | minimize
  ally friend | enemy
  victory | defeat
  victim | perpetrator
  landlord | tenant
  lender | borrower
  guest | host
  singular | plural
  explicit | implicit
  ingress | egress
  plaintiff | defendant
`

const OPPOSITES = readPairs(PAIRS)

/** Whether two stems stand on the two sides of a pair. */
export function areAntonyms(a: string, b: string): boolean {
  return OPPOSITES.get(a)?.has(b) === true
}

function readPairs(text: string): ReadonlyMap<string, ReadonlySet<string>> {
  const opposites = new Map<string, Set<string>>()
  const add = (from: string, to: string): void => {
    const known = opposites.get(from) ?? new Set<string>()
    opposites.set(from, known.add(to))
  }
  for (const line of text.trim().split('\n')) {
    const [left = [], right = []] = line.split('|').map((side) => side.trim().split(/\s+/))
    for (const a of left) {
      for (const b of right) {
        add(a, b)
        add(b, a)
      }
    }
  }
  return opposites
}
