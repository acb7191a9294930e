/**
 * Prompts that look alike and need different answers, and prompts that look different and do not.
 *
 * @module
 */

/** What differs in the pairs of a group. */
export type Kind =
  | 'negation'
  | 'number'
  | 'entity'
  | 'person'
  | 'direction'
  | 'language'
  | 'identifier'
  | 'word'

const NEGATION = `
How do I turn on two-factor authentication? | How do I turn off two-factor authentication?
Which foods are good for the heart? | Which foods are bad for the heart?
Is it safe to eat raw eggs? | Is it not safe to eat raw eggs?
Why is my server responding? | Why is my server not responding?
How can I enable dark mode? | How can I disable dark mode?
What happens if I pay my taxes? | What happens if I don't pay my taxes?
List countries with a monarchy | List countries without a monarchy
Should I accept the offer? | Should I reject the offer?
How do I add a user to a group? | How do I remove a user from a group?
Which planets have rings? | Which planets have no rings?
Can dogs eat grapes? | Can't dogs eat grapes?
How do I start the service? | How do I stop the service?
What are the advantages of remote work? | What are the disadvantages of remote work?
Is smoking legal on trains? | Is smoking illegal on trains?
How do I open the valve? | How do I close the valve?
Why did my cake rise? | Why did my cake fail to rise?
How do I increase the font size? | How do I decrease the font size?
Which drugs interact with alcohol? | Which drugs never interact with alcohol?
Write a positive review of this phone | Write a negative review of this phone
Does this plan include breakfast? | Does this plan exclude breakfast?
How do I subscribe to the newsletter? | How do I unsubscribe from the newsletter?
Tell me who was at the meeting | Tell me who was not at the meeting
How do I encrypt a file? | How do I decrypt a file?
What is the maximum dose? | What is the minimum dose?
How can I gain weight? | How can I lose weight?
How do I connect to the VPN? | How do I disconnect from the VPN?
Is the patient responsive? | Is the patient unresponsive?
Which is the cheapest option? | Which is the most expensive option?
How do I install the driver? | How do I uninstall the driver?
Show all invoices that were paid | Show all invoices that were never paid
What makes a good manager? | What makes a bad manager?
How do I upload a photo? | How do I download a photo?
How do I lock the door remotely? | How do I unlock the door remotely?
Does the warranty cover water damage? | Does the warranty not cover water damage?
Is this number odd? | Is this number even?
Which side effects are common? | Which side effects are uncommon?
Sort the list in ascending order | Sort the list in descending order
Is the claim true? | Is the claim false?
Can I take ibuprofen with food? | Can I take ibuprofen without food?
How do I follow somebody? | How do I unfollow somebody?
Why do people like rain? | Why do people dislike rain?
Which users are active? | Which users are inactive?
Approve the request from the team | Deny the request from the team
What lives above the canopy? | What lives below the canopy?
How do I mute the microphone? | How do I unmute the microphone?
Give me reasons to buy now | Give me reasons not to buy now
Name animals that are awake by day | Name animals that are awake by night
Is the first answer correct? | Is the last answer correct?
How do I compress this folder? | How do I decompress this folder?
Does it work offline? | Does it work online?
`

