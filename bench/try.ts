import { benchPresence } from './presence/once.ts'
import { toText } from './table.ts'

console.log(toText(await benchPresence()))
