/**
 * The script of the devices page. Everything that comes from a server or a user is inserted as text.
 *
 * @module
 */

/** JavaScript, for a `<script type="module">`. Uses the tools of every page: `find` and `element`. */
export const DEVICES_SCRIPT = `
const POLL_MS = 5_000
const [form, devices, list, message] = ['log-in', 'devices', 'list', 'message'].map(find)

function say(text, kind = 'bad') {
  message.hidden = text === ''
  message.textContent = text
  message.className = 'message ' + kind
}

async function call(method, path, body) {
  const response = await fetch(path, {
    method,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  }).catch(() => undefined)
  if (!response) return { status: 0, problem: 'The server cannot be reached.' }
  if (response.ok) return { status: response.status, answer: response.status === 204 ? {} : await response.json() }
  const { title = 'Something went wrong' } = await response.json().catch(() => ({}))
  const wait = response.headers.get('retry-after')
  return { status: response.status, problem: title + (wait ? '. Try again in ' + wait + ' s.' : '.') }
}

function ago(time) {
  const seconds = Math.max(0, Math.round((Date.now() - time) / 1_000))
  if (seconds < 60) return 'just now'
  const [amount, unit] = seconds < 3_600 ? [seconds / 60, 'minute'] : seconds < 86_400 ? [seconds / 3_600, 'hour'] : [seconds / 86_400, 'day']
  return new Intl.RelativeTimeFormat('en').format(-Math.floor(amount), unit)
}

function lineOf({ id, device, ip, lastSeenAt, isCurrent }) {
  const line = element('li')
  line.dataset.session = id
  const name = element('div')
  name.append(element('b', device ?? 'Unknown device'), element('span', 'Last seen ' + ago(lastSeenAt) + (ip ? ' \\u00b7 ' + ip : ''), 'soft'))
  line.append(name)
  if (isCurrent) line.append(element('span', 'This device', 'badge'))
  else {
    const button = element('button', 'Sign out', 'small')
    button.setAttribute('aria-label', 'Sign out ' + (device ?? 'the unknown device'))
    button.addEventListener('click', () => act(button, 'DELETE', '/sessions/' + encodeURIComponent(id), 'That device was signed out.'))
    line.append(button)
  }
  return line
}

function show(isIn) {
  form.hidden = isIn
  devices.hidden = !isIn
}

async function load() {
  const { status, answer, problem } = await call('GET', '/sessions')
  if (status === 401) return show(false)
  if (!answer) return say(problem)
  const sorted = answer.sessions.sort((a, b) => b.isCurrent - a.isCurrent || b.lastSeenAt - a.lastSeenAt)
  list.replaceChildren(...sorted.map(lineOf))
  find('count').textContent = sorted.length === 1 ? 'Signed in on this device only.' : 'Signed in on ' + sorted.length + ' devices.'
  find('others').disabled = sorted.length < 2
  show(true)
}

async function act(button, method, path, done) {
  button.disabled = true
  const { answer, problem } = await call(method, path)
  button.disabled = false
  say(answer ? done : problem, answer ? 'good' : 'bad')
  await load()
  // The button is gone or disabled: the keyboard goes on from the message.
  if (document.activeElement === document.body) message.focus()
}

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  const { email, password } = Object.fromEntries(new FormData(form))
  const button = form.querySelector('button')
  button.disabled = true
  const { answer, problem } = await call('POST', '/sessions', { email, password })
  button.disabled = false
  say(answer ? '' : problem)
  if (answer) await load()
})
find('others').addEventListener('click', ({ currentTarget }) => act(currentTarget, 'POST', '/sessions/revoke-others', 'All other devices were signed out.'))
find('log-out').addEventListener('click', ({ currentTarget }) => act(currentTarget, 'DELETE', '/sessions/current', 'Signed out.'))

setInterval(async () => {
  if (devices.hidden || document.hidden) return
  const { status } = await call('GET', '/me')
  if (status !== 401 || devices.hidden) return
  show(false)
  say('This session was ended from another device.', 'note')
}, POLL_MS)

await load()
document.body.dataset.ready = 'yes'
`