const NUMBER = `
What is 15% of 80? | What is 18% of 80?
How many calories are in 2 eggs? | How many calories are in 3 eggs?
Convert 5 miles to kilometres | Convert 50 miles to kilometres
What happened in 1989? | What happened in 1998?
Set a timer for 10 minutes | Set a timer for 10 seconds
How long is a flight of 300 km? | How long is a flight of 300 miles?
Is a fever of 38 degrees bad? | Is a fever of 39 degrees bad?
What is the square root of 144? | What is the square root of 169?
How much is 20 USD in yen? | How much is 20 EUR in yen?
Explain article 5 of the treaty | Explain article 15 of the treaty
What is 7 times 8? | What is 7 times 9?
Cook pasta for two people | Cook pasta for four people
How old is a person born in 1975? | How old is a person born in 1957?
Give me 3 ideas for dinner | Give me 5 ideas for dinner
Is 1,000 steps a day enough? | Is 10,000 steps a day enough?
What weighs 2.5 kg? | What weighs 25 kg?
Who was the 16th president? | Who was the 17th president?
What does error 404 mean? | What does error 403 mean?
Can I take 200 mg of ibuprofen? | Can I take 200 g of ibuprofen?
Translate the first 10 lines | Translate the first 100 lines
What is the boiling point at 3000 m? | What is the boiling point at 3000 ft?
Plan a trip of one week for $500 | Plan a trip of one week for $5000
Train for a marathon in 12 weeks | Train for a marathon in 12 months
Which phone has 8 GB of memory? | Which phone has 8 TB of memory?
How do I lose 5 pounds? | How do I lose 15 pounds?
What is the tax on an income of 40k? | What is the tax on an income of 400k?
Is -5 larger than 3? | Is 5 larger than 3?
Write a summary in 50 words | Write a summary in 500 words
What is the weather at 7:30? | What is the weather at 19:30?
What happened on 2020-01-05? | What happened on 2020-05-01?
How many days are in 3 weeks? | How many days are in 3 months?
What is half of 90? | What is double 90?
Explain the third law of motion | Explain the second law of motion
How far is 10 light years? | How far is 100 light years?
Is 120/80 a normal blood pressure? | Is 140/80 a normal blood pressure?
A recipe with 1 cup of sugar | A recipe with 1 tablespoon of sugar
Solve x + 3 = 10 | Solve x + 3 = 12
Buy a house with a 3% deposit | Buy a house with a 30% deposit
How fast is 60 mph? | How fast is 60 kmh?
Who won the world cup in 2010? | Who won the world cup in 2014?
What is the temperature in celsius? | What is the temperature in fahrenheit?
Explain chapter seven of the book | Explain chapter eight of the book
How much is a million seconds? | How much is a billion seconds?
What are the top 10 songs? | What are the top 20 songs?
Can a 6 year old swim? | Can a 9 year old swim?
`

const ENTITY = `
What is the capital of France? | What is the capital of Spain?
How tall is the Eiffel Tower? | How tall is the Atomium?
How do I install Python? | How do I install Ruby?
Weather in Paris tomorrow | Weather in London tomorrow
Who wrote Hamlet? | Who wrote Macbeth?
How tall is Mount Everest? | How tall is Mount Kilimanjaro?
What is the population of Brazil? | What is the population of Chile?
When did Pompeii fall? | When did Carthage fall?
Is Madeira a good island? | Is Corsica a good island?
What is the best hotel in Rome? | What is the best hotel in Milan?
how do i deploy to aws | how do i deploy to azure
recipe for chicken soup | recipe for tomato soup
Side effects of aspirin | Side effects of paracetamol
How does a diesel engine work? | How does a jet engine work?
What does a mitochondrion do? | What does a ribosome do?
Who founded Microsoft? | Who founded Oracle?
Translate this into German | Translate this into French
Best books by Tolstoy | Best books by Dostoevsky
What is the currency of Japan? | What is the currency of Korea?
How do I cook rice? | How do I cook quinoa?
Is Anna at work today? | Is Maria at work today?
How long do cats live? | How long do dogs live?
Define osmosis | Define diffusion
What is the symbol for gold? | What is the symbol for silver?
Explain inflation to a child | Explain recession to a child
What time is it in Tokyo? | What time is it in Sydney?
How do I train for boxing? | How do I train for tennis?
What is a good gift for my mother? | What is a good gift for my father?
Which vitamins are in oranges? | Which vitamins are in carrots?
How do I write a cover letter? | How do I write a resignation letter?
When is Easter this year? | When is Ramadan this year?
Draw a plan of the kitchen | Draw a plan of the bathroom
Summarise the speech of the minister | Summarise the speech of the president
What do pandas eat? | What do koalas eat?
Is the museum open on Monday? | Is the museum open on Tuesday?
Book a table at Luigi | Book a table at Mario
How do I learn the piano? | How do I learn the violin?
Flights in January | Flights in June
How hot is the sun? | How hot is the moon?
Symptoms of measles | Symptoms of mumps
What is the length of the Nile? | What is the length of the Amazon?
Who painted Guernica? | Who painted Nighthawks?
Does Netflix have a free trial? | Does Spotify have a free trial?
How do I format a disk in Linux? | How do I format a disk in Windows?
What did Plato say about justice? | What did Aristotle say about justice?
Restart the staging cluster | Restart the production cluster
`

const PERSON = `
What should I say to her? | What should I say to him?
Write a birthday card for her | Write a birthday card for him
Why did he leave her? | Why did she leave him?
Is she older than the manager? | Is he older than the manager?
Summarize his position in one line | Summarize her position in one line
What is my name? | What is your name?
Where is my office? | Where is your office?
When does your licence end? | When does my licence end?
Tell me about yourself | Tell me about myself
Write a short text about my day | Write a short text about your day
`

