"""Words and emoji beside the corpus that the tokenizer shall keep short: other people's chats hold them."""

_WORDS = """
about above across actually add afraid after again against age ago agree air airport album alone along already also although always
amazing among angry another answer anybody anymore anyone anything anyway anywhere apartment apparently appointment april area arm around arrive art
ask asleep attention august available awake away awesome awful baby back bag ball balcony bank bar bath battery beach beautiful became because become
bedroom been before began begin behind being believe belong below beside between beyond bigger bike bill bird birthday bite black blame bless blood board boat body book border
born borrow both bottle bottom bought bowl box boy boyfriend brain branch brave bread break breakfast breathe bridge bright bring broke brother brought brown brush build building built burn business
busy butter button buying cable cake calendar called calm camera camp cancel candle cannot card careful carry catch cause ceiling celebrate chair chance change channel charge cheap check cheers cheese chicken
child children chocolate choose church circle city class clean clear clever climb clock close clothes cloud club coast code coffee cold collect college colleague come comfortable common company compare complain complete completely
computer concert condition confused connect contact continue contract conversation cool copy corner cost couch could count country couple courage course court cousin cover crazy cream create cried cross crowd
cup curious curtain customer cut cute daddy damage dance danger dangerous dark darling date daughter dead deal dear death december decide decided deep definitely degree delay delivered delivery desk dessert
detail died difference different difficult dinner direct direction dirty disappointed discover disgusting distance doctor document done door double doubt down dozen draw dress drink drive driver driving drop drove dry during dust
each early earth east easy eat edge education effort egg eight either electric else email emergency empty end enemy energy engine engineering enjoy enough enter entire especially euro even evening event ever every everybody everyone
everything everywhere exactly example except excited excuse exercise expect expensive experience explain extra extremely eyes face fact factory fail fair fall false family famous fantastic far farm fast father fault favour favourite
february feed feel feeling fell felt fence festival fever few field fight figure file fill final finally find fine finger finish finished fire first fish five fix flat flight floor flower fly focus follow food foot football
force foreign forest forever forget forgot form forward found four free freezer fresh friday fridge friend friends from front fruit full fun funny furniture further future garage garden gate gave general gentle german germany get getting
gift girl girlfriend give glad glass goal god going gold gone gonna good goodbye got government grab grade grandfather grandmother grass great green ground group grow guess guest guitar gym hair half hall hand happen happened happy
hard hardly hate have head health hear heard heart heat heavy height held hell help here herself hide high hill himself history hit hold hole holiday home homework honest honestly hope horrible horse hospital hotel hour hours house how huge
human hundred hungry hurry hurt husband ice idea ideas imagine immediately important impossible inside instead insurance interest interested interesting internet into invite iron island issue itself january job join joke journey july jump june just
keep kept key keyboard kid kids kill kind kiss kitchen knee knew knife know known lady lake land language laptop large last later laugh law lazy lead learn least leave left legs lend less lesson letter level library life lift light like line
link list listen little live lived living loan local lock long look looking lose lost loud love lovely low luck lucky luggage lunch machine magazine mail main make making manage manager many map march mark market married match matter maybe meal
mean meaning means meat medicine meet meeting member memory mention message met metal meter middle midnight might mind mine minute mirror miss missed mistake mix model modern moment monday money month mood moon more morning most mother motorbike mountain
mouse mouth move moved movie much music must myself name nature near nearly neck need neighbour neither nephew nervous never new news newspaper next nice niece night nine nobody noise none normal normally north nose note nothing notice november now number
october off offer office often old once one only open opinion opposite option orange order other otherwise ourselves out outside oven over own package page paid pain paint pair pancake paper parents park part partner party pass passed past path pay peace
pen pencil people pepper perfect perhaps period person phone photo piano pick picture piece pillow pink place plan plane plans plant plastic plate play please pleasure plus pocket point police polite pool poor popular position possible post postcard potato
pounds power practice prefer prepare present pretty price private prize probably problem program project promise proper proud public pull puppy push put puzzle quality quarter queen question quick quickly quiet quite race radio rain ran rather reach read ready
real realise realised really reason receive recipe record red relax remember remind rent repair repeat reply report rest restaurant result return rice rich ride right ring river road rock roof room round rude rule run running sad safe said salad salt same sand
sandwich saturday sauce save saw say saying scared school science sea search season seat second secret see seem seems seen self sell send sense sent september serious seriously service set seven several shame shape share sharp shirt shoes shop shopping short should
shoulder shout show shower shut shy sick side sign silence silly simple simply since sing single sister sit situation six size skin skirt sky sleep slept slow slowly small smart smell smile smoke snow soap social socks sofa soft sold some somebody somehow someone something
sometimes somewhere song soon sorry sort sound soup south space speak special speed spend spent spoke spoon spring square stairs stand star start started station stay steal step still stomach stone stop store storm story straight strange street stress strong student study
stuff stupid style such sudden suddenly sugar suggest suit summer sunday sunshine supermarket support suppose sure surprise surprised sweater sweet swim switch system table take taken talk tall tax taxi teach teacher team tell temperature ten terrible test text than thank
that their them themselves then there these they thing things think third this those though thought thousand three throat through throw thunder thursday ticket tidy till time tired together toilet told tomorrow tongue tonight too took tooth top total totally touch tour towards
towel town toy traffic train training travel tree tried trip trouble trousers true trust truth try trying tuesday turn twelve twenty twice two type typical ugly umbrella uncle under understand understood university unless until upset upstairs use used useful usual usually
vacation vegetable very video view village visit voice wait waiting wake walk wall wallet want war warm wash watch water way weak wear weather website wedding wednesday week weekend weekends weeks weight weird welcome well went were west wet what whatever wheel when where whether
which while white whole whose why wife wild win wind window wine winter wish with within without woke woman women wonder wonderful wood word words work worked worker working world worried worry worse worst worth would write writing wrong wrote yard yeah year years yellow yes
yesterday yet young younger your yours yourself zero studied studying university thesis internship exam semester software developer startup office architect nurse hospital Instagram WhatsApp video voice message link http https www com
cannot isn wasn aren weren couldn shouldn wouldn hasn haven hadn let ok okay lol omg haha hahaha hehe pls thx btw idk tbh gonna wanna gotta yep nope nah hmm hm aww ugh wow yay oops meh yum bruh dude mate
Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June July August September October November December Mon Tue Wed Thu Fri Sat Sun night morning afternoon evening
Berlin Hamburg Munich Cologne Leipzig Frankfurt Stuttgart Bremen Dresden London Manchester Edinburgh Glasgow Dublin Paris Vienna Rome Madrid York Boston Germany England Europe English German French Spanish Italian
❤️ ☀️ ✌️ ich und der die das nicht ist du ein ja nein auch wie was mit für schon noch mal aber bin hast habe heute morgen gut danke bitte ä ö ü ß Ä Ö Ü ei sch ch ung
ing ed er est ly tion ness ment able ful less ies ers ings un re dis pre
"""

