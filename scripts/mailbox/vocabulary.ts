/**
 * The people and sentences of the sample mailbox: a wholesaler of print and packaging, and its customers.
 * Every domain is under `.example` (RFC 2606), so no address belongs to a real person.
 *
 * @module
 */

export const OWN_DOMAIN = 'harbourprint.example'

/** The shared mailboxes, the busiest first. */
export const ACCOUNTS = ['support', 'orders', 'billing', 'logistics', 'partners'] as const

export const ASSIGNEES = [
  'amara.okafor',
  'bjorn.lindqvist',
  'chiara.ricci',
  'dmitri.volkov',
  'elif.kaya',
  'farid.haddad',
  'grace.mbeki',
  'hana.novak',
] as const

export const FIRST_NAMES = [
  'Aiko',
  'Alejandra',
  'Anders',
  'Beatriz',
  'Callum',
  'Chen',
  'Clara',
  'Daniel',
  'Deepa',
  'Emeka',
  'Emma',
  'Fatima',
  'Finn',
  'Gabriela',
  'Hamza',
  'Ingrid',
  'Ivan',
  'Jana',
  'João',
  'Kavita',
  'Lena',
  'Liam',
  'Lucía',
  'Mateusz',
  'Mei',
  'Mohammed',
  'Nadia',
  'Noah',
  'Olga',
  'Pieter',
  'Priya',
  'Ravi',
  'Rosa',
  'Samuel',
  'Sofia',
  'Søren',
  'Tomás',
  'Uma',
  'Viktor',
  'Yara',
] as const

export const LAST_NAMES = [
  'Abbott',
  'Andersen',
  'Bauer',
  'Castillo',
  'Dubois',
  'Eriksen',
  'Fischer',
  'García',
  'Haas',
  'Ibrahim',
  'Jansen',
  'Kowalski',
  'Laurent',
  'Moreau',
  'Müller',
  'Nakamura',
  'Oliveira',
  'Petrov',
  'Quinn',
  'Rahman',
  'Santos',
  'Tanaka',
  'Ueda',
  'Vasquez',
  'Weber',
  'Yılmaz',
  'Zhang',
  'Öberg',
] as const

export const COMPANIES = [
  'alderpaper',
  'bluebarn',
  'cedarlane',
  'deltaworks',
  'eastgate',
  'fjordfoods',
  'greenfield',
  'highmark',
  'inkwell',
  'junipertea',
  'kestrel',
  'larkspur',
  'meridian',
  'northpoint',
  'oakridge',
  'pinecone',
  'quayside',
  'riverbend',
  'stonebridge',
  'tidewater',
  'umbra',
  'valleyview',
  'westwind',
  'yarrow',
  'zephyr',
] as const

export const PRODUCTS = [
  'folding cartons',
  'A2 posters',
  'shipping labels',
  'kraft bags',
  'letterheads',
  'shrink sleeves',
  'display stands',
  'gift boxes',
  'hang tags',
  'mailer boxes',
] as const

/** Subject and opening sentence of a thread, by topic. `{…}` are placeholders. */
export const TOPICS = [
  {
    category: 'order',
    subject: 'Order {order}: {product}',
    opening: 'We would like to order {quantity} {product} under number {order}.',
  },
  {
    category: 'order',
    subject: 'Change to order {order}',
    opening: 'Please change order {order} to {quantity} {product}.',
  },
  {
    category: 'invoice',
    subject: 'Invoice {invoice} does not match',
    opening: 'Invoice {invoice} shows {quantity} {product}, but we received fewer.',
  },
  {
    category: 'invoice',
    subject: 'Copy of invoice {invoice}',
    opening: 'Could you send invoice {invoice} again, with our new address on it?',
  },
  {
    category: 'delivery',
    subject: 'Where is shipment {order}?',
    opening: 'The shipment for order {order} was due {day} and has not arrived.',
  },
  {
    category: 'delivery',
    subject: 'Delivery window for {order}',
    opening: 'Our dock is free on {day} between nine and eleven for order {order}.',
  },
  {
    category: 'quality',
    subject: 'Colour shift on {product}',
    opening: 'The blue on the last {product} is visibly darker than the proof.',
  },
  {
    category: 'quote',
    subject: 'Quote for {quantity} {product}',
    opening: 'What would {quantity} {product} cost, delivered by {day}?',
  },
  {
    category: 'contract',
    subject: 'Renewal of our agreement',
    opening: 'Our agreement on {product} ends this quarter, and we would like to renew it.',
  },
  {
    category: 'return',
    subject: 'Return of {product}, order {order}',
    opening: 'We would like to return {quantity} {product} from order {order}.',
  },
  {
    category: 'account',
    subject: 'New contact for our account',
    opening: 'From {day} on, a colleague of mine looks after our account.',
  },
] as const

export const SENTENCES = [
  'The attached sheet has the sizes and the paper weight.',
  'Our warehouse needs two days of notice for anything above four pallets.',
  'We compared it with the batch from last month, under the same light.',
  'If a partial delivery is quicker, that is fine with us.',
  'Please quote the purchase order on every document.',
  'Our production starts on {day}, so a day more or less matters.',
  'The driver left without a signature, and the seal was broken.',
  'Finance closes the month on {day} and asks for an answer before that.',
  'We can send samples back if that helps you to look into it.',
  'The price in the portal is not the one we agreed on.',
  'A colleague mentioned that the {product} come in a recycled grade now.',
  'There is no hurry from our side.',
  'Please let us know which of the two options you prefer.',
  'We have been waiting since {day} and would rather not order elsewhere.',
] as const

export const REPLIES = [
  'Thank you for the quick answer.',
  'I have passed this on to our warehouse and will write again on {day}.',
  'We have checked the batch, and you are right.',
  'The replacement leaves on {day}; tracking follows.',
  'Could you send a photograph of the label on the pallet?',
  'That works for us. Please go ahead.',
  'I am afraid this does not solve it: the quantity is still wrong.',
  'Confirmed. The new total is on its way to you.',
] as const

export const GREETINGS = ['Hello', 'Good morning', 'Dear team', 'Hi'] as const
export const CLOSINGS = ['Kind regards', 'Best regards', 'Thank you', 'Many thanks'] as const
export const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday'] as const
