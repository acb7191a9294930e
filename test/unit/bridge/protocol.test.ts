import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { describeProtocol } from './protocol.ts'

describeProtocol('the embedded engine', async () => embeddedTransport())
