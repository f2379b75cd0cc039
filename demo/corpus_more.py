"""More everyday dialogues: invitations, phones, clothes, memories, small quarrels, feasts. The notation is explained in `demo/corpus.py`."""

FLOWS = """
= invite
A: Do you want to go {swimming|hiking|dancing|running|climbing|skating} with me on {day}? / Let's go {swimming|hiking|dancing|cycling} on {day}! / Fancy a walk {tonight}? / Will you come to {place} with me on {day}?
B: Yes, I'd love to! #yes / Oh yes, good idea! #yes / Hmm, I'm not sure, I'm so lazy. #lazy / Sorry, I can't on {day}. #no / If the weather is good, yes. #maybe / I've never done that, but okay! #yes
A: Great! I'll pick you up at {clock}. <yes / Come on, it will be fun! <lazy / Pity. Another day? <no #other / It will be sunny, I checked. <maybe / Nice, I'm looking forward to it. <yes / You need to move a bit, haha. <lazy
B: Okay, okay, I'm coming. <lazy / {day2} would work. <other / Next week maybe. <other / Perfect. <yes <maybe / See you then! <yes <maybe / What shall I bring? <yes <maybe #bring
A: Just yourself. <bring / Water and good mood. <bring / Great! / {snack}, please! <bring

= invite
A: I'm having a party on {day}. Will you come? / Party at my place on {day}! / You're invited to my party on {day}! / We're having people over on {day}. Are you coming?
B: Of course! What shall I bring? #bring / Sure! When does it start? #when / Yes! Can I bring {friend}? #friend / Oh no, I'm in {city} that day. #no / What are we celebrating? #what
A: {drink} would be great. <bring / Just yourself! <bring / At {clock}. <when / Of course, the more the better. <friend / What a pity! <no / My new flat! <what / Nothing, just life. <what / My birthday! <what
B: Great, I'm looking forward to it! <bring <when <friend <what / I'm so sorry. Have a great time! <no / Good, see you on {day}! <when <bring <friend / I'll bring {cake}. <what <bring

= restaurant
A: Where shall we eat? / Do you know a good restaurant? / Can you recommend a restaurant? / Where do you want to go for dinner?
B: There is a new place near {place}. / I know a small one with great {dish}. / The Italian one? / The one at {place} is good. / Somewhere cheap, please.
A: Is it expensive? #cost / What do they have? #have / Sounds good. Shall I book a table? #book / Do we need to book? #book
B: Not at all. <cost / A little, but it's worth it. <cost / {dish}, {dish2}, things like that. <have / Yes please, for {clock}. <book / I'll call them. <book / Everything, even {cake}. <have
A: Perfect. / Okay, let's go there! / I'm hungry already. / Good, for {smallnumber} people? #people
B: Yes. <people / No, just us two. <people / Me too! / See you there.

= breakfast morning
A: What did you have for breakfast? / Have you had breakfast? / Shall we have breakfast together? / Are you hungry already?
B: Only {coffee|tea}. #little / {snack}. #little / Not yet. #no / Two eggs and {coffee|tea}. #lots / I'm still in bed! #no
A: That's not a breakfast! <little / You have to eat something. <little <no / Then come over, I have fresh bread. <no <little #come / Wow, like a king. <lots / I only had {snack2}.
B: I'm coming! <come / I know. / I was hungry. <lots / Give me {minutes} minutes. <come / I'll have more later. <little

= cookhelp
A: How long do I have to cook {eggs|potatoes|rice|pasta|lentils}? / How do you make {dish}? / Can you help me? I'm cooking {dish}. / Do I need {ingredient} for {dish}?
B: About {minutes} minutes. #time / It's easy: {ingredient}, {ingredient2} and a bit of salt. #how / Sure, what's the problem? #help / I think so. #how / Ask {relative}, I only know {dish2}. #ask
A: Thanks! And with salt? <time #salt / I have no {ingredient3}. <how <help #none / It's burning! <help #burn / It smells strange. <help #burn / Okay, I'll try. <how <ask / Good idea. <ask
B: Yes, a bit. <salt / Take {ingredient4} then. <none / Take it off the heat! <burn / Order a pizza, haha. <burn / Good luck! / Let me know how it tastes.
A: Thank you, chef! / It's edible! / It's actually good! / Let's never talk about it again.

= phone
A: My phone is almost dead. / My battery is at two percent. / My phone is dead soon. / I dropped my phone!
B: Oh no! / Where is your charger? #charger / Then charge it! #charger / Again? / Is it broken? #broken
A: I forgot it at home. <charger / I left it at work. <charger / The screen has a crack. <broken / No, it's fine, luckily. <broken / If I don't answer, you know why. / Talk to you later then.
B: You can have mine. <charger / Okay, talk later. / Lucky you. <broken / Put it in rice, haha. <broken / Good to know.

= wifi
A: What's the wifi password? / Does your internet work? / My internet is so slow. / The wifi is down again.
B: It's on the fridge. / Mine works. / Try turning it off and on. #try / Same here. / Call the company.
A: It works now! <try / I did, nothing happens. <try / Thanks! / I hate this. / Finally!
B: You see? / Magic. / Great. / I should work in IT.

= wrongchat
A: Oops, wrong chat! / Sorry, that was for {friend}. / Sorry, wrong person! / That message was not for you, sorry.
B: Haha, no problem. / I was wondering! / Too late, I've read it. / Now I'm curious. / I was about to answer!
A: Please forget it. / How embarrassing. / It was only about {dish}. / It happens to me all the time.
B: My lips are sealed. / Already forgotten. / What a pity, I love secrets. / Haha, okay.

= typo
A: I'm coming at 8. I mean 9. Sorry! / I meant {day}, not {day2}. / Sorry, typo. / My phone always corrects me wrong.
B: Okay, got it. / Haha, I understood. / I was confused for a moment. / No problem. / Thanks for the correction.
A: Good. / I need new glasses. / My fingers are too fat. / I should read before I send.

= mad
A: Are you mad at me? / Are you angry with me? / Did I do something wrong? / Why are you so quiet? / Why don't you answer?
B: No, why? #no / Of course not! #no / A little bit, yes. #yes / No, I was just busy. #no / Sorry, I was asleep. #no / Yes, because you forgot me yesterday. #yes
A: Okay, good. <no / I was worried. <no / I just had a feeling. <no / I'm so sorry! <yes #sorry / What did I do? <yes #what
B: Don't think so much. <no / All good between us. <no / It's okay, I forgive you. <sorry / You forgot to call. <what / You ate my {snack}. <what / Let's just talk next time. <sorry
A: Thank you. <sorry <no / Oh no, I'm sorry. <what / It won't happen again. <sorry <what / Okay!

= encourage
A: I can't do this. / I'm not good enough. / I want to give up. / It's too difficult. / I'm so bad at this.
B: Of course you can! / That's not true. / Don't give up now. / You have already come so far. / Everyone starts small.
A: Do you think so? #think / But I made so many mistakes. #but / I'm just tired. #tired / You always believe in me. / Maybe you're right.
B: I know it. <think / Yes, I do. <think / Mistakes are how we learn. <but / Nobody is perfect. <but / Then take a break and try again. <tired / Sleep first, then try again. <tired / One step after the other. / You'll see.
A: Thank you, I needed that. / Okay, one more time. / You're good at this. / I'll try.

= remember
A: Do you remember {our trip to {city}|the summer in {country}|our first day at school|the party at {place}|our old teacher}? / I was just thinking about {our trip to {city}|the party at {place}|the summer in {country}}.
B: Of course! / How could I forget? / Oh yes, that was so funny. / Haha, don't remind me! / Those were good times.
A: We laughed so much. / You lost your shoes! / It rained the whole time. / And the food was terrible. / I still have the photos.
B: And {friend} was asleep the whole time. / I'd go back at once. / We were so young. / We should do that again. / And we had no money!
A: Let's do it! / Next {season}! / True. / Good old times.

= secret
A: Can you keep a secret? / I have to tell you something. / Promise not to tell anyone? / I have a secret.
B: Of course. / I promise. / I'm like a grave. / Now I'm curious! / You can trust me.
A: I ate your {snack}. #joke / I'm quitting my job. #job / {friend} and I kissed. #kiss / I'm planning a party for {friend}. #party / I've never seen {film}. #joke / I'm moving to {country}. #move
B: I knew it! <joke <kiss / You're kidding. <joke <move <job / Wow! And now? <job <kiss <move #now / Great idea! Can I help? <party / Haha, that is your secret? <joke
A: I don't know yet. <now / We'll see. <now / Yes please, you make the cake. <party / Please don't be angry. <joke / Not a word to anyone!

= bet
A: I bet you can't {cook {dish}|swim one kilometre|stay off your phone for a day|get up at 6|sing in public}. / Shall we bet? I say it will rain on {day}.
B: Of course I can! / What do I get if I win? #win / I bet I can! / You're on. / Easy!
A: A big ice cream. <win / {dish}, cooked by me. <win / I want to see that. / The loser does {chore}. / Okay, deal!
B: Deal! / You will lose. / Get ready! / I can taste it already. <win

= clothes
A: What should I wear {tonight}? / What are you wearing to the party? / Do you like my new {shirt|dress|jacket|shoes}? / Is it cold outside? Do I need a jacket?
B: Something warm. / The {colour} one. / Something {colour}! / You look good in everything. / Jeans, as always. / I'd take a jacket.
A: I have nothing to wear! / Good idea. / Are you sure? #sure / I only have {colour2} things. / Thanks, that helps.
B: You have a full wardrobe! / Very sure. <sure / Trust me. <sure / Nobody will look at your clothes. / Send me a photo.

= haircut
A: I was at the hairdresser! / I cut my hair! / I want to dye my hair {colour}. / I need a haircut.
B: Show me! / Really? Short? #short / {colour}? You're brave! / Send a photo! / Why? It looks good.
A: Very short. <short / Just a bit. <short / Not yet, it's terrible. / I needed something new. / Wait, I'll send you a photo.
B: I'm sure it looks great. / It will grow again. / Wow, nice! / Now I want one, too.

= parcel
A: My parcel is here! / Did the post come? / I'm waiting for a parcel. / The parcel didn't come again. / I ordered {furniture}.
B: What did you order? #what / Oh, what's in it? #what / It's at the neighbour's. #where / Not yet. / They never ring here.
A: {present}, for {friend}. <what / It's a surprise! <what / {errandthing} and {errandthing2}. <what / I'll get it later. <where / Thanks! <where / I've been home all day!
B: Nice! / I love parcels. / Maybe {tomorrow}. / I hope it's not broken.

= directions
A: How do I get to {place}? / Where is {place}? / I'm lost. Where are you? / Which bus goes to {place}?
B: Take {vehicle} and get off at the station. #take / It's next to {place2}. #next / Go straight on, then left. #go / Where are you now? #now / The number {smallnumber}. #take
A: Left or right? <go #lr / In front of {place2}. <now #front / Okay, and how long does it take? <take #long / Ah, now I know! <next / I see it! <next <go / No idea, it's all {trees|houses|shops} here. <now #front
B: Left! <lr / About {minutes} minutes. <long / Stay there, I'll come. <front / Great! / Then turn around, I'm behind you. <front

= appointment
A: I have to go to the dentist. / I have an appointment at the doctor's. / I have to go to the doctor on {day}. / I hate the dentist.
B: Oh no! When? #when / Poor you. Does it hurt? #hurt / Shall I come with you? #come / Nobody likes that. / You'll survive.
A: At {morningclock}. <when / On {day}, early. <when / Not yet. <hurt / A bit. <hurt / Would you? That would be nice. <come / I'm a bit scared. / I hope so.
B: Good luck! / I'll buy you ice cream afterwards. / Of course. <come / Be brave. / Think of something nice.

= jobsearch
A: I'm looking for a new job. / I have a job interview on {day}. / I applied for a new job. / I quit my job!
B: Really? What kind of job? #kind / Good luck! / Wow, how do you feel? #feel / That's brave. / Oh, what happened to the old one? #old
A: As {job}, in {city}. <kind / Something with people. <kind / Nervous! <feel / Free! <feel / It was too stressful. <old / {boss} was impossible. <old / Thanks, I can use it.
B: You'd be great at that. <kind / I understand that. <old <feel / I'll keep my fingers crossed! / They would be lucky to have you. / Tell me how it goes.
A: I will! / Thank you. / You're sweet.

= meeting weekday
A: The meeting is at {morningclock}, right? / When is the meeting? / Are you coming to the meeting? / The meeting was so boring. #boring
B: Yes, in the big room. / At {morningclock}. / It was moved to {day}. / Do I have to? #have / I fell asleep nearly. <boring / I was drawing cats the whole time. <boring
A: Okay, thanks! / I had forgotten it. / Yes, sorry. <have / {boss} wants to see us all. <have / I saw that, haha. <boring / Good to know.
B: See you there. / I'll bring {coffee|cookies}. / Save me a seat at the back. / No problem.

= sleepin weekend
A: Did I wake you? / Are you still sleeping? / Sorry, is it too early? / Are you up?
B: No, I've been up since {morningclock}. #up / Yes, but it's okay. #woke / It's {today}! Let me sleep! #woke / Half. #woke / Almost. #woke
A: Sorry!! <woke / Wow, on a {today}? <up / The sun is shining, get up! <woke / Then let's have breakfast! / Go back to sleep. <woke
B: Five more minutes. <woke / Good idea, I'm hungry. / I couldn't sleep any more. <up / Okay, okay. <woke

= neighbours
A: My neighbours are so loud. / There's a party next door. / My neighbour plays {instrument} at night. / My upstairs neighbour is dancing again.
B: Ring and ask them to stop. #ring / Join the party! #join / Put something in your ears. #ears / Oh no, since when? #when / Poor you.
A: I'm too shy. <ring / I did, they laughed. <ring / I'm in pyjamas. <join / I have none. <ears / Since {ten|eleven|nine}. <when / I just want to sleep.
B: You can sleep at my place. / Call me if it doesn't stop. / Play your music louder, haha. / It will be over soon.

= gym
A: I was at the gym! / I went running today. / I did {sport} for an hour. / Everything hurts, I did {sport} yesterday.
B: Well done! / Wow, you? / I'm impressed. / How far? #far / And I ate {cake}.
A: {smallnumber} kilometres. <far / To the fridge and back. <far / Now I can't move. / I feel great. / Come with me next time! #come
B: Never! <come / Okay, why not. <come / I'm proud of you. / Have {cake}, you deserve it. / Take a hot bath.

= diet
A: I want to eat healthier. / No more sugar for me. / I'm on a diet. / I've stopped eating meat.
B: Again? / Good for you! / Since when? #when / And what about {cake}? #cake / That lasts until {day}, haha.
A: Since this morning. <when / Since {day}. <when / {cake} is an exception. <cake / Don't tempt me! <cake / This time I mean it. / It's not so hard.
B: I'll join you. / I believe you. / Then I'll eat your {snack}. / Okay, salad for you then.

= kids
A: The kids are finally asleep. / My {son|daughter|nephew|niece} is so funny. / I'm babysitting today. / The baby is crying again.
B: Oh, how old now? #old / Sweet! / Then enjoy the silence. / Good luck! / What happened? #what
A: {Two|Three|Five|Seven} already. <old / {Two|Four|Six} months. <old / He put {snack} in my shoe. <what / She asked if the moon is cheese. <what / I need {drink}. / They are wonderful, but so loud.
B: Time flies. <old / Haha, I love it. <what / You're doing great. / Give them a kiss from me.

= ghosts
A: Do you believe in ghosts? / Do you believe in horoscopes? / Do you believe in love at first sight? / Do you think there's life on other planets?
B: Yes, I do. #yes / No, not at all. #no / Only at night. #yes / I'm not sure. #maybe / I'd like to. #maybe
A: Really? Why? <yes #why / Me too. <yes / I do! <no <maybe / Me neither. <no / Nobody knows. <maybe
B: I've seen one. <why / It's more fun that way. <why / Let's talk about something else, it's dark here. / You're funny. / Everyone as they like.

= robot
A: Are you a robot? / Are you real? / You sound like a computer. / Is that really you?
B: Haha, no, it's me. / Beep boop. / Of course it's me! / Only before coffee. / Why do you ask?
A: Just checking. / You answer so fast! / Prove it! #prove / Okay, I believe you.
B: I'm {B} from {B.city}, remember? <prove / I like {B.food}, robots don't. <prove / I have nothing else to do. / Haha, okay.

= whoareyou
A: Who are you? / Who is this? / Who is writing? / Sorry, who are you?
B: It's me, {B}! / {B}, from {B.city}. / It's {B}. New number! / {B}! Did you delete my number?
A: Oh, hi {B}! / Ah, {B}! Sorry, new phone. / Hello {B}! I didn't see the name. / {B}! Long time no hear!
B: No problem. / How are you? / Now you know. / Haha, hi {A}!

= opinion
A: What do you think about {the new boss|{friend}'s idea|the plan|my idea|the new flat|the film}? / Do you like {the new boss|the plan|my idea|my new flat}? / Be honest, is it a good idea?
B: I like it. #good / Honestly? Not so much. #bad / It's great! #good / Not bad. #good / I'm not sure yet. #bad / I'd think about it a bit more. #bad
A: Good! <good / Why not? <bad #why / I thought so. / Thanks for being honest. <bad / I'm glad. <good
B: It's just a feeling. <why / It's too expensive. <why / You should do what feels right. / I could be wrong, of course. <bad

= whatmean
A: What do you mean? / I don't understand. / Can you explain that? / What does that mean?
B: Never mind, it's not important. / I mean that I'd like to see you. #see / I was only joking. #joke / It's a long story. #story / I'll explain it when we meet.
A: Ah, okay! <see / Me too! <see / Haha, now I get it. <joke / I have time. <story #time / Now I'm curious.
B: Okay, but not by text. <time / Let's talk on {day}. / Good. / Don't worry about it.

= wish
A: Good luck {tomorrow}! / Good luck with {the exam|the interview|the talk|your first day}! / I'm thinking of you {today|tomorrow}!
B: Thank you! / Thanks, I need it. / I'm so nervous. / That's so sweet, thanks!
A: You'll be great. / Tell me how it went! / Don't forget to breathe. / You can do it!
B: I will! / Thanks, {A}. / I'll call you after. / Okay!

= howwent
A: How did it go? / How was it? / So? How was it? / How was your first day? / How was the interview?
B: Really good! #good / Not so good. #bad / Better than I thought. #good / I'm glad that it's over. #over / They liked me! #good / I forgot half of it. #bad
A: I knew it! <good / Oh no, I'm sorry. <bad / Yay! <good / You did your best. <bad <over / Tell me more! <good / Now you can relax. <over <good
B: I'll tell you everything {tonight}. / Thanks for asking. / Now I need {drink}. / I'm so tired now.

= visit
A: When are you coming to {A.city}? / You have to visit me! / When will you visit me? / Come and visit me in {A.city}!
B: Soon! Maybe in {season}. / Next month, I hope. / I'd love to. Do you have a sofa for me? #sofa / On {day}? / As soon as I have holidays.
A: Of course, always. <sofa / The sofa is yours. <sofa / Great, I'll show you everything. / I can't wait! / Just tell me when.
B: I'll look at the trains. / What's there to see? #see / I'm looking forward to it! / Great!
A: The market, the river and my kitchen. <see / A lot of {museums|bars|parks}. <see / Me too! / Yay!

= dreams
A: I had such a strange dream. / I dreamed about you! / I had a nightmare. / Guess what I dreamed!
B: What was it about? / Oh, tell me! / What happened? / Was it a good one?
A: {dream}. / I dreamed that {dream}. / We were in {country} and {dream2}. / I've forgotten the end, but {dream}.
B: Haha, what does that mean? #mean / You have too much fantasy. / I want your dreams. / Too much cheese before bed!
A: No idea! <mean / That I need a holiday. <mean / Maybe. / It felt so real.

= car
A: I passed my driving test! / I bought a car! / The car won't start. #bad / I got a parking ticket. #bad
B: Congratulations! Will you take me for a ride? / Oh no. Do you need help? <bad #help / Wow, what colour? #colour / How annoying! <bad / Again? <bad
A: {colour}! <colour / Sure, where to? / Yes please, I'm at {place}. <help / No, {friend} is coming. <help / That was the last time. <bad / I should take the bus. <bad
B: To the sea! / Nice! / I'm on my way. <help / Okay, good luck. <help / Drive carefully!

= bike
A: I have a new bike! / My bike was stolen. #bad / I fell off my bike. #fall / Shall we go cycling on {day}? #go
B: Nice! What colour? #colour / Oh no! Did you call the police? <bad #police / Are you hurt? <fall #hurt / Yes! Where to? <go #where / Good idea, around the lake? <go
A: {colour}, with a bell. <colour / Yes, but they can't do much. <police / Only a little, {bodypart}. <hurt / No, just dirty. <hurt / To {place} and back. <where / Perfect! <go
B: Cool! <colour / I'm sorry. <bad <fall / Take care of yourself. <fall / Great, I'll bring {snack}. <go / You can borrow mine. <bad

= stars night
A: Look at the moon! / Can you see the stars? / The moon is so big tonight. / I can't sleep, the moon is so bright.
B: Wow, beautiful! / I can see it from {room}. / It's cloudy here. #cloud / You're so romantic. / I'm already in bed.
A: What a pity. <cloud / I could look at it for hours. / Make a wish! #wish / Good night then.
B: Done! <wish / I won't tell you. <wish / Good night! / Sleep well.

= christmas christmas
A: Merry Christmas! / Merry Christmas, {B}! / Happy holidays! / Merry Christmas to you and your family!
B: Merry Christmas! / Thank you, the same to you! / Merry Christmas, {A}! Did you get nice presents? / Thanks! What are you eating?
A: {present}! / {dish}, as every year. / Too much food, but it's lovely. / We're all together, it's loud and nice.
B: Enjoy it! / Say hello to everyone. / Sounds perfect. / Big hug!

= newyear newyear
A: Happy new year! / Happy new year, {B}! / Happy {year}!
B: Happy new year! / Thank you, to you too! / All the best for {year}! / Happy new year, {A}!
A: What are your plans for the new year? #plan / I hope it will be a good one. / Did you celebrate? #party
B: More {B.sport}, less work. <plan / Learn {B.language}. <plan / I was asleep at ten. <party / Yes, at {place}! <party / It will be, I'm sure. / Let's see each other more often.

= monday monday
A: Monday again. / I don't like Mondays. / Why is it Monday already? / How was your start into the week?
B: Only four days until the weekend! / I feel you. / Coffee helps. / Slow, but okay. / The weekend was too short.
A: I'm counting. / I've already had {smallnumber} cups. / True. / Let's do something nice on {day}. #do
B: Good idea! <do / Yes please. <do / Hang in there. / It will be over soon.

= friday friday
A: Finally Friday! / It's Friday! / Weekend! / Thank God it's Friday.
B: Yes! Any plans? #plan / Finally! / What a week. / I still have to work tomorrow. #work
A: Sofa, {dish}, {series}. <plan / Dancing all night. <plan / Poor you. <work / Nothing, and I love it. <plan / Let's celebrate!
B: Sounds perfect. <plan / Drink one for me. / Enjoy it! / I'm so tired, I'll just sleep.

= ok
A: I'm home. / I've arrived. / I got home safely. / I'm back.
B: Good! / Great, how was the trip? #trip / Okay, good to know. / Welcome back! / Already? That was fast.
A: Long, but fine. <trip / Good, I slept the whole time. <trip / Yes, I took {vehicle}. / Now I need my bed. / I was lucky with the trains.
B: Rest a bit. / Good. / Talk to you {later|tomorrow}! / I'm glad.

= ok
A: Let me know when you're home. / Text me when you get there. / Write me when you have time.
B: I will! / Okay, will do. / Of course. / Yes, mum. #mum
A: Haha. <mum / Very funny. <mum / Thanks! / Good. / Have a safe trip!

= dishes
A: Who ate my {snack}? / Did you eat the last {piece of cake|banana|cookie}? / Where is the rest of {dish}? / My {snack} is gone!
B: It wasn't me! #no / Sorry, I was so hungry. #yes / Maybe the {cat|dog}? #no / I thought it was mine. #yes / It was so good! #yes
A: I knew it! <yes / You owe me one. <yes #owe / I don't believe you. <no / The {cat|dog} doesn't like that. <no
B: I'll buy you a new one. <owe <yes / Okay, it was me. <no / I'm innocent! <no / Was it important? <yes
"""
