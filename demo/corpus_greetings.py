"""Dialogues that open and close conversations, and small courtesies. The notation is explained in `demo/corpus.py`."""

FLOWS = """
= greeting
A: {hey|hi|hello} {B}! / {hey|hi} / {hello|hi} there / {hey|hi|hello} :) / {B}! / hey you / hi hi
B: {hey|hi|hello} {A}! / {hey|hi} / hello you / {hi|hey} :) / {A}! Good to hear from you. / oh hello! / {hi|hey}, what's up?

= greeting
A: {Hi|Hey|Hello} {B}, how are you? / {Hi|Hey}, how are you? / How are you? / {Hey|Hi} {B}, how are you doing? / {Hey|Hi}, how is it going? / How's it going, {B}? / How is it going? / {Hey|Hi}, you okay? / {Hi|Hello}! How are things? / How are you today? / Everything alright with you?
B: I'm {feelgood}, thanks! And you? / {feelgood}, and you? / Going well! How about you? / All good here. You? / {feelgood}, thank you. How are you? / Can't complain. What about you? / I'm fine, thanks for asking. And yourself? / Good, good. And you?
A: I'm {feelgood2} too. / Also {feelgood2}. / All fine here. / {feelgood2}, thanks. / Pretty much the same as always. / Good, just a bit busy. / I'm okay, a little tired. / All good. / Very well, the sun is out. / Me too, thanks. / Fine, just had {drink}.

= greeting
A: {Hi|Hey|Hello} {B}, how are you? / How are you? / {Hey|Hi}, how's it going? / How's it going? / You okay? / How are you feeling today?
B: Hmm, {feelbad} today. / To be honest, {feelbad}. / I'm {feelbad}. / Not great, I'm {feelbad}. / A bit {tired|stressed|grumpy}, to be honest. / I've been better.
A: Oh no, what happened? / Oh no, why? / What's wrong? / I'm sorry to hear that. What happened? / Oh dear. What is it? / Why is that?
B: I didn't sleep well. #sleep / Too much work. #work / I have {illness}. #ill / Just a long week. / I had a fight with {relative}. #fight / Nothing special, just one of those days. / {broken} broke again. #broken / {boss} was in a bad mood all day. #work / The weather, I think.
A: I'm sorry. Get well soon! <ill / Go to bed early tonight. <sleep / Don't let work eat you up. <work / You'll make up again. <fight / Oh, that's annoying. Can I help? <broken / I'm sorry. I hope it gets better soon. / Poor you. Take it easy today. / Big hug! / That sounds hard. Rest a bit. / Tomorrow will be better, you'll see. / Then have {drink} and put your feet up.
B: Thank you, that's kind. / Thanks. I'll be fine. / Thanks, {A}. You're the best. / Thanks, I'll try. / Already better now that I talk to you. / Thanks, that helps.

= greeting
A: What's up? / Hey, what's up? / What's new? / What's new with you? / Any news? / Hey {B}, what are you up to? / So, what's going on?
B: Not much. You? / Nothing special, and with you? / Not a lot, just {cooking|reading|working|resting|cleaning up|watching a film}. You? / Just {hobby}. And you? / Same old, same old. You? / Just lying on the sofa. What about you?
A: Just {at home|on my way home|at work|in bed|in the kitchen}. / Same here. / Also nothing. / I'm bored. / Just drinking {drink}. / Waiting for {vehicle}. / Trying to finish {worktask}.

= greeting morning
A: Good morning! / Good morning {B}! / Morning! / Good morning, did you sleep well? #slept / Morning, are you awake? / Good morning sunshine
B: Good morning! Yes, I slept like a stone. You? <slept #you / Morning! I need coffee first. / Good morning {A}! / Morning. I'm still in bed. / Good morning! How did you sleep? #you / Too early for me, but good morning. / I slept badly. You? #you
A: I slept well, thanks. <you / Not so well, I dreamed that {dream}. <you / Very well, thanks. <you / Badly, the neighbours were loud. <you / Like a baby. <you / I was up at {morningclock} already. / Have a nice {today}! / Any plans for today? / The coffee is ready.

= greeting evening
A: Good evening! How was your day? / Good evening {B}, how was your day? / Hey, how was your day? / How was your day? / How was work today? / Did you have a good day? / Good evening, how was your {today}?
B: It was {feelgood}, thanks. How was yours? / Good, but long. And yours? / Long! I worked on {worktask} all day. #hard / Quiet. I only did {chore}. / Very nice, I was at {place}. #nice / Okay. And your day? / Stressful, {boss} wanted everything at once. #hard / Busy, but I got everything done. #hard
A: Mine was good too. / Mine was long, I'm happy to be home. / Sounds like you need a break. <hard / Then you have earned a calm evening. <hard / Nice! Mine was quiet. <nice / Oh, I like it there. <nice / I was at home all day. / Mine was okay. Now I just want {dish} and my bed.

= greeting afternoon
A: How is your day going? / Hey, how's your {today} so far? / Hi {B}, busy day? / How is your {today} going?
B: It's going well, thanks. / Slowly. I want to go home. #tired / Not bad, I had {dish} for lunch. / Busy, but fine. #tired / Quite nice so far. How is yours? / I'm half asleep, to be honest. #tired
A: Mine is quiet. / Only a few hours left! <tired / Hang in there. <tired / Then get yourself {drink}. <tired / Good to hear. / Mine is going well too. / I'm just having {drink}.

= greeting
A: Long time no see! / It's been ages! / Hey stranger, long time no hear! / We haven't talked for weeks! / I haven't heard from you in forever.
B: I know! How have you been? / Yes, far too long. How are you? / True, sorry. It was a busy time. How are you? / Hello! What have you been up to? / Indeed. So, tell me everything!
A: Good, I'm learning {A.language} now. #new / Busy with work, but happy. / I was in {A.country} for two weeks. #trip / Not much has changed here. And you? #you / I've taken up {A.hobby}. #new / I moved house, imagine that. / Fine, fine. And you? #you
B: {A.language}? Wow! <new / How is it going? <new / Oh, how was {A.country}? <trip / Wow, {A.country}! <trip / I'm still working as {B.job}, nothing new. <you / Good! I do a lot of {B.sport} now. <you / That sounds good. / We should meet up soon. / I'm happy to hear from you.

= greeting
A: Are you there? / Hello? Are you there? / You there? / Are you awake? / Anyone home? / Got a minute? / Do you have a moment? / Can I ask you something?
B: Yes, I'm here. / Yes, what's up? / I'm here, what's up? / Sure, what is it? / Of course. / Sure. What's up? / Yes, tell me. / Always for you.

= farewell
A: I have to go now. / I have to go, {relative} is calling. / Okay, I need to run. / I've got to get back to work. / So, I have to leave now. / Okay, talk later? / My {bus|train|tram} is here, got to go.
B: Okay, bye! / Alright, talk soon. / See you! / Take care! / Sure, bye {A}! / Okay, have fun! / No problem, until later.
A: Bye! / See you soon! / Bye bye! / Talk to you later. / Take care, {B}. / Ciao!

= farewell night
A: Good night! / I'm off to bed, good night. / Okay, bedtime for me. / I'm so tired, I'm off to bed. / Good night {B}, sleep well.
B: Good night! / Sleep well! / Good night {A}, sweet dreams. / Night night! / Sleep tight. / Good night, talk tomorrow.
A: You too! / Thanks, you too. / Until tomorrow! / Thanks!

= farewell evening
A: I'm off to bed soon. / I'm falling asleep here. / Time for bed, I have to get up early. / Good night then!
B: Good night, sleep well! / Already? Okay, good night! / Sleep well, {A}. / Good night! / Sweet dreams!
A: You too! / Good night! / Thanks, see you tomorrow. / Night!

= farewell
A: It was nice talking to you. / Nice chatting with you! / Good to hear from you, {B}. / Thanks for the chat.
B: You too! Talk soon. / Likewise! Bye! / Always a pleasure. / Same here, take care! / We should do this more often.

= farewell
A: See you {tomorrow|later|on {day}|soon}! / Until {tomorrow|later|then}! / Talk to you {tomorrow|later|soon}!
B: See you! / Until then! / Looking forward to it. / Yes, see you! / Can't wait! / Bye! / See you, bye!

= farewell
A: Have a nice {today}! / Have a good day! / Have a nice evening! / Enjoy your day! / Have a good one!
B: Thanks, you too! / You too, bye! / Thank you! Same to you. / And you!

= thanks
A: Thank you so much for {your help|the present|yesterday|the lovely evening|listening|the lift|everything}! / Thanks again for {helping me move|the cake|the book|lending me your bike|feeding the cat|the tip}. / Thanks for {coming|calling|the photos|the flowers}!
B: You're welcome! / No problem at all. / My pleasure. / Anytime! / Don't mention it. / Of course, that's what friends are for. / Glad I could help. / It was nothing. / You're very welcome, {A}.
A: You're the best. / I owe you one. #owe / Really, it meant a lot. / Next time it's my turn. #owe / I'll bake you {cake} for it. #cake
B: Haha, deal! <owe <cake / I'll remember that. <owe <cake / Stop it, you're making me blush. / {cake}? I won't say no. <cake / You would do the same for me.

= sorry
A: I'm sorry about {yesterday|last night|this morning|what I said|the mess|the noise}. / Sorry that I {forgot to call|was so grumpy|didn't answer|forgot your birthday|ate your {snack}|woke you up}. / I want to say sorry.
B: It's okay, don't worry. / No worries! / Already forgotten. / It's fine, really. / Apology accepted. / Thanks for saying that. / I was a bit sad, but it's okay now. / Don't be silly, nothing happened.
A: Thank you. I feel better now. / Are you sure? #sure / Phew. / You're too kind. / I'll make it up to you with {cake}. #cake / It won't happen again.
B: Yes, I'm sure. <sure / Of course. <sure / With {cake} everything is forgiven. <cake / Haha, okay. <cake / Good. / We're still friends, don't worry. / All good.

= sorry
A: Sorry for the late reply! / Sorry, I only just saw your message. / Sorry, my phone was {off|in the other room|on silent|empty}. / Sorry, I fell asleep. / Sorry, I was in a meeting.
B: No problem! / No worries, it wasn't urgent. / That's okay. / Don't worry, I was busy too. / I thought so. / It's fine, I only wanted to say hi. / I was starting to worry!
A: What did you want? / So, what's up? / What was it about? / Tell me, what is it?
B: I just wanted to ask if you have time on {day}. #time / Nothing special, just hello. / I wanted to know if you like {dish}. #dish / I found {your keys|your scarf|your book|your umbrella}! #found / It was about {day}, can you come? #time / I have forgotten it again, haha.
A: Ah, okay! / Yes, {day} is good. <time / {day}? Sure! <time / I love {dish}! <dish / Yes, why? <dish / Oh, thank you! Where was it? <found / Haha, okay.

= compliment
A: Nice new photo! #photo / I like your new picture. #photo / You looked great yesterday. / Your new haircut looks fantastic. #hair / I love your new jacket. #jacket
B: Aww, thank you! / Thanks, that's sweet. / Really? I wasn't sure about it. <hair <jacket <photo / Oh stop it. / Thanks, it's from last summer. <photo / Thanks, it was a present from {relative}. <jacket / Thank you, {A}, you made my day.
A: It really suits you. <hair <jacket / I mean it! / No, really. / I'm only telling the truth. / You should wear it more often. <jacket
B: You're too kind. / Haha, okay, I believe you. / I'm blushing. / Thanks again.

= congrats
A: I got the job! / I passed the exam! / I passed my driving test! / We're getting married! / I finally finished {worktask}! / We won the game! / They said yes, I got the flat! / I ran ten kilometres today!
B: Congratulations! / Wow, congratulations, {A}! / Yes!! I knew it! / That's amazing! / Wonderful news! / I'm so happy for you! / Well done, you! / No way, that's fantastic!
A: Thank you! I can't believe it. / Thanks, I'm so happy! / I'm still shaking. / I had to tell you first. / Thanks! Now I need a drink.
B: We have to celebrate! #when / You deserve it. #nice / How do you feel? #feel / When do we celebrate? #when / I'm proud of you. #nice / So, what's the plan now? #when
A: Yes! On {day}, at {place}? <when #plan / Come over tonight, there's {cake}. <when #plan / I feel {feelgood}. <feel / Tired, but happy. <feel / Thank you, {B}. <nice / Aww, you're so sweet. <nice / Soon, I promise. Drinks are on me! <when #plan
B: Perfect, I'll be there. <plan / Great, I'll bring {drink}. <plan / Count me in. <plan / You can be proud. <feel <nice / Enjoy it! <feel <nice

= birthday
A: Happy birthday {B}! / Happy birthday!! / Happy birthday to you! All the best! / Happy birthday, old friend!
B: Thank you so much! / Thanks, {A}! / Aww, thank you for thinking of me! / Thank you! I feel old. / Thanks!!
A: Are you having a party? #party / How are you celebrating? #party / What are your plans today? #party / Did you get nice presents? #gift / Is there cake? #cake
B: Yes, on {day}, you're invited! <party #come / Just dinner with the family. <party #quiet / I got {present} from {relative}! <gift / Of course, {cake}, come over! <cake #come / No plans, just a quiet day. <party #quiet / Yes, {present}! <gift
A: That sounds lovely. <quiet / Enjoy it! <quiet / I'll come by at {clock}. <come / I have a present for you too. / Save a piece for me! <cake / Oh, nice! <gift
B: See you later then! <come / You're too sweet. / Thank you! / Aww, thanks.

= miss
A: I miss you. / I miss our talks. / I was just thinking of you. / I saw {animal} today and thought of you. / Wish you were here.
B: I miss you too. When do we see each other again? / Aww, me too. When can we meet? / That's sweet of you. When will you visit me? / Then we should meet soon!
A: Soon, I hope. / How about {day}? #day / Next weekend? #day / You're always welcome here in {A.city}. / As soon as I have time. / I could come on {day}. #day
B: Sounds perfect. <day / Yes please! <day / I'd love that. / Good, I'll look at the trains. / I'm looking forward to it.
"""
