/**
 * The script of the presence page, with the unmodified client of Pusher. Everything that comes from others
 * is inserted as text.
 *
 * @module
 */

/**
 * JavaScript, for a `<script type="module">`. Uses the tools of every page: `find` and `element`.
 * `whoAmI`: a window keeps its user when it is reloaded, and so does a window opened by the link for that.
 */
export const PRESENCE_SCRIPT = `
const CHANNEL = 'presence-demo'
const NAMES = ['Ada', 'Alan', 'Barbara', 'Donald', 'Edsger', 'Frances', 'Grace', 'Hedy', 'Joan', 'Ken', 'Leslie', 'Margaret', 'Niklaus', 'Radia', 'Tim', 'Tony']
const LOG_LINES = 6
const [state, summary, people, log, message, wave] = ['state', 'summary', 'people', 'log', 'message', 'wave'].map(find)

function whoAmI() {
  const given = new URLSearchParams(location.search)
  const kept = JSON.parse(sessionStorage.getItem('me') ?? 'null')
  const me = given.has('as') ? { id: given.get('as'), name: given.get('name') ?? 'Somebody' } : kept ?? {
    id: crypto.getRandomValues(new Uint32Array(2)).join('-'),
    name: NAMES[crypto.getRandomValues(new Uint8Array(1))[0] % NAMES.length],
  }
  sessionStorage.setItem('me', JSON.stringify(me))
  return me
}

function fail(text) {
  message.hidden = false
  message.textContent = text
}

function tell(text) {
  const line = element('li')
  line.append(element('span', text), element('time', new Date().toLocaleTimeString('en', { hour12: false })))
  log.prepend(line)
  while (log.children.length > LOG_LINES) log.lastChild.remove()
}

function toneOf(id) {
  let sum = 0
  for (const char of id) sum = (sum * 31 + char.charCodeAt(0)) % 9_973
  return 'tone-' + (sum % 6)
}

function nameOf({ id, info }) {
  return typeof info?.name === 'string' ? info.name : id
}

function lineOf(member, me) {
  const line = element('li')
  line.dataset.user = member.id
  const face = element('span', [...nameOf(member)][0]?.toUpperCase(), 'face ' + toneOf(member.id))
  face.setAttribute('aria-hidden', 'true')
  line.append(face, element('b', nameOf(member)))
  if (member.id === me.id) line.append(element('span', 'You', 'badge'))
  return line
}

function show(members, me, fresh) {
  const all = []
  members.each((member) => all.push(member))
  all.sort((a, b) => (b.id === me.id) - (a.id === me.id) || nameOf(a).localeCompare(nameOf(b)))
  people.replaceChildren(...all.map((member) => lineOf(member, me)))
  if (fresh) people.querySelector('[data-user="' + CSS.escape(fresh) + '"]')?.classList.add('new')
  summary.textContent = members.count === 1
    ? 'Only you are here. Open another window to see the list change.'
    : members.count + ' people are connected.'
}

function start() {
  const me = whoAmI()
  const { key } = document.querySelector('main').dataset
  find('same').href = '/presence?' + new URLSearchParams({ as: me.id, name: me.name })
  const isSecure = location.protocol === 'https:'
  const port = Number(location.port || (isSecure ? 443 : 80))
  const pusher = new Pusher(key, {
    cluster: '',
    wsHost: location.hostname,
    wsPort: port,
    wssPort: port,
    forceTLS: isSecure,
    enabledTransports: ['ws', 'wss'],
    channelAuthorization: { endpoint: '/presence/auth', params: { user_id: me.id, name: me.name } },
  })
  const STATES = { connected: 'Connected', connecting: 'Connecting', unavailable: 'Reconnecting', failed: 'WebSockets not available', disconnected: 'Disconnected' }
  pusher.connection.bind('state_change', ({ current }) => {
    state.dataset.state = current
    state.textContent = STATES[current] ?? current
  })
  const channel = pusher.subscribe(CHANNEL)
  channel.bind('pusher:subscription_succeeded', (members) => {
    message.hidden = true
    if (wave) wave.disabled = false
    show(members, me)
  })
  channel.bind('pusher:subscription_error', ({ status }) => fail('The subscription was refused (' + status + ').'))
  channel.bind('pusher:member_added', (member) => {
    show(channel.members, me, member.id)
    tell(nameOf(member) + ' joined')
  })
  channel.bind('pusher:member_removed', (member) => {
    show(channel.members, me)
    tell(nameOf(member) + ' left')
  })
  channel.bind('client-wave', (_, { user_id }) => {
    const member = channel.members.get(user_id)
    const line = people.querySelector('[data-user="' + CSS.escape(user_id ?? '') + '"]')
    line?.classList.remove('waving')
    void line?.offsetWidth
    line?.classList.add('waving')
    if (member) tell(nameOf(member) + ' waves')
  })
  wave?.addEventListener('click', () => {
    if (channel.trigger('client-wave', {})) tell('You wave')
  })
}

if (typeof Pusher === 'undefined') fail('The client script is missing: run npm run build, then reload this page.')
else start()
`
