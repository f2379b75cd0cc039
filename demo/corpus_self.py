"""Dialogues in which people ask about each other, and answer the same throughout a chat. The notation is explained in `demo/corpus.py`."""

FLOWS = """
= live
A: Where do you live? / Where are you living now? / Which city do you live in? / Where do you live again?
B: In {B.city}. / I live in {B.city}. / In {B.city}, for {smallnumber} years now. / {B.city}! / In a small flat in {B.city}.
A: Do you like it there? #like / Nice! I live in {A.city}. / Is it nice there? #like / I've never been to {B.city}. #never / Oh, {B.city}! How is it? #like
B: Yes, I love it. <like / It's okay, but expensive. <like / Yes, very green and quiet. <like / You should visit me! <never / Yes, but I miss the sea. <like / It's a bit loud, but I like it. <like / Then we have to visit each other.
A: I'd love to visit. / Sounds nice. / Maybe I'll come by one day. / {A.city} is the same. <like

= born
A: Where are you from? / Where were you born? / Where did you grow up? / Where do you come from?
B: I was born in {B.born}. / From {B.born}. / I'm from {B.born}, but I live in {B.city}. / {B.born}. And you? / I grew up in {B.born}.
A: I'm from {A.born}. / Oh nice, I was born in {A.born}. / Do you miss it? #miss / How long have you lived in {B.city}? #long / Really? I didn't know that.
B: Sometimes. <miss / Yes, every summer I go back. <miss / {smallnumber} years now. <long / My parents still live there. / Now you know!

= job
A: What do you do for a living? / What's your job? / What are you working as? / What do you do for work? / What is your job?
B: I'm {B.job}. / I work as {B.job}. / I'm {B.job}, and you? / {B.job}. It's a nice job. / I'm {B.job}, for {smallnumber} years already.
A: Do you like it? #like / Is it hard? #hard / Oh, cool! I'm {A.job}. #me / That must be interesting. #like / Really? I wanted to be {B.job} as a child! / I'm {A.job}. #me
B: Yes, most of the time. <like / I never get bored. <like / Sometimes, but I like the people. <hard / Some days, yes. <hard / {A.job}? That's great! <me / Do you like being {A.job}? <me / It pays the rent.
A: That's life. / That's the most important thing. <like <hard / I can imagine. <like <hard / Yes, very much. <me / It's okay. <me

= pet
A: Do you have any pets? / Do you have a pet? / Do you have animals at home?
B: Yes, {B.pet}. / I have {B.pet}! / Yes, {B.pet}. And you? / Of course, {B.pet}.
A: What's the name? #name / How cute! What's the name? #name / Sweet. I have {A.pet}. #me / I'd like to have {B.pet} too. / Oh, show me a photo! #photo
B: {B.petname}! <name / {B.petname}. <name / {B.petname}, {relative} chose it. <name / What's the name of yours? <me / Wait, here is one. <photo / It's a lot of work, but I love it.
A: {B.petname}, what a nice name! <name / Cute! / Aww. / Haha, I love it. <name / {A.petname}. <me / Say hello to {B.petname} from me. <name

= pet
A: How is {B.petname}? / How is {B.petname} doing? / Is {B.petname} okay?
B: {B.petname} is fine, sleeping on the sofa. / Fat and happy. / {B.petname} ate my {snack}! / Good! Always hungry. / {B.petname} says hello. / A bit ill, we were at the vet's. #ill
A: Haha, so cute. / Give {B.petname} a kiss from me. / Aww. / Oh no! Get well soon, {B.petname}. <ill / I miss {B.petname}!
B: I will. / Come and visit us. / I'll send you a photo. / {B.petname} misses you too.

= family
A: Do you have brothers or sisters? / Do you have siblings? / Any brothers or sisters?
B: Yes, {B.sibling}. / I have {B.sibling}. / {B.sibling}. And you? / {B.sibling}!
A: {A.sibling}. / I have {A.sibling}. / Do you get along? #along / Oh, nice. For me it's {A.sibling}.
B: Yes, very well. <along / Most of the time. <along / Family is family. / Nice! / Then you know how it is.

= family
A: How is your {mum|dad|sister|brother|family|grandma}? / How is the family? / How are your parents?
B: All fine, thanks. #good / Good, thanks. They are in {country}. #away / Healthy and busy. #good / Not so well, grandma is ill. #ill / Loud, as always. #good
A: Good to hear. <good / Say hello from me! <good <away / Oh, lucky them. <away / Oh no, I hope she gets better soon. <ill
B: I will. / Thank you. / They ask about you, too. <good <away / And how is yours?

= colour
A: What's your favourite {colour|color}? / Which colour do you like best? / Do you have a favourite colour?
B: {B.colour}. / {B.colour}, I think. / {B.colour}! And yours? / My favourite colour is {B.colour}. / Definitely {B.colour}.
A: Mine is {A.colour}. / {A.colour}. / {B.colour}? Nice. / I like {A.colour} more. / Why {B.colour}? #why
B: I don't know, I always liked it. <why / Because of the sky and the sea. <why / {A.colour} suits you. / Half of my clothes are {B.colour}. / It makes me happy.

= hobby
A: What are your hobbies? / What do you do in your free time? / Do you have a hobby? / What do you like to do?
B: I like {B.hobby}. / {B.hobby} and {B.sport}. / {B.hobby}, mostly. And you? / I do a lot of {B.sport}. / {B.sport} twice a week, and {B.hobby}.
A: Cool! I like {A.hobby}. #me / Oh, {A.hobby} for me. #me / How did you start with that? #start / I've never tried that. #never / Is it difficult? #hard / Sounds relaxing.
B: {relative} showed me. <start / You should try it! <never / Not at all. <hard / {A.hobby} sounds fun too. <me / I can show you one day. <never <hard / It is good for the head.
A: I'd like that! <never <hard / Why not? <never / Maybe in {season}. <never / Deal. <hard <never / That's true.

= sport
A: Do you do any sports? / What sport do you do? / Are you sporty? / What do you do to stay fit?
B: Yes, {B.sport}. / I do {B.sport}. / {B.sport}, when I have time. / I like {B.sport}. And you? / Only {B.sport}, on Sundays.
A: I do {A.sport}. / Cool, I could never do that. / {A.sport} for me! / Me? Only from the sofa to the fridge. #lazy / How often? #often
B: Haha! <lazy / Twice a week. <often / Every Sunday. <often / Come with me some time! / {A.sport} is good too.

= instrument
A: Do you play an instrument? / Can you play an instrument? / Do you make music?
B: Yes, {B.instrument}. / A bit of {B.instrument}. / I play {B.instrument}. / I tried {B.instrument}, but I'm terrible. #bad
A: Wow, since when? #since / Play something for me! #play / I play {A.instrument}. #band / We could start a band! #band / I don't believe that. <bad
B: Since I was {six|eight|ten}. <since / Better not. <play / Haha, okay, one day. <play / With {A.instrument} it would be perfect! <band / Ask my neighbours! <bad

= age
A: How old are you? / How old are you again? / How old are you now?
B: {thirty|twenty-five|twenty-eight|forty|thirty-three|nineteen|thirty-one|twenty-two|thirty-seven}. / Old enough, haha. / I'll be {thirty|twenty-six|forty|thirty-four} next {month|week|year}. / You don't ask that! / {thirty-one|twenty-two|thirty-seven}, but I feel like ninety.
A: You look younger! / Haha, okay. / Sorry, I was just curious. / Age is only a number.
B: Thank you! / And how old are you? / Don't tell anyone. / I know.

= age
A: When is your birthday? / When do you have your birthday? / When were you born?
B: In {May|June|October|January|March|August}. / On the {first|third|tenth|twentieth} of {May|June|October|January|March|August}. / In {season}.
A: I'll write that down. / Then we need a party. / What do you want? #want / Oh, mine is in {April|July|September|December}.
B: Please do. / You're invited, of course. / {present} would be nice. <want / Nothing, just good company. <want / We could celebrate together.

= language
A: Which languages do you speak? / Do you speak {B.language}? / How many languages do you speak?
B: English and a bit of {B.language}. / I'm learning {B.language}. / {B.language}, but not well. / Only English and bad {B.language}.
A: Say something in {B.language}! #say / Cool! I'm learning {A.language}. #me / That's more than I do. / I'd like to learn that too.
B: I'm too shy. <say / Next time, with {drink}. <say / {A.language} is difficult! <me / I only know how to order {drink}. / Let's learn together.

= fear
A: What are you afraid of? / Are you afraid of something? / What scares you?
B: {B.fear}. / {B.fear}! / To be honest, {B.fear}. / Only {B.fear}. And you?
A: {A.fear}. / Me too! #same / Really? I'm afraid of {A.fear}. / I hate {A.fear}. / I would protect you. #hero
B: My hero. <hero / Then we can be afraid together. <same / I understand that. / Nobody is perfect.

= animal
A: What's your favourite animal? / Which animal do you like best? / What is your favourite animal?
B: {B.animal}! / I love {B.animal}. / {B.animal}, they are so clever. / {B.animal}, of course.
A: I like {A.animal}. / Me too! / {A.animal} are better. / Why {B.animal}? #why / I saw {B.animal} at the zoo once.
B: Because they are funny. <why / They are just wonderful. <why / {A.animal} are great too. / No discussion!

= season
A: Which season do you like best? / What's your favourite season? / Do you have a favourite season?
B: I love {B.season}. / {B.season}! / {B.season} is the best. / I prefer {B.season}.
A: Why? #why / Me too. / I like {A.season} more. / Too {cold|hot|wet} for me.
B: Because of the colours. <why / The light is so nice then. <why / I was born in {B.season}. <why / I can be outside all day. <why / We can't all be right, haha. / I know many people who say that.

= film
A: What's your favourite film? / What is your favourite movie? / Which film do you like best? / Do you have a favourite film?
B: {B.film}. / {B.film}! / Hard to say. {B.film}, I think. / {B.film}, I can watch it again and again. / My favourite film is {B.film}.
A: Oh, I love that one too! #same / I've never seen it. #never / Mine is {A.film}. #me / {B.film}? Really? #really / What is it about? #about
B: You have to see it! <never / It's about love and a long journey. <about / It's about friends. <about / {A.film} is good too. <me / I've seen it {smallnumber} times. / Yes, don't laugh! <really / You have good taste. <same
A: I'll watch it this week. <never <about / I'm not laughing. <really / Let's watch it together. / I'm curious now. <about <never

= music
A: What are you listening to? / What kind of music do you like? / Which music do you like?
B: {B.music}. / I like {B.music}. / {B.music}, mostly. / At the moment {B.music}. / Always {B.music}. And you?
A: Me too! / I prefer {A.music}. / {A.music}! / Send me a song! #song / I can't stand {B.music}, sorry. #no
B: Okay, one moment. <song / Haha, no problem. <no / Give it a chance! <no / {A.music} is nice too. / We should go to a concert.

= drink
A: What would you like to drink? / What do you want to drink? / Can I get you something to drink? / What shall I order for you?
B: {B.drink}, please. / I'd like {B.drink}. / Just {B.drink}. / {B.drink}, as always.
A: Coming! / Okay, {B.drink} for you and {A.drink} for me. / Good choice. / Anything to eat? #eat
B: Thank you! / {snack}, please. <eat / No, thanks. <eat / You're great.

= dreamjob
A: What did you want to be as a child? / What was your dream job as a child? / What do you want to be one day?
B: {job}. / I always wanted to be {job}. / {job2}! / An astronaut, of course. / I don't know, I never had a plan.
A: And now you are {B.job}! / I wanted to be {job3}. / That would suit you. / It's never too late!
B: Life is strange. / True! / I'm happy as it is. / You never know.

= thisyear
A: What are you doing these days? / What do you do nowadays? / What have you been up to lately? / What's your life like these days?
B: I'm working as {B.job}. / Still {B.job} in {B.city}. / Work, {B.sport}, sleep. / Learning {B.language}. / I spend my evenings with {B.hobby}. / A lot of {B.hobby}, and I have {B.pet} now. / Mostly work. And you?
A: Sounds good. / Nice! I'm {A.job} now. #me / Do you like it? #like / Busy as always! / I've started {A.hobby}. #me / And are you happy? #like
B: Yes, I think so. <like / I am, really. <like / Good for you! <me / It keeps me busy. / Some days more, some days less. <like / Since when? <me #since
A: Since {month}. <since / For a year now. <since / Good to hear. / That's life.

= since
A: Since when do you live in {B.city}? / How long have you been living in {B.city}? / When did you move to {B.city}?
B: For {smallnumber} years. / Since last {season}. / {smallnumber} years already. / A long time, I like it here.
A: Wow, so long! / Do you want to stay? #stay / And before that? #before / Time flies.
B: Yes, I'm at home here. <stay / Maybe one day I'll go to {B.country}. <stay / Before that I lived in {B.born}. <before / In {B.born}, with my parents. <before / I know.

= name
A: Where does your name come from? / Who chose your name? / Do you like your name?
B: My {mum|dad|grandma} chose it. / I don't know, but I like it. / From my {grandma|grandpa|great-aunt}. / It's okay. And you, {A}?
A: {B} is a beautiful name. / It suits you. / I like my name too. / I was nearly called {friend}!
B: Thank you! / Haha, really? / {A} is nice too.

= wish
A: If you won a million, what would you do? / What would you do with a lot of money? / What is your biggest dream?
B: A trip to {B.country}! / I'd buy a house by the sea. / Work less and do more {B.hobby}. / A garden and {B.pet}. / I'd give half of it away.
A: I would come with you! / Sounds wonderful. / That's a good dream. / And what about me? #me
B: You can have a room there. <me / You get half, of course. <me / One day! / Let's buy a ticket. / Dreaming is free.
"""