const DIRECTION = `
Can I sue them? | Can they sue me?
You owe me money, what now? | I owe you money, what now?
How do I report him to her? | How do I report her to him?
Write that he saw them | Write that they saw him
Did my dog bite his cat? | Did his dog bite my cat?
What did you promise me? | What did I promise you?
Flights from London to Paris | Flights from Paris to London
Convert kilometres to miles | Convert miles to kilometres
Translate from English to German | Translate from German to English
Who did Brutus kill? | Who killed Brutus?
Did Google sue Oracle? | Did Oracle sue Google?
Is Java faster than Python? | Is Python faster than Java?
Can I pay Anna with money from Bob? | Can I pay Bob with money from Anna?
Migrate from MySQL to Postgres | Migrate from Postgres to MySQL
How do I convert JSON to XML? | How do I convert XML to JSON?
Was Rome founded before Carthage? | Was Carthage founded before Rome?
Does smoking cause stress? | Does stress cause smoking?
Does the lion hunt the hyena? | Does the hyena hunt the lion?
Move files from the laptop to the server | Move files from the server to the laptop
Is gold heavier than lead? | Is lead heavier than gold?
Did Germany invade France? | Did France invade Germany?
Why did Apple leave Intel? | Why did Intel leave Apple?
Is the sun bigger than the earth? | Is the earth bigger than the sun?
Should I eat before exercise? | Should I exercise before I eat?
Transfer money from savings to checking | Transfer money from checking to savings
Can a cat scare a dog? | Can a dog scare a cat?
Import contacts from Outlook into Gmail | Import contacts from Gmail into Outlook
Who taught Plato? | Who did Plato teach?
Convert euros to dollars | Convert dollars to euros
Does sleep affect memory? | Does memory affect sleep?
Trains from Berlin to Munich on Friday | Trains from Munich to Berlin on Friday
Did Anna lend Bob the car? | Did Bob lend Anna the car?
Is milk better than juice for children? | Is juice better than milk for children?
How does the moon move the sea? | How does the sea move the moon?
Change the value from true to false | Change the value from false to true
Can the manager fire the owner? | Can the owner fire the manager?
Does poverty lead to crime? | Does crime lead to poverty?
Did Holmes visit Watson? | Did Watson visit Holmes?
Rename old.txt to new.txt | Rename new.txt to old.txt
Ship parcels from Norway to Italy | Ship parcels from Italy to Norway
Is it faster to read than to listen? | Is it faster to listen than to read?
How do teachers judge students? | How do students judge teachers?
Upgrade from basic to premium | Upgrade from premium to basic
Did Kasparov beat Karpov? | Did Karpov beat Kasparov?
Why does heat produce light? | Why does light produce heat?
Add salt before water | Add water before salt
Can parents sue the school? | Can the school sue parents?
What does the user send to the server? | What does the server send to the user?
`

const LANGUAGE = `
What is the weather in Berlin? | Wie ist das Wetter in Berlin?
Who is the president of France? | Qui est le président de la France?
How do I cook paella? | ¿Cómo puedo cocinar una paella?
What is a good pasta recipe? | Qual è una buona ricetta per la pasta?
Where is the train station in Lisbon? | Onde é que fica a estação de trem em Lisboa?
What is the capital of Japan? | 日本の首都はどこですか
How old is the Great Wall? | 长城有多少年的历史
What is the best museum in Moscow? | Какой самый лучший музей в Москве?
How do I say hello? | كيف أقول مرحبا
Where is the market in Seoul? | 서울의 시장은 어디에 있나요
Wie ist das Wetter in Paris? | Comment est le temps à Paris pour le moment?
Wer ist der Autor von Faust? | ¿Quién es el autor de Fausto?
Was ist die beste Pizza in Rom? | Qual è la pizza migliore di Roma?
Qui est le directeur de la banque? | ¿Quién es el director del banco?
¿Cuál es la capital del Perú? | Qual é a capital do Peru?
Hoe is het weer in Amsterdam? | Wie ist das Wetter in Amsterdam?
What is the price of the ticket? | Ποια είναι η τιμή του εισιτηρίου;
Where is the temple? | मंदिर कहाँ है
How is the food in Bangkok? | อาหารที่กรุงเทพเป็นอย่างไร
What is the news in Jerusalem? | מה החדשות בירושלים
日本の首都はどこですか | 韩国的首都在哪里
Hur är vädret i Stockholm för det mesta? | How is the weather in Stockholm for the most part?
Jak jest pogoda w Warszawie i na wsi? | What is the weather in Warsaw and in the country?
Türkiye için en iyi mevsim nedir ve neden? | What is the best season for Turkey and why?
Wie ist die Adresse der Firma? | What is the address of the company?
Warum ist der Himmel blau? | Why is the sky blue?
Pourquoi est le ciel bleu? | Why is the sky blue?
¿Por qué es el cielo azul? | Why is the sky blue?
Perché il cielo è blu? | Why is the sky blue?
Por que o céu é azul? | Why is the sky blue?
Waarom is de lucht blauw? | Why is the sky blue?
Почему небо синее? | Why is the sky blue?
为什么天空是蓝色的 | Why is the sky blue?
なぜ空は青いのですか | Why is the sky blue?
하늘은 왜 파란가요 | Why is the sky blue?
لماذا السماء زرقاء | Why is the sky blue?
Erkläre mir bitte das Gesetz und die Folgen | Explique-moi le droit et les conséquences
Schreibe eine Mail an den Kunden und den Chef | Escribe un correo para el cliente y el jefe
Was kostet das Ticket für den Zug? | What does the ticket for the train cost?
Wo ist der Schlüssel für das Haus? | Où est la clé de la maison?
`

