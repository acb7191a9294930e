import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { describeCli } from '../../support/cli-contract.ts'
import { startBridge } from '../bridge/bridge-server.ts'

describeCli('the embedded engine', async () => {
  const transport = embeddedTransport()
  return { transport, host: { env: {}, redis: transport }, stop: () => transport.close() }
})

describeCli('the embedded engine behind the bridge', async () => {
  const transport = embeddedTransport()
  const bridge = await startBridge(transport)
  const env = { UPSTASH_REDIS_REST_URL: bridge.url, UPSTASH_REDIS_REST_TOKEN: bridge.token }
  return {
    transport,
    host: { env },
    async stop() {
      await bridge.stop()
      await transport.close()
    },
  }
})
