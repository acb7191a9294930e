import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { singleSlotTransport } from '../../support/single-slot-transport.ts'
import { describeWebSocketCache } from './presence-contract.ts'

describeWebSocketCache('the embedded engine', () => embeddedTransport())
describeWebSocketCache('a cluster', () => singleSlotTransport())