const IDENTIFIER = `
What does getUserById do? | What does getUserByName do?
Explain the function parse_args | Explain the function parse_known
How do I upgrade to v1.2.3? | How do I upgrade to v1.3.2?
Open ticket ABC-123 for me | Open ticket ABC-132 for me
Is example.com down? | Is example.org down?
Delete /var/log/app | Delete /var/lib/app
What is in config.yaml? | What is in config.json?
Mail report to anna@example.com | Mail report to hanna@example.com
What does ls -l print? | What does ls -a print?
Where is order A1009? | Where is order A1090?
How do I use Array.map()? | How do I use Array.filter()?
What is the type of user_id? | What is the type of user_ids?
Explain C++ templates | Explain C# templates
Rotate the key sk_live_1 | Rotate the key sk_test_1
Is port 8080 open? | Is port 8081 open?
What is RFC 9110 about? | What is RFC 9111 about?
Merge branch feature/login | Merge branch feature/logout
Run the test test_create_user | Run the test test_update_user
What is 10.0.0.1? | What is 10.0.0.2?
Explain \`x = y\` in Python | Explain \`x == y\` in Python
Explain \`a and b\` in Python | Explain \`a or b\` in Python
What is http://a.example/one about? | What is http://a.example/two about?
Restart node-01 | Restart node-02
What does $HOME mean? | What does $PATH mean?
What does std::move do? | What does std::forward do?
What does a < b return? | What does a > b return?
Describe table orders_2023 | Describe table orders_2024
Who is @alice42? | Who is @alice24?
What is commit a1b2c3d? | What is commit a1b2c3e?
Fix the bug in login.ts | Fix the bug in logout.ts
What is the iphone7 weight? | What is the iphone8 weight?
Show invoice INV-2024-001 | Show invoice INV-2024-010
What does git reset --hard do? | What does git reset --soft do?
Set MAX_RETRIES please | Set MAX_TIMEOUT please
What is the ISBN 978-0132350884? | What is the ISBN 978-0132350885?
Explain user.name in this code | Explain user.email in this code
What does <= mean? | What does >= mean?
Find gene BRCA1 | Find gene BRCA2
Explain HTTP/1.1 to me | Explain HTTP/2.0 to me
What is the x86 register eax1? | What is the x86 register ebx1?
Who has plate K7XYZ? | Who has plate K7XZY?
Is gpt4o better at maths? | Is gpt4 better at maths?
`

