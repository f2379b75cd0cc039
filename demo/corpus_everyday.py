"""Dialogues about plans, food, errands, weather, being late, the household. The notation is explained in `demo/corpus.py`."""

FLOWS = """
= plans
A: What are you doing {tonight}? / Any plans for {tonight}? / Are you free {tonight}? / Do you have time {tonight}? / What are your plans for {tonight}?
B: Nothing yet. Why? / No plans so far. / I'm free! What do you have in mind? / Not sure yet. Any ideas? / I wanted to watch a film. Why? / I think I'm free, why?
A: Want to go to {place}? / Shall we cook together? / Would you like to come over for {dish}? / We could play {game}. / Let's go to {place}! / Want to watch {film} with me? / {friend} is having a party, want to come?
B: Sounds good! When? / Yes, great idea. What time? / I'd love to. At what time? / Sure, why not. When? / Oh yes! When should I be there? / Good idea. When shall we meet?
A: At {clock}? / Around {clock}? / How about {clock}? / {clock} would be good for me. / I'm free from {clock}. / Let's say {clock}.
B: {clock} works for me. / Perfect, see you at {clock}! / Okay, {clock} it is. / Great, see you then. / A bit later would be better, {clock2}? / I'll be there at {clock}.
A: Great, see you! / Perfect! / Looking forward to it. / Super, see you later. / Okay, until then! / Alright!

= plans
A: What are you doing {tonight}? / Are you free {tonight}? / Do you have time on {day}? / Want to meet on {day}? / Want to come to {place} with me?
B: Sorry, I can't. / Sorry, I already have plans. / Unfortunately not, I have to work. / I can't, {relative} is visiting. / I'd love to, but I have to finish {worktask}. / Not today, I'm too tired. / I don't think so, I have {illness}. #ill
A: Oh, too bad. / What a pity. / No problem, another time. / Okay, maybe next week? / Never mind! / Ah, shame. What about {day2}? #day / Poor you. Get well soon. <ill
B: Next time for sure. / {day2} would be great. <day / Yes, {day2} is better. <day / Next week sounds good. / I'm sorry! Next time. / Let's find another day. / Please ask me again.

= plans
A: Shall we meet {tomorrow}? / Do you want to meet at the weekend? / Shall we do something on {day}? / When do we meet? / When do you have time? / Are you around on {day}?
B: Yes, I have time on {day}. / {day} is good for me. / {day} afternoon would work. / How about {day}? / I'm free on {day}. / I can on {day}.
A: Okay, {day}. Where shall we meet? / {day} is perfect. Where? / Good, {day} then. Where shall we meet? / Works for me. Where? / {day} it is. Where do you want to go?
B: At {place}? / Let's meet at {place}. / How about {place}? / We could go to {place}. / I'd like to see {place}. / In front of {place}, at {clock}.
A: Great idea! / Sounds good. / Oh yes, I haven't been there in ages. / Perfect, I like it there. / Okay, {place} then. / Good, I'll be there.

= plans
A: We're going to {place} on {day}, are you coming? / Some of us are meeting at {place} later. Coming? / There's a concert on {day}. Do you want to join? / {friend} and I are playing {game} tonight. Are you in?
B: Who else is coming? / Maybe, who else is coming? / Sounds fun! Who's coming? / Good idea, who will be there?
A: {friend2}, {friend3} and me. / Just {friend2} and {friend3}. / The usual people. / About {smallnumber} of us.
B: Then I'm in. / Okay, I'll come. / Nice, count me in! / Good, I'll bring {snack}. / I'll think about it. / Great, I'm looking forward to it.
A: Great! / Yay! / Super, see you there. / Perfect, bring good mood. / Okay, let me know.

= weekend
A: What are you doing at the weekend? / Any plans for the weekend? / What are your weekend plans?
B: I'm visiting {relative} in {city}. #visit / I'm going {hiking|swimming|cycling} if the weather is good. #nice / Nothing at all, and I love it. #nice / {chore}, sadly. #sad / I'm meeting {friend} at {place}. #visit / Sleeping, mostly. #nice / I want to bake {cake}. And you? #nice
A: Sounds nice! <nice <visit / Oh, good for you. <nice <visit / Lucky you, I have to work. <nice <visit / Have fun! <visit <nice / I'm going to {place}, I think. / Say hello from me! <visit / Oh no, poor you. <sad / Me too, so much to do. <sad
B: Do you want to join me? <nice <visit / I'll send you photos. <nice <visit / Well, maybe there is time for {drink} too. / How was your week?

= weekend
A: How was your weekend? / Did you have a nice weekend? / How was the weekend?
B: It was lovely, I was at {place}. #good / Too short! / Great, I visited {relative} in {city}. #good / Quiet, I just read {book}. / Good! I went {swimming|hiking|dancing} with {friend}. #good / Rainy, so I stayed in bed. And yours?
A: That sounds nice. <good / Always too short, yes. / Mine was quiet. / Mine was good. I met {friend2}. / I only did {chore}. / I worked, so not great. / Oh, lovely! <good
B: Next time come along. <good / You need a rest, too. / Well, the next one is coming. / Only {smallnumber} days until the next one!

= dinner
A: What's for dinner? / What are you cooking tonight? / What are you eating? / What did you cook? / What will you have for dinner? / What are you making for dinner?
B: {dish}, I think. / I'm making {dish}. / Probably {dish}. / I was thinking of {dish}. / Just {dish}, I'm too lazy for more. / {dish}! Want some? #want
A: Yum! / Oh, I love {dish}! / Sounds delicious. / Again? You had that yesterday! #again / Save some for me! #want / Mmm, now I'm hungry. #want / Can I have the recipe? #recipe
B: Come over, there's enough! <want #come / It's really easy to make. <recipe / I'll send it to you. <recipe / It's the only thing I can cook. <again / I could eat it every day. <again / I'll save you a plate. <want / You can come by at {clock} if you like. #come
A: Really? I'm on my way! <come / You're the best. / I'll bring {drink}. <come / I'll be there in {minutes} minutes. <come / Thank you! <recipe <want / Haha, okay. <again

= dinner
A: I'm so hungry. / I'm hungry! / I could eat a horse. / I'm starving. / My stomach is so loud.
B: Me too! What shall we eat? #what / What do you feel like? #what / Shall we order something? #what / Didn't you have lunch? #lunch / There's {dish} in the fridge. #fridge / Then let's eat something! #what
A: I want {dish}. <what #food / I feel like {dish}. <what #food / Pizza? <what / No, I only had {snack}. <lunch / No, there was no time. <lunch / Oh, wonderful. <fridge / I'd rather have {dish2}. <fridge / But there's nothing in the fridge. <what
B: {dish} sounds perfect. <food / Okay, {dish} it is! <food / Then let's go out. <what / That's not enough! Come, I'll cook for you. <lunch / Good, eat it all. <fridge / I'll order something. <what / I'm coming to you.
A: Yes please! / You saved my life. / Great, thank you. / Hurry!

= pizza
A: Shall we order pizza? / Pizza tonight? / I'm ordering pizza. What do you want? / Which pizza do you want?
B: Yes! With {topping}, please. / Of course. One with {topping}. / {topping}, as always. / I'll take the one with {topping}. / With {topping} for me.
A: {topping}? Really? #really / Okay, one with {topping}. #ok / Great choice. #ok / As you wish. #ok
B: Yes, {topping} is the best! <really / Don't judge me. <really / Thank you! How long will it take? <ok #time / Perfect. When will it be here? <ok #time
A: Haha, okay, {topping}. <really / You are strange. <really / About {minutes} minutes. <time / They said {minutes} minutes. <time

= food
A: I made {cake}! / I've just baked {cake}. / There's {cake} here. / I baked {cake} for tomorrow.
B: Oh wow, can I have a piece? #piece / For me?? #piece / Yum! I'm coming over. #piece / I love {cake}! #piece / What's the occasion? #why
A: Of course! <piece / Only if you bring {drink}. <piece #bring / If you hurry. <piece / No reason, I just felt like it. <why / It's the birthday of {relative}. <why
B: On my way! <piece / Deal. <bring / Best news of the day. / I'll be there in {minutes} minutes. <piece / Can I have a piece too? <why / You're wonderful.

= food
A: What's your favourite food? / Which food do you like best? / What do you like to eat? / What is your favourite dish?
B: {B.food}! / {B.food}, always. / My favourite is {B.food}. / I like {B.food} best. / Everything, but {B.food} most of all.
A: Oh, me too! #same / I prefer {A.food}. / Good choice. / Then I know what to cook for you. #cook / Interesting! Mine is {A.food}.
B: Then we should eat it together. <same / Yes please! <cook / Now I'm hungry. / {A.food} is great too. / Can you cook {A.food}?

= food
A: Do you like {dish}? / Have you ever tried {dish}? / Can you cook {dish}?
B: Yes, I love {dish}! #yes / Of course! #yes / Not really. #no / No, never. #no / Yes, but only from {relative}. #yes
A: Good, because I'm making it {tonight}. <yes #invite / Then come over on {day}! <yes #invite / You don't know what you are missing. <no / Oh. Then I'll make {dish2}. <no / I want to learn how to make it. <yes
B: Great, I'll be there! <invite / Thank you, with pleasure! <invite / I'll bring {drink}. <invite / I can show you. <yes / {dish2} would be perfect. <no / Maybe one day I'll try again. <no

= coffee
A: Do you want {a coffee|some tea}? / Coffee? / Time for a coffee? / Shall we get a coffee? / Fancy a coffee later?
B: Yes please! / Always! / Good idea. Where? #where / I'd love one. / With pleasure. When? #when / I don't drink coffee, but I'd take {B.drink}. #other
A: In {minutes} minutes? <when / At {place}? <where / At {clock}, my place. <when / I'll put the kettle on. / Then {B.drink} it is. <other / Milk and sugar? #milk
B: Great, see you there! <where / Perfect, thank you. / I'm coming. / Just milk, please. <milk / Two sugars, please. <milk / You know me so well. <other / Okay! <when

= lunch
A: Have you had lunch? #had / Did you eat already? #had / Lunch together? #together / Shall we have lunch together? #together
B: Not yet. <had #free / No, I'm waiting for you. <had #free / Yes, {dish}. It was okay. <had #done / Good idea! When? <together #free / No time today, I only have {snack}. #busy
A: Then let's go at {lunchclock}. <free / I'll pick you up at {lunchclock}. <free / That's not enough, you have to eat. <busy / Okay, tomorrow then. <busy / Too bad, I wanted to ask you to come along. <done / {dish}? Nice. <done
B: Great, see you at {lunchclock}. <free / Perfect. <free / I know, I know. <busy / Yes, tomorrow. <busy / Next time! <done / I could have lunch again tomorrow. <done

= errands
A: I'm at {shop}. Do you need anything? / I'm going to {shop}. Shall I bring something? / Do we need anything from {shop}? / I'm shopping, what do we need?
B: Yes, {ingredient} please. / {ingredient} and {ingredient2}, please. / Can you bring {ingredient}? / We have no {ingredient} left. / {errandthing}, if they have it.
A: Okay! Anything else? #else / Got it. Anything else? #else / Okay, and {snack}? #else / They are out of that, I'm afraid. #out / Will do. / How much? #much
B: No, that's all. Thanks! <else / Maybe {snack}. <else / Oh, and {ingredient3}! <else / Too bad. Then never mind. <out / Okay, another time. <out / Just one. <much / As much as you can carry. <much / Thank you!
A: Alright, see you in {minutes} minutes. / Okay, on my way home. / Done! / There's a long queue here, it may take a while.

= errands
A: Can you {buy {ingredient}|get {errandthing}|pick up the parcel|water the plants|feed {B.petname}|bring the bins out} {today|tomorrow|on the way home}, please? / Could you please {buy {ingredient}|get {errandthing}|go to {shop}|call the doctor} for me? / Don't forget to {buy {ingredient}|get {errandthing}|call {friend}|pay the rent}!
B: Sure, no problem. #yes / Yes, will do. #yes / Of course. #yes / I already did! #done / Okay, I'll do it later. #yes / Good that you remind me! #yes / I'll try, but I have little time. #yes / Can't you do it? #no
A: Thank you! <yes <done / Thanks, you're great. <yes <done / Wow, you're fast. <done / I'm stuck at work, sorry. <no / I would, but I'm ill. <no
B: You're welcome. <yes <done / No problem. <yes <done / Okay, okay, I'll do it. <no / Fine, but you owe me one. <no

= lost
A: I can't find {object}. / Have you seen {object}? / I've lost {object}! / Do you know where {object} could be?
B: Have you looked {found}? #look / Did you look {found}? #look / No, sorry. When did you last have it? #when / Maybe {found}? #look / Again? Look {found}! #look
A: No, not there. <look / Wait, I'll look. <look / This morning, I think. <when / Yesterday evening. <when / I've looked everywhere. <look
A: Found it! It was {found2}. / It was {found2}! / Got it, {found2}. How silly. / Okay, it was {found2}.
B: Haha, I knew it. / Typical you. / There you go! / Good. / How did it get there? #how / You would lose your head if it wasn't attached.
A: No idea! <how / Good question. <how / Don't laugh. / I know, I know. / I need a holiday. / Thanks for your help anyway.

= broken
A: {broken} is broken. / {broken} is broken again. / {broken} doesn't work any more. / Something is wrong with {broken}.
B: Oh no! What happened? #what / Again? What happened? #what / Did you try turning it off and on? #try / Not again. What did you do? #what / That's annoying. Since when? #when
A: No idea, it just stopped. <what / Since this morning. <when / Since yesterday. <when / It makes a strange noise. <what / Of course I did! <try / Yes, three times. <try / I didn't do anything! <what
B: Call someone to repair it. #call / {friend} can fix things like that. #call / I can have a look {tomorrow}. #help / Maybe it's time for a new one. #new / Oh dear. That will be expensive. #new
A: Good idea. <call <new / Would you? That would be great. <help / Thank you! <help / I hope not, I'm broke. <new / Thanks, I'll ask. <call / You're right. <new <call
B: No problem. <help / I'll bring my tools. <help / Good luck! / Let me know how it goes.

= weather sunny
A: What a beautiful day! / The sun is shining! / It's so warm today. / How is the weather in {B.city}? / Such nice weather today!
B: Sunny, {temperature} degrees. #sun / I know, I'm in the park. #out / Here it's raining, sadly. #rain / Finally sun! #sun / Too hot for me. #hot / Not a cloud in the sky. #sun / And I'm stuck inside. #in
A: Let's go to {place}! <sun <out #go / Lucky you. <out / Oh no, come here then. <rain / Then let's get ice cream. <hot <sun #go / I'm sitting on the balcony. <sun <in / Drink enough water! <hot / Come out! <in #go / You poor thing. <in <rain
B: Good idea! <go / I'm coming. <go / Give me half an hour. <go / I wish I could. <in <rain / Enjoy the sun! / I love days like this. <sun <out / I will. <hot

= weather rainy
A: It's raining again. / It's raining cats and dogs. / This rain! / I got so wet on the way home. / How is the weather in {B.city}?
B: Rain, rain, rain. #rain / I got completely wet. #wet / Here the sun is shining! #sun / I forgot my umbrella. #wet / I like the rain. #like / Grey and cold. Tea weather. #rain / Raining here too. #rain
A: Oh no, take a hot shower. <wet / Go home and get dry. <wet / Lucky you! <sun / You're strange. <like / Yes, sofa and {drink}. <rain <like / It's supposed to get better on {day}. <rain / I want summer back. <rain
B: I hope so. <rain / Perfect day for a film. / Finally a reason to stay in bed. <rain <like / Haha, I know. <like <sun / I'm already under a blanket. <wet / I need {drink} now. <wet <rain

= weather winter
A: It's snowing! #snow / Look outside, snow! #snow / It's so cold here, {minus two|minus five|zero} degrees. #cold / My hands are frozen. #cold
B: Really? Not here. <snow #not / I know! It's so pretty. <snow / Let's build a snowman. <snow #man / Wear a scarf! <cold / I hate the cold. <cold / Make yourself some tea. <cold #tea / I'm not leaving the house. #house
A: Yes! In {minutes} minutes at {place}? <man / I'll send you a photo. <not / Winter is the best. <snow / Good plan. <house <tea / The bus isn't coming either. <snow / I already have one. <tea / I want to go to {country}. <cold
B: Oh, lovely! <man <not / You're crazy. / I want hot chocolate now. / Summer will come, be patient.

= late
A: Where are you? #where / Are you coming? / When will you be here? / Are you on your way? / I'm here. Where are you? #where / Are you late again?
B: Sorry, I'm running late. #late / On my way! / Almost there! / {vehicle} is late. #late / I'll be there in {minutes} minutes. / Sorry, I missed {vehicle}. #late / Just leaving now. #late / Still at home, sorry! #late / In front of {place}. <where #there
A: Okay, no stress. / Hurry up! / Again?! <late / Okay, I'll wait inside. / I'm waiting at {place}. / No problem, I'm late too. <late / I'll order {drink} for you. / I can't see you! <there
B: Thanks! / Sorry!! <late / You're great. / I'm running! / See you in a moment. / I'll buy you {drink}. / I'm waving! <there
A: Okay. / Take your time. / See you.

= late
A: I'm going to be late. / Sorry, I'll be {minutes} minutes late. / I'm late, sorry! / {vehicle} isn't coming. / I overslept! / I'm stuck in traffic.
B: No problem. / Okay, no worries. / As always. / I'm used to it. / Don't hurry, I'm late too. / How long will it take? #long / Okay, we'll start without you. #start
A: About {minutes} minutes. <long / {minutes} minutes, I hope. <long / Thanks for waiting. / I'm so sorry. / I'm running. / Save me a seat! <start / Next time I'll be on time, promise. #promise
B: I don't believe you. <promise / I'll save you a seat. / Okay, see you then. / All good.

= train
A: I'm on the train. #trip / My train is late. #late / I'm sitting on the bus. #trip / I'm at the station. #trip / I missed my train. #late
B: When do you arrive? #when / How late will you be? <late #when / Oh no! When does the next one go? <late #when / Where are you going? <trip #where / Shall I pick you up? #pick
A: At {clock}. <when / In {minutes} minutes, I hope. <when / To {city}, to see {relative}. <where / To {city}, for work. <where / Yes please, at {clock}! <pick / No, I can walk, but thank you. <pick
B: Okay, I'll be at the station. <pick <when / Say hello from me. <where / Have fun in {city}! <where / Text me when you are there. / Good, see you then. <when <pick / Did you bring something to read?  #read
A: Will do! / Thank you! / Yes, {book}. <read / No, I'll sleep. <read

= home
A: Are you at home? / Are you home? / Are you still at home?
B: Yes, why? #home / Yes, I'm in {room}. #home / No, I'm at {place}. #out / Not yet, I'm on {vehicle}. #out / Just got home. #home / No, at work. Why? #out / No, at {shop}. #out
A: I'm outside your door! <home #door / Can I come over? <home #come / Can you let me in? <home #door / Just asking. / I have a parcel for you. / When will you be home? <out #when / Okay, then later. <out
B: Of course, come in! <door / Really? I'm coming down. <door / Sure, come! <come / Around {clock}. <when / In {minutes} minutes. <when / Okay!
A: Great, thanks. / See you in a bit! <come <when <door / Perfect.

= chores
A: I have to clean {room}. #have / I finally did {chore}. #done / Who does {chore} today? #who / It's your turn to do {chore}. #turn / {room} looks terrible. #looks
B: I'll do it {tonight}. <turn <who <looks #will / Again? I did it last week. <turn #no / Well done! <done / Have fun. <have / I can help you. <have <looks #help / I know, I'm sorry. <looks <turn / Me, I promise. <who #will / Wow, I'm proud of you. <done
A: Thank you! <will <help <done / Promise? <will #promise / That would be great. <help / Haha, no way, it's your turn. <no / Haha, very funny. <have / Let's do it together. <looks <turn
B: Promise! <promise / Yes, yes. <promise <no / After {dish}. <will <help / I need {drink} first. / Okay!

= money
A: Can you lend me {ten|twenty|five} euros? #lend / I'm broke. #broke / Everything is so expensive. #broke / I still owe you money. #owe
B: Sure, when do you need it? <lend / Again? <lend / Me too. It's the end of the month. <broke / It's {ten|twelve|fifteen} euros, no hurry. <owe / Don't worry about it. <owe / What did you buy? <broke #buy / Forget it, you paid last time. <owe
A: {tomorrow} if possible. <lend / I'll give it back on {day}. <lend <owe / {furniture}, I needed it. <buy / Thanks, you're great. <lend <owe / {present} for {relative}. <buy / I'll eat only {dish} this week. <broke
B: Okay! / No problem. <lend <owe / Sounds nice, actually. <buy / Haha, good luck with that. <broke / You can eat at my place. <broke

= moving
A: I found a flat! / I'm moving house. / I'm moving to {city}. / We have the keys to the new flat!
B: Congratulations! Where is it? #where / Wow! When are you moving? #when / Great news! Where is it? #where / Oh, do you need help? #help / How many rooms does it have? #rooms
A: Near {place}. <where / In {city}, near the station. <where / On {day}. Can you help me carry {furniture}? <when #carry / {smallnumber} rooms and a balcony. <rooms / In {smallnumber} weeks. <when / Yes please, I need strong arms. <help #carry / It's small but bright. <rooms
B: Of course, I'll be there. <carry / Sounds lovely. / I can bring {friend} and the car. <carry <when / I'm happy for you. / I want to see it! / Is there pizza afterwards? <carry #pizza
A: Thank you so much! / There will be pizza for everyone. <pizza / Come and visit! / I'll show you everything.

= travel
A: I'm going to {country}! / I'm flying to {country} on {day}. / We booked a holiday in {country}. / I'm so excited, {country} in {smallnumber} days!
B: Wow! For how long? #long / I'm so jealous. #take / Take me with you! #take / Lucky you! What will you do there? #what / Great, who is coming with you? #who
A: {smallnumber} days. <long / Two weeks! <long / Swim, eat and sleep. <what / See the old towns and eat {dish}. <what / I'll send you a postcard. <take / {friend} and {friend2}. <who / My bag is big enough for you. <take
B: Enjoy it! / Bring me something nice! #bring / Send photos! #bring / Have a great time. / You need it. / Don't forget your passport! #pass
A: I will! <bring / Of course. <bring / Thanks! / My passport, good point. <pass

= travel
A: Where do you want to go on holiday? / If you could travel anywhere, where would you go? / Which country would you like to see?
B: {B.country}! / To {B.country}, without a doubt. / {B.country}. I've dreamed of it for years. / Probably {B.country}. And you?
A: Why {B.country}? #why / Oh, I'd like that too. #too / I'd choose {A.country}. #other / Interesting. For me it's {A.country}. #other
B: Because of the food. <why / The sea, the sun, the people. <why / I saw a film about it once. <why / Then let's go together. <too / {A.country} is nice too. <other / What's so good about {A.country}? <other #what
A: The mountains and the sea. <what / Good reason. <why / Let's save money! / One day we will go. <too <other

= garden
A: {plant} is dying! #bad / {plant} is growing so well. #good / I bought a plant. #good / My plants look sad. #bad
B: Did you water it? <bad #water / Too much water, maybe? <bad #much / Put it in the sun. <bad #tip / You have a green thumb! <good / I kill every plant. #kill / Talk to it, haha. #talk
A: Every day! <water / I forgot for two weeks. <water / Maybe that's the problem. <much / I talk to it already. <talk / Thank you for the tip. <tip <much / You can have some of mine. <good <kill
B: Poor plant. <bad / Good luck! / I'll take one, but don't be sad when it dies. <good / Send me a photo! <good
"""