_OTHER_NAMES = """
Abigail Alice Amelia Andrew Anthony Arthur Barbara Brian Carol Caroline Charles Charlotte Christian Claire Claudia Colin Dave Deborah Dennis Donna Dorothy Edward Eleanor Elisabeth
Elizabeth Emily Ethan Eva Evelyn Florian Frances Fred Gary Georgia Gerald Greg Hanna Harry Heather Helen Ina Irene Jacob Jake James Jane Janet Jason Jennifer Jenny Jens Jessica Jim Joe Johanna
John Jonathan Joseph Josh Judith Kai Karl Kathrin Kenneth Kim Kyle Lara Lars Lea Leah Leon Lewis Liam Linda Lotte Louis Louise Luca Luis Luke Maja Manuel Marcel Marcus Margaret Marina Mario Markus
Martha Mary Matthew Maya Megan Melanie Michelle Miriam Moritz Nadine Nancy Natalie Nick Nicole Nico Nils Oliver Olli Pamela Patrick Philip Philipp Rebecca Richard Robert Rosa Rose Ryan Samantha
Samuel Sandra Sascha Sebastian Sharon Silke Silvia Sofia Sonja Sven Tanja Teresa Thomas Timo Tobias Tony Tracy Uwe Valentina Vanessa Victoria Vincent William Yvonne Zara Mum Dad Mom Grandma Grandpa
"""

EMOJI = (
    "😀😃😄😁😆😅😂🤣🥲😊😇🙂🙃😉😌😍🥰😘😗😙😚😋😛😝😜🤪🤨🧐🤓😎🥸🤩🥳😏😒😞😔😟😕🙁😣😖😫😩🥺😢😭😤😠😡🤬🤯😳🥵🥶😱😨😰😥😓🤗🤔🤭🤫🤥😶😐😑😬🙄😯😦😮😲🥱😴🤤😪"
    "😵🤐🥴🤢🤮🤧😷🤒🤕😈👻💀💩🙈🙉🙊💋💘💖💕💔💙💚💛🧡💜🖤👋🤚👌🤞🤟🤙👈👉👆👇👍👎✊👊👏🙌🙏💪👀🎉🎂🎁🎈🎄🎃🎊🏆⚽🏀🎾🚴🏃🏊🧘🎸🎹🎤🎬📚💻📱📷🍕🍔🍟🌮🍝🍜🍣🍩🍪🍫🍰🍦🍎🍌🍓🍇🥑🥐🍞🧀🍳☕🍵🍺🍻🍷🥂🍸"
    "🐶🐱🐭🐹🐰🦊🐻🐼🐨🐯🦁🐮🐷🐸🐵🐔🐧🐦🦉🐝🦋🐢🐙🐠🐳🦔🌸🌹🌻🌈🌞🌙⭐✨⚡🔥🌊🌴🌲🌵🍀🍂🚗🚌🚲🚆🚀🏠🏡🏖🏔💤💯💸🛒🛋🧹🧦🔑⏰📦📝🎶🎵✅❌❓❗"
)

WORDS = _WORDS.split()
OTHER_NAMES = _OTHER_NAMES.split()