const WORD = `
Write a poem about autumn | Write a story about autumn
Summarise this contract | Translate this contract
What is the height of the tower? | What is the age of the tower?
When was the bridge built? | Where was the bridge built?
Who opened the window? | When was the window opened?
Why do cats purr? | How do cats purr?
How many people live in the city? | How long do people live in the city?
What is the population of the capital? | What is the location of the capital?
How do I clean a wooden floor? | How do I clean a marble floor?
Is it cold in the mountains? | Is it cold in the desert?
How do I become a nurse? | How do I become a pilot?
My phone does not charge | My phone does not ring
Explain how vaccines work | Explain how antibiotics work
What is a common cold? | What is a common law?
Best exercise for the back | Best exercise for the knee
How do I propagate roses? | How do I prune roses?
What is the cost of the licence? | What is the duration of the licence?
Give me a recipe for vegan cake | Give me a recipe for cake
What is the monthly rent? | What is the weekly rent?
Was the old mayor honest? | Was the new mayor honest?
When does the shop open? | When does the shop close?
How do I repair the roof? | How do I insulate the roof?
Which colour suits the sofa? | Which colour suits the carpet?
Write a formal invitation | Write an informal invitation
What is the plural of ox? | What is the origin of ox?
Draft a letter to my landlord | Draft a letter to my neighbour
How do I remove ink from cotton? | How do I remove wine from cotton?
Which wine goes with fish? | Which wine goes with cheese?
How do I sharpen a knife? | How do I sharpen a pencil?
Is the lake deep? | Is the lake warm?
What is a healthy breakfast? | What is a healthy lunch?
How do I apologise to a friend? | How do I apologise to a customer?
Where do eels spawn? | Where do eels sleep?
Rate this essay on clarity | Rate this essay on originality
What is the melting point of wax? | What is the boiling point of wax?
How do I tie a tie? | How do I iron a tie?
Why is bread brown? | Why is bread chewy?
How do I grow a lemon tree? | How do I grow a cherry tree?
Who owns the hotel? | Who designed the hotel?
`

const BENIGN = `
How do I reset my password? | How can I reset my password?
How do I reset my password? | how to reset my password
What is the capital of France? | What's the capital of France
What is the capital of France? | what is the capital of france??
Who wrote Hamlet? | who wrote hamlet
Please summarize the report | Summarise the report, please
How do I install Docker on Ubuntu? | How can one install Docker on Ubuntu?
What are the best books on physics? | Which are the best books on physics?
How do I delete a branch in Git? | How can I remove a branch in Git?
What is machine learning? | What is ML?
What are the side effects of aspirin? | What are side effects of aspirin
How can I learn Spanish quickly? | How do I learn Spanish fast?
What is the population of the United States? | What is the population of the USA?
I can't log in | I cannot log in
Why isn't my printer working? | Why is my printer not working?
Is it safe to eat raw fish? | Is it safe to eat raw fish
What does the error code 404 mean? | What does error code 404 mean?
How much is 1,000 dollars in euros? | How much is 1000 dollars in euros?
How many days are in three weeks? | How many days are in 3 weeks?
What is the color of the sky? | What is the colour of the sky?
How do I fix a leaking tap? | How can I repair a leaking tap?
Could you please explain recursion? | Explain recursion
What is photosynthesis? | what is photosynthesis
How do I boil an egg? | How do you boil an egg?
How do I take a screenshot? | How do I take screenshots?
What's the meaning of life? | What is the meaning of life?
how to convert JSON to XML | How do I convert JSON to XML?
What is the best way to learn piano? | How do I learn piano?
Where is my order A1009? | where is my order a1009
What's the difference between TCP and UDP? | What is the difference between UDP and TCP?
When does the shop open on Sundays? | When does the shop open on Sunday?
Wie ist das Wetter in Berlin? | Wie ist das Wetter in Berlin
Quel est le prix du billet? | quel est le prix du billet ?
日本の首都はどこですか | 日本の首都はどこですか。
How do I use getUserById? | How can I use getUserById?
Write a poem about the sea | Write a poem about the sea.
Give me a picture of a cat | Give me a photo of a cat
What is the price of a ticket? | What is the cost of a ticket?
Which car should I buy? | Which car should I purchase?
Is my data encrypted? | Is my data encrypted
`

function pairs(text: string): readonly (readonly [string, string])[] {
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [a = '', b = ''] = line.split(' | ')
      return [a, b] as const
    })
}

/** Pairs where the answer to one must not be served for the other, however similar their vectors are. */
export const ADVERSARIAL: Readonly<Record<Kind, readonly (readonly [string, string])[]>> = {
  negation: pairs(NEGATION),
  number: pairs(NUMBER),
  entity: pairs(ENTITY),
  person: pairs(PERSON),
  direction: pairs(DIRECTION),
  language: pairs(LANGUAGE),
  identifier: pairs(IDENTIFIER),
  word: pairs(WORD),
}

/** Pairs in nearly the same words that need the same answer. */
export const SAME: readonly (readonly [string, string])[] = pairs(BENIGN)
