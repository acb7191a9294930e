import { singleSlotTransport } from '../../support/single-slot-transport.ts'
import { describeManager } from './manager-contract.ts'

describeManager('a cluster', async () => {
  const transport = singleSlotTransport()
  return { transport, stop: () => transport.close() }
})
