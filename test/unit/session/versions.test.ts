import { beforeEach, describe, expect, test } from 'vitest'
import { encodeUtf8 } from '../../../src/entry/bytes.ts'
import { EmbeddedRedis, embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { SessionUserCache } from '../../../src/session/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'

/** A session exactly as another version has stored it: do not change it with the code. */
const TOKEN =
  'v1.k1.5EIvmfc8pr4bMPHgFpttAZt22qgAkTBJvNPKgbKBmR3Db-bDfA_iFQXkZFyA7ok5Z9hfobFc9VDGvFEy1pU7qDKZh-XWBSDxSapEGktn'
const STORED = `["nearcache-engine",1]
["hash","nc:session:u:{5EIvmfc8pr4bMPHgFptt}",1767312000000,["e","v8Yh8zBLTkFYdJ4Z-1767225600000","p","v8Yh8zBLTkFYdJ4Z-1767225600000","l","1767225600000"]]
["hash","nc:session:s:{5EIvmfc8pr4bMPHgFptt}:0mjuohs001Ug87pdk6mpHSiuv2QOOC4",1767312000000,["s","a","v","v8Yh8zBLTkFYdJ4Z","e","v8Yh8zBLTkFYdJ4Z-1767225600000","h","6JFCKBOo4zw9UI-dNgyh0t89s7Lih4989xFp4TbgxOI","x","1767312000000","i","0","t","1767225600000","d","k1.mjuohs00.jUUXv7l+/Y0fCDg+bZtK7KUGIdNozGdBloAlhrlgbE/NGeR3CZdg4FvK2lmpZGG6WMEhmitja0t66TIX9ENNCOxDyhXKSpZ4Suf4670+CObAFF0npmlwRx7rUSmfzhjEOJUU/rZKAmYGJjQaA/IMP+mTuw4c9R3IWBgoW9nOz0NrPf3PIaqTOM0+HSo4="]]
["zset","nc:session:i:{5EIvmfc8pr4bMPHgFptt}",1767312000000,["0mjuohs001Ug87pdk6mpHSiuv2QOOC4","1767312000000"]]
["end",3,43864085]
`

describe('a session that another version has stored', () => {
  let sessions: SessionUserCache<{ cart: number }>

  beforeEach(() => {
    const platform = new ManualPlatform()
    const engine = new EmbeddedRedis({ platform })
    engine.load([encodeUtf8(STORED)])
    const keys = [{ id: 'k1', secret: '11'.repeat(32) }]
    sessions = new SessionUserCache({ redis: embeddedTransport({ engine }), keys, platform })
  })

  test('is opened by its token', async () => {
    await expect(sessions.getSession(TOKEN)).resolves.toMatchObject({
      id: '0mjuohs001Ug87pdk6mpHSiuv2QOOC4',
      userId: 'u1',
      userEmail: 'ann@x.example',
      data: { cart: 3 },
      device: 'phone',
    })
  })

  test('is ended by revokeAll', async () => {
    await expect(sessions.listSessions('u1')).resolves.toMatchObject([{ device: 'phone' }])

    await sessions.revokeAll('u1')

    await expect(sessions.validate(TOKEN)).resolves.toMatchObject({ ok: false })
  })
})
