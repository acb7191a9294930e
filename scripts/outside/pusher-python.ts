/**
 * A script that compares the signatures and requests of Pusher's server SDK in Python with ours. Does not
 * test its method to terminate users, which omits the app from the path.
 *
 * @module
 */

import { createApps } from '../../src/websocket/protocol/app.ts'
import { authorizeChannel, authorizeUser } from '../../src/websocket/protocol/signature.ts'
import { webhookBody, webhookRequest } from '../../src/websocket/protocol/webhook.ts'

/** The app to test, and the port of the Worker. */
export interface PythonTarget {
  readonly key: string
  readonly secret: string
  readonly port: number
}

/** The values that the script expects, as JSON for the variable `EXPECTED`. */
export function expectedOf({ key, secret, port }: PythonTarget): string {
  const socket = '1234.1234'
  const [app] = createApps([
    { id: '1', key, secret, webhooks: [{ url: 'https://hooks.example' }] },
  ]).all
  const [target] = app?.webhooks ?? []
  if (!app || !target) throw new Error('There is one app with one webhook')
  const body = webhookBody(
    [{ name: 'member_added', channel: 'presence-é', user_id: 'u' }],
    Date.now(),
  )
  return JSON.stringify({
    key,
    secret,
    port,
    socket,
    private: authorizeChannel(app, socket, 'private-x').auth,
    presence: authorizeChannel(app, socket, 'presence-x', '{"user_id": "u"}').auth,
    user: authorizeUser(app, socket, '{"id": "u"}').auth,
    webhook: { body, signature: webhookRequest(app, target, body).headers['x-pusher-signature'] },
  })
}

/** The script. Stubs the encryption library that the SDK imports, which is not used here. */
export const PYTHON_SCRIPT = `
import json, os, sys, types
for name in ('nacl', 'nacl.secret', 'nacl.utils', 'nacl.exceptions'):
    sys.modules.setdefault(name, types.ModuleType(name))
from pusher import Pusher
expected = json.loads(os.environ['EXPECTED'])
client = Pusher(app_id='1', key=expected['key'], secret=expected['secret'], host='127.0.0.1', port=expected['port'], ssl=False)
failed = 0
def check(what, holds):
    global failed
    print(('ok' if holds else 'NOT OK') + '  ' + what)
    failed += 0 if holds else 1
socket = expected['socket']
check('signs a private channel as we do', client.authenticate('private-x', socket)['auth'] == expected['private'])
check('signs a presence channel as we do', client.authenticate('presence-x', socket, {'user_id': 'u'})['auth'] == expected['presence'])
check('signs a user as we do', client.authenticate_user(socket, {'id': 'u'})['auth'] == expected['user'])
hook = expected['webhook']
told = client.validate_webhook(expected['key'], hook['signature'], hook['body'])
check('takes our webhook', told is not None and told['events'][0]['channel'] == 'presence-é')
check('refuses one that was changed', client.validate_webhook(expected['key'], hook['signature'], hook['body'] + ' ') is None)
check('triggers', client.trigger(['news', 'cache-python'], 'hello', {'text': 'é & ü'}) == {})
check('triggers a batch', client.trigger_batch([{'channel': 'news', 'name': 'a', 'data': {'n': 1}}]) == {})
check('lists channels', 'channels' in client.channels_info('presence-', ['user_count']))
check('asks about a channel', client.channel_info('cache-python', ['subscription_count'])['subscription_count'] == 0)
check('lists users', client.users_info('presence-x') == {'users': []})
try:
    Pusher(app_id='1', key=expected['key'], secret='another secret of the app', host='127.0.0.1', port=expected['port'], ssl=False).trigger('news', 'a', 'b')
    check('is refused with the wrong secret', False)
except Exception as error:
    check('is refused with the wrong secret', type(error).__name__ == 'PusherBadAuth')
sys.exit(1 if failed else 0)
`
