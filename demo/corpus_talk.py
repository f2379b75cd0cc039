"""Dialogues about films, work, feelings, jokes, news and dates. The notation is explained in `demo/corpus.py`."""

FLOWS = """
= choice
A: {Tea or coffee|Coffee or tea}? / {Cats or dogs|Dogs or cats}? / {Sweet or salty|Salty or sweet}? / {Sea or mountains|Mountains or sea}? / {Book or film|Film or book}? / {Early bird or night owl|Night owl or early bird}? / {Summer or winter|Winter or summer}?
B: The first, without a doubt. #one / Both! #both / That's hard. The second. #one / Depends on the day. #both / The first. #one / I can't choose. #both / Easy, the second one. #one
A: Good choice. <one / Me too! <one / Wrong answer, haha. <one / I knew it. / I would take the other one. <one / That's cheating! <both / You have to choose! <both

= film
A: Have you seen {film}? / Do you know {film}? / Did you watch {film}? / Have you ever seen {film}?
B: Yes, I loved it! #good / No, is it good? #no / Yes, it was so boring. #bad / Not yet. #no / I fell asleep halfway. #bad / Of course, three times! #good / Yes, I cried at the end. #good
A: Me too! <good / Really? I liked it. <bad / It's great, you should watch it. <no #watch / I watched it yesterday. <good / Let's watch it together! <no #watch / The music is so good. <good / The end is a bit strange. <good / You have no taste, haha. <bad
B: Okay, {tonight}? <watch / The ending was the best part. <good / Good idea! <watch / I liked the beginning more. <good / Don't tell me the end! <watch / I'll put it on my list. <watch / Maybe I was just tired. <bad / It was too long for me. <bad
A: I won't say a word. <watch / Great, I'll bring {snack}. <watch / Give it another chance. <bad / I'd watch it again. <good

= film
A: Shall we watch a film {tonight}? / Film tonight? / Want to go to the cinema? / I want to watch something. Any ideas?
B: Yes! What shall we watch? #what / {genre} would be nice. #genre / I'd like to see {film}. #film / How about {film}? #film / Good idea. {genre}? #genre / Let's watch {film}! #film
A: How about {film2}? <what / {film} sounds good. <film / Okay, {genre} it is. <genre / I've already seen that. Maybe {film2}? <film / {genre}? <what / As long as there is popcorn.
B: Great! I'll bring {snack}. / Deal. / Perfect, at {clock}? #time / I heard it's good. / Okay, I'll get the tickets.
A: Super! / Yes, {clock}. <time / You're the best. / See you then.

= film
A: How was the film? / How was {film}? / Did you like the film? / How was the cinema?
B: Really good! #good / It was great. #good / Too long. #bad / Boring. I left early. #bad / Funny, we laughed a lot. #good / Scary! I can't sleep now. #scary / The book was better. #bad
A: What was it about? #about / Oh, then I want to see it too. <good #see / Good that I stayed home. <bad #home / The book is always better. <bad #home / Who was in it? #who / Haha, poor you. <scary / Why? <bad #why
B: Next time you choose the film. <home / You were right to stay home. <home / About a family and their secret. <about / A man who loses everything and finds a friend. <about / You should! <see / I've forgotten the names. <who / Come over and hold my hand. <scary / Nothing happened for two hours. <why / Too many people, too much noise. <why / Next time we go together. <see <good

= series
A: Are you watching {series}? / Have you seen the new episode of {series}? / I started {series}. / Do you watch {series}?
B: Yes, I'm so addicted! #yes / No spoilers please! #behind / Not yet. Is it good? #no / I gave up after two episodes. #stop / Every evening. #yes / I'm at season {two|three|four}. #behind
A: It's so good! <no <yes / I won't say anything. <behind / Me too. <yes / I can't believe what happened! <yes / You have to go on, it gets better. <stop <behind / I watched {smallnumber} episodes yesterday.
B: Okay, okay, I'll try it. <no <stop / Right?! <yes / You need sleep, my friend. / Who is your favourite? <yes / Tell me when you're done. <behind

= book
A: What are you reading? / Are you reading something good? / Can you recommend a book?
B: {book}. / I'm reading {book}. / {book}, it's really good. / I just finished {book}.
A: Is it good? #good / What's it about? #about / Can I borrow it? #borrow / I'm reading {book2}. / I should read more.
B: Yes, I can't stop. <good / A bit slow, but beautiful. <good / Sure, I'll bring it. <borrow / It's about a family by the sea. <about / I'll lend it to you when I'm done. / You would like it.

= concert
A: There's a concert on {day}! Do you want to come? / I have two tickets for a concert. Are you coming? / Do you want to go to a concert with me?
B: Who is playing? #who / Oh yes! When? #when / How much is it? #much / I'd love to! When? #when / What kind of music? #kind
A: A small band from {city}. <who / {A.music}. <kind / On {day} at {clock}. <when / It's free! <much / I invite you. <much
B: I'm in! / Then I can't say no. / Great, I'm looking forward to it. / {A.music}? I'll bring ear plugs. <kind / Wow, thank you! <much

= work
A: How is work? / How's work going? / How is your job going? / How are things at work?
B: Busy. I'm writing {worktask}. #busy / Fine, but {boss} is difficult. #hard / Really good, I like the people. #good / Boring today. #bored / Stressful. I have to finish {worktask} until {day}. #busy / I still have {worktask} to do. #busy / Okay. I have a lot to learn. #good
A: You'll manage! <busy / That sounds stressful. <busy <hard / Good to hear. <good / Don't work too hard. <busy / When are you done? <busy #when / Do you need help with it? <busy #help / Why, what's the problem? <hard #why / Is the day at least over soon? <bored #when
B: Thanks, I hope so. <busy / At {clock}, I hope. <when / No, but thank you. <help / Nothing is ever good enough. <why / I need a holiday. <busy <hard <bored / How is it with you? <good

= work
A: I have so much work. / I'm still at work. / I hate Mondays. / My boss is crazy. / I have to work at the weekend. / {boss} just gave me {worktask}, for tomorrow!
B: Oh no, poor you. #kind / Again? / You work too much. #much / How long do you still have to work? #long / That's not fair. #kind / You should say no sometimes. #no / Breathe! You can do it. #kind
A: Until {clock}, I think. <long / Two more hours. <long / I know, but I need the money. <much / I know. It's only this week. <much / Thanks. I need chocolate. <kind / I tried! <no / It will be over soon. / Yes, again.
B: I'll bring you {snack}. / Then we'll have {drink} after that. / Okay, keep going! / Hang in there. / I'm sending you a hug. / Think of the holidays.
A: You're an angel. / Deal! / Thanks, that helps. / I will.

= study
A: I have an exam on {day}. #exam / I have to study {subject}. #exam / I have a {subject} exam tomorrow. #exam / I failed my {subject} test. #fail
B: Good luck! <exam #kind / Oh no. Is it hard? <exam #hard / You'll do fine. <exam #kind / Did you study enough? <exam #study / Can I help you? #help / I was always bad at {subject}. <fail / Next time it will work out. <fail #kind / I'm sorry. What happened? <fail #why
A: I'm so nervous. <exam / Very hard. <hard / Not really, I watched series instead. <study / Yes, every day for two weeks. <study / Yes please, I don't understand anything. <help / Thank you! <kind / I hope so. <kind / I was too tired to think. <why / I was never good at it. <fail
B: You can do it! / Take a deep breath and sleep well before. <exam / Then start now! <study <hard / Come over, we'll study together. / I'll keep my fingers crossed. / I believe in you.
A: Thanks, {B}. / You're a good friend. / I'll tell you how it goes.

= exam
A: How did the exam go? / How was your exam? / How was the {subject} test? / Did you pass?
B: I passed! #good / It went well, I think. #good / Not good. #bad / It was easier than I thought. #good / I don't know yet. #wait / Yes, with a good grade! #good / Terrible, I forgot everything. #bad
A: Great! <good / I knew you could do it. <good / Oh, I'm sorry. <bad / I'm sure it's better than you think. <bad <wait / When will you know? <wait #when / Let's celebrate! <good #party
B: Thank you! <good / On {day}. <when / In two weeks. <when / I hope so. <bad <wait / Yes, let's! <party / I need sleep first. <party <good / Well, now it's over. <bad

= health
A: I'm ill. / I have {illness}. / I don't feel well. / {bodypart} hurts. / I think I'm getting {illness}.
B: Oh no, get well soon! #kind / Poor you! Do you need anything? #need / Have you seen a doctor? #doctor / Stay in bed! #kind / Since when? #when / Shall I bring you soup? #need
A: Since yesterday. <when / Since this morning. <when / Not yet. <doctor / Yes, I have to rest for a week. <doctor / Soup would be wonderful. <need #soup / Thanks, I'm drinking lots of tea. <kind / No, thank you, {relative} is here. <need / I just need sleep. <kind <need
B: I'll come by with soup. <soup / Then sleep and get better. / Please call the doctor tomorrow. / Take care of yourself. / You should rest. / Okay, tell me if you need something.
A: Thank you, you're so kind. / I will. / Thanks, {B}. / Okay, boss.

= health
A: Are you feeling better? / How is {bodypart}? / Are you better today? / How is your cold?
B: Much better, thanks. #good / A little better. #good / Not really, it still hurts. #bad / Yes, I'm back on my feet. #good / It still hurts a bit. #bad
A: Good to hear! <good / Good. Take it slowly. <good / Oh no. Stay in bed. <bad / I'm glad. <good / Do you need anything? <bad #need
B: No, but thanks for asking. <need / Just company. <need / I will. / Thanks, you're sweet.

= tired
A: I'm so tired. / I can't sleep. / I could sleep all day. / I slept only {three|four|five} hours.
B: Me too. / Why? #why / Go to bed early today. / What did you do last night? #why / Count sheep! #sheep / Poor you. Why is that? #why
A: I watched {series} until {two|three|one}. <why #tv / The neighbours had a party. <why / I had {smallnumber} coffees today. <why #own / I dreamed that {dream}. <why #dream / Work, work, work. <why / I've counted {smallnumber} hundred already. <sheep / I will. Only one more hour. / I need a holiday.
B: Haha, your own fault. <tv <own / That's a crazy dream! <dream / Is it good at least? <tv #q / I know that feeling. / Then take a nap. / Put the phone away and close your eyes.
A: It was worth it! <q / Good idea. / Only ten minutes. / I'll try.

= feelings
A: I'm so happy! / I'm so happy today! / I'm in such a good mood. / Today is a good day!
B: Why? / What happened? / Tell me! / That's nice to hear! Why? / Great! Why is that?
A: I have {the day off|holidays|a new bike|the best friends|a date tonight}! / {friend} asked me out! / I found twenty euros. / I got {present}. / I don't know, just so. / The sun is shining and I have {snack}.
B: I'm happy for you! / You deserve it. / Nice! / That's the best reason. / Keep that feeling. / I like that.

= feelings
A: I'm sad. / I feel sad today. / I'm not okay. / I had a terrible day. / I feel lonely. / I want to cry.
B: Oh no, what's wrong? / What happened? / I'm here for you. What is it? / Do you want to talk? / Come here, big hug. What happened? / I'm so sorry. What happened?
A: {friend} and I had a fight. #friend / {relative} is ill. #ill / I don't know, everything is too much. / I lost my job. / I miss home. / {friend} didn't call. #friend / My {cat|dog} is ill. #ill
B: Have you talked to {friend} about it? <friend #talk / I'm so sorry. Is it bad? <ill #bad / That's hard. Can I come over? #come / You're not alone. / Do you want me to call you? #come / It will get better, I promise. / I know how that feels.
A: Not yet. <talk / I tried, but no answer. <talk / The doctor says it will be okay. <bad / Yes please. <come / Thanks for listening. / I'm glad that I have you. / Maybe later. I just wanted to tell someone. <come
B: Always. / I'll be there in {minutes} minutes. <come / You can call me at any time. / That's what friends are for. / I'll bring chocolate.

= feelings
A: I'm so nervous. / I'm a bit nervous about {tomorrow}. / I'm so excited! / I can't stop thinking about {tomorrow}.
B: Why? What's happening? / What for? / Why, what is it? / What's happening {tomorrow}?
A: My first day at work! / I have to give a talk. / My exam! / I'm meeting {friend}'s parents. / A job interview! / I'm flying to {country}.
B: You'll be great! / I'll keep my fingers crossed. / Good luck! / It will be wonderful. / You can do it. / Just be yourself.
A: Thanks! / I hope so. / I'll tell you how it went. / That helps. / Easy to say, haha.

= bored
A: I'm bored. / I'm so bored. / It's so boring here. / What should I do? I'm bored.
B: Read {book}! #do / Do {chore}, haha. #chore / Call {friend}. #do / Go for a walk. #do / Come over! #come / Watch {film}. #do / Me too. Shall we play {game}? #come
A: No, I don't feel like it. <do / Good idea. <do / Okay! In {minutes} minutes? <come / I did that already. <do <chore / Very funny. <chore / Oh yes, I'm coming! <come
B: Then I can't help you. <do <chore / You are difficult, haha. <do <chore / I'm waiting. <come / Great! <come / Only boring people are bored. <do

= angry
A: I'm so angry! / I can't believe it! / You won't believe what happened. / {friend} is driving me crazy. / {boss} is so unfair!
B: What happened? / Why, what happened? / Tell me everything. / Oh no, what now? / Calm down. What's wrong?
A: {friend} forgot our date. / Someone stole my bike! / {boss} gave me {worktask} at five. / The neighbours are loud again. / They cancelled my holiday. / My train was an hour late.
B: That's terrible! / How annoying! / I'd be angry too. / Not nice at all. / What did you do? #did / Did you say something? #say / I'm sorry.
A: I just left. <did / Nothing, I was speechless. <did / Yes, but it didn't help. <say / I didn't know what to say. <say / Thanks. Now I feel better. / I ate a whole bar of chocolate. #choc
B: Chocolate always helps. <choc / That was right. <did <say / Tomorrow you can laugh about it. / Come over, I'll make {drink}.

= love
A: I met someone. / I have a date {tonight}! / I think I'm in love. / I have a crush on someone.
B: Ooh, tell me everything! #tell / Really? Who is it? #who / Wow! Who? #who / What's the name? #who / How exciting! Where did you meet? #where
A: {friend}, from work. <who #name / {friend}. But don't tell anyone! <who #name / At {place}. <where / I can't eat or sleep. <tell / So funny and kind. <tell / We met at {place}. <tell
B: I'm so happy for you! / What will you wear? #wear / Have fun! / When can I meet {friend}? <name #meet / Be careful with your heart.
A: Thank you! / My blue shirt. <wear / No idea! <wear / Soon. <meet / I'll tell you everything tomorrow.

= advice
A: Can you give me some advice? / I need your advice. / I don't know what to do. / Can I ask your opinion?
B: Sure, what's the problem? / Of course. Tell me. / About what? / What's going on? / I'm listening.
A: Should I take the job in {city}? #do / I need a present for {relative}. #gift / Should I call {friend} or wait? #call / What should I wear to the wedding? #wear / {friend} and {friend2} both invited me on {day}. #both
B: Follow your heart. <do <call <both / How about {gift}? <gift / Call! Life is short. <call / Something simple. <wear / The blue one looks good on you. <wear / What do you really want? <do <both / Sleep on it. <do <call / Make a list. <do / {gift}, everyone likes that. <gift
A: You're right. / Good idea! / Hmm, I'll think about it. / Thank you, that helps. / Easier said than done. / I knew you would say that.

= gift
A: What shall I give {friend} for the birthday? / Any ideas for a present for {relative}? / I need a present for {friend}. / {friend} has a birthday on {day}. Any ideas?
B: {gift}? / Maybe {gift}. / How about {gift}? / {present}! / I would buy {gift}. / {friend} likes {hobby}, something for that?
A: Great idea! / Not that again. Something else? #else / Hmm, how much does that cost? #much / Shall we buy it together? #together / Perfect!
B: Yes, let's do that. <together / Not much. <much / Around twenty euros. <much / Then {gift2}. <else / What about {gift2}? <else / Glad to help.

= joke
A: Do you want to hear a joke? / Want to hear a joke? / I have a joke for you!
B: Yes please! / Always! / Okay, tell me. / Is it a good one? / Sure, I need a laugh.
A: What do you call a bear without teeth? #bear / Why did the tomato turn red? #tomato / What is brown and sticky? #stick / What do you call a fish without an eye? #fish / Why was the maths book sad? #maths / How does the sea say hello? #sea / Why can't a bike stand alone? #bike / What did the zero say to the eight? #zero
B: I don't know. / No idea, tell me. / Hmm, I give up. / What? Tell me!
A: It saw the salad dressing! <tomato / A stick! <stick / Fsh! <fish / It had too many problems. <maths / It waves! <sea / It's two-tired! <bike / Nice belt! <zero / A gummy bear! <bear
B: Haha! / That's terrible! / Haha, good one. / I don't get it. / Oh no, that was bad. / You should be on TV. / Haha, I'll tell {friend}.

= joke
A: Tell me a joke! / Do you know a joke? / I need a laugh. Do you know a joke? / Make me laugh!
B: What do you call a bear without teeth? A gummy bear! / Why did the tomato turn red? It saw the salad dressing! / What is brown and sticky? A stick. / Why don't eggs tell jokes? They would crack up. / What do you call a fish without an eye? Fsh. / I would tell you a pizza joke, but it's too cheesy. / Why was the maths book sad? It had too many problems. / What do clouds wear? Thunderwear. / How does the sea say hello? It waves. / Why can't a bike stand alone? It's two-tired. / What did the zero say to the eight? Nice belt!
A: Haha! / That's terrible! / Haha, good one. / I don't get it. / Oh no, that was bad. / I'm crying. / Another one! / You should be on TV.
B: Thank you, thank you. / I have more! / I know, I'm so funny. / My dad told me that one. / You laughed!

= joke
A: Knock knock! / Knock knock. / Knock, knock.
B: Who's there? / Who is there?
A: Lettuce. #lettuce / Boo. #boo / Cows go. #cows / Olive. #olive / Harry. #harry
B: Lettuce who? <lettuce / Boo who? <boo / Cows go who? <cows / Olive who? <olive / Harry who? <harry
A: Lettuce in, it's cold out here! <lettuce / Don't cry, it's only a joke. <boo / No, cows go moo! <cows / Olive you too! <olive / Harry up and open the door! <harry
B: Haha! / Oh no. / That was so bad. / I can't believe I answered that. / Haha, okay, good one.

= tease
A: You're crazy. / You're so silly. / You are a strange person. / You're impossible!
B: I know. And you like it! / Takes one to know one. / Thank you. / Only on {day}s. / That's why we are friends. / Look who's talking!
A: Haha, true. / Never change. / You win. / Okay, okay.

= photo
A: Look at this photo! / I found an old photo of us! / Do you want to see a photo? / Guess what I found! A photo from {summer|school|our holiday}.
B: Show me! / Oh no, how old is that? #old / Haha, my hair! / We look so young. / Where was that? #where / Wow, so long ago!
A: In {city}, remember? <where / At least {five|ten|eight} years. <old / Those were the days. / Your hair was great! / That was a good time.
B: I remember! <where / Time flies. / We had so much fun. / We should go there again. <where / Please never show it to anyone.

= trivia
A: Did you know that octopuses have three hearts? / Did you know that honey never goes bad? / Fun fact: bananas are berries! / Did you know that a snail can sleep for three years? / Did you know that cows have best friends? / Fun fact: sharks are older than trees. / Did you know that penguins give each other stones? / Did you know that otters hold hands when they sleep? / Fun fact: a day on Venus is longer than its year. / Did you know that wombats make square poo?
B: Really? I didn't know that! / No way! / Where did you read that? #where / Haha, what? / Wow, cool. / You always know such things. / I don't believe you. #proof
A: It's true! <proof / I read it in {book}. <where / I saw it on TV. <where / Look it up! <proof / Now you know. / My head is full of useless facts.
B: I'll tell {friend}. / I love it. / Tell me another one! / Useful for the next quiz. / Okay, I believe you. <proof

= quiz
A: What's the capital of {country}? Quick! / What's {seven times eight|twelve times four|a hundred minus seven}? / How many legs does a spider have? / Which is bigger, the sun or the moon?
B: Is this a quiz? #why / Why do you want to know? #why / Easy! Ask me something harder. #easy / I was never good at school. #bad / Are you doing your homework? #why
A: Yes, for the quiz on {day}. <why / Just testing you. <why <easy / I have to help {relative}. <why / Never mind, I'll look it up. <bad / Okay, then come to the quiz on {day}! <easy <bad
B: Then I want to be in your team! / Do I get a prize? / I'm too tired to think. / Haha, okay.

= date
A: What day is it today? / Which day is it today? / What day is today?
B: {today}. / It's {today}. / Today is {today}. / {today}, I think. / {today}! Are you okay?
A: {today} already? / Oh no, I thought it was {tomorrowday}. / Time flies. / Thanks! I lost track. / Ah, right. Then {tomorrow} is {tomorrowday}.

= date
A: Which month is it? / What month do we have? / Is it still {month}? / Which month is it again?
B: It's {month} {year}. / {month}! / {month}, my friend. / {month}, the whole month long.
A: Already {month}! / The year goes by so fast. / Haha, I know. / I need a new calendar.

= date
A: Which year is it again? / What year is it? / Is it already {year}?
B: It's {year}. / {year}! / {month} {year}, where have you been? / {year}. Did you sleep that long?
A: I can't believe it's {year}. / {year}, right. I'm getting old. / Already {year}!

= date
A: What time is it? / Do you know what time it is?
B: Almost {clock}. / It's {clock}. / Late! / Time to go home. / {clock}, I think.
A: Already? / Thanks! / Oh no, I have to run. / I'm late! / Okay, then I have some time left.

= news
A: Guess what! / Guess what happened! / You won't believe this! / I have news! / Did you hear the news?
B: What? / Tell me! / What happened? / What is it? / I'm curious, what is it?
A: {friend} and {friend2} are getting married! #wed / {friend} is moving to {city}. #friend / I saw {friend} at {place}! #saw / {friend} has a new job. #friend / I'm going to be an {aunt|uncle}! #me / I bought {furniture}, finally. #buy / We're getting {pet}! #me
B: No way! When? <wed <friend #when / About time! <wed <buy / Really? How is {friend}? <saw #how / The world is small. <saw / That's great news! <wed <me <friend / How do you know? <wed <friend #know / I'm so happy for you! <me / Show me a photo! <buy <me
A: {friend} told me. <know / In {smallnumber} months! <when / Good, as always. <how / Older, but happy. <how / I know, right? / I'm so excited. <me
B: Say congratulations from me! <wed <friend / Say hello from me! <saw / We have to celebrate! <me <wed / Wow.

= friend
A: How is {friend}? / Have you heard from {friend}? / Did you see {friend} lately? / What is {friend} doing these days?
B: {friend} is fine. #good / {friend} has a new job. #good / {friend} moved to {city}. #move / Not for a long time. #no / We met last week at {place}. #good / {friend} is ill, sadly. #ill / {friend} asked about you! #good
A: Oh, good. <good / Say hello from me! <good <move / Really? I didn't know. <move / I should call. <no <ill / Oh no, send my best wishes. <ill / I miss {friend}. <good <move <no
B: I will. <good <ill <move / We should all meet up. / You should. <no <ill / Like in old times.

= call
A: Can I call you? / Can we talk on the phone? / Can you call me? / Shall I call you?
B: Yes, of course. #yes / Not now, I'm at work. #later / In {minutes} minutes? #yes / Sure, is everything okay? #okay / Give me {minutes} minutes. #later / I'm on {vehicle}, later? #later
A: Okay, later then. <later / I just want to hear your voice. <yes <okay / All good, don't worry. <okay / No hurry. <later / I have so much to tell. <yes <okay / Great, talk to you then. <yes <later
B: Okay! / Good. / I'm curious. / Until then!

= yesno
A: Are you serious? / Are you kidding? / Is that true? / Are you sure?
B: Yes, really. #yes / I'm serious. #yes / No, haha. #no / Would I lie to you? #yes / One hundred percent. #yes / Haha, of course not. #no
A: Wow. <yes / Okay, I believe you. <yes / You got me. <no / I'm speechless. <yes / I knew it! <no / Haha, you! <no

= where
A: Where were you yesterday? / What did you do yesterday? / What did you do today? / What have you been doing all day?
B: I was at {place} with {friend}. #out / At home, I was ill. #ill / I visited {relative}. #out / I worked all day. #work / I was {swimming|hiking|shopping}. #out / Nothing much. {chore} and {series}. #home / I cooked {dish} and watched {film}. #film
A: Sounds nice! <out <film / How was it? <out #how / Without me? <out #me / Oh no, are you better now? <ill #ill2 / Poor you. <work <ill / Oh, how is {film}? <film #how / That sounds like a calm day. <home <film
B: It was lovely. <how / I liked it a lot. <how / Yes, thanks. <ill2 / Next time you come with me. <me <out / I needed that. <home <film <out / And what did you do?

= doing
A: What are you doing? / What are you doing right now? / What are you doing just now? / What are you up to?
B: I'm cooking {dish}. #eat / I'm watching {film}. #film / Just {chore}. #dull / I'm reading {book}. #film / Eating {snack}. #eat / Nothing. I'm bored. #dull / I'm on {vehicle}. #way / I'm working on {worktask}. #dull / I'm lying in bed. / Drinking {drink} and looking out of the window. / I'm listening to {B.music}. / Waiting for {friend} at {place}. #way
A: Oh nice! <eat <film / Can I come over? <eat <film #come / Sounds exciting, haha. <dull / Enjoy! <eat <film / Where are you going? <way #going / Have fun! <dull <way / Is it good? <film #good / Lucky you, I'm at work.
B: Sure, come! <come / Yes, very. <good / To {place}. <going / Home. <going / And you? / What about you? / What are you doing?
A: I'm just {cooking|resting|cleaning|waiting for {vehicle2}}. / Thinking about dinner. / I'm having {drink}. / Not much. / I was just going to call {friend2}. / Working, as always.

= game
A: Shall we play {game}? #play / Did you see the match? #match / Do you want to play {game} on {day}? #play
B: Yes, but you always win. <play / We won, two to one! <match #won / I love {game}! <play / No, who won? <match #who / Sure, I'll beat you. <play
A: That's not true. <play / Yay! <won / We lost, sadly. <who / We won! <who / We'll see about that! <play / I'll bring {snack}. <play
B: Game on! <play / I'm practising already. <play / What a pity I missed it. <who / It was a great match. <won / Next time we watch it together. <match
"""

# What may lead over to another subject, before the first line of the next dialogue.
CONNECTORS = """By the way, / Oh, and / Anyway, / Something else: / What I wanted to ask: / Before I forget, / Oh, by the way, / So, / Other question: / Btw, / One more thing: / And / Oh, I nearly forgot:"""
