import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { describeManager } from './manager-contract.ts'

describeManager('the embedded engine', async () => {
  const transport = embeddedTransport()
  return { transport, stop: () => transport.close() }
})
