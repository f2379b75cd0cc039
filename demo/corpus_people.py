"""Who speaks in the generated corpus: first names, and the values that fill the slots of the dialogues."""

import re

_NAMES = """
Anna Ben Clara David Emma Felix Grace Henry Isabel Jack Karen Leo Maria Nathan Olivia Paul Quinn Rachel Sam Tina Umar Vera
Will Xenia Yusuf Zoe Adam Bella Chris Diana Eric Fiona George Hannah Ian Julia Kevin Laura Martin Nina Oscar Petra Rob Sarah
Tom Ursula Victor Wendy Alex Beth Carlos Dana Elena Frank Gina Hugo Ivy Jonas Kate Lukas Mia Noah Omar Paula Ravi Sophie Tim
Lisa Peter Daniel Amy Max Ella Lena Priya Ahmed Fatima Chloe Jan Marie Simon Stella Theo Nora Finn Ruth Jürgen Zoë Ali Mona
Michael Julie Steve Lucy Mark Susan Andreas Katrin Stefan Heike Sabine Klaus Jo Pat Robin Charlie Ada Ines Pablo Lola Marco
"""

# One slot a paragraph: its name, then its values; indented lines go on.
_SLOTS = """
dish: pasta; lentil soup; a curry; fried rice; pizza; tacos; a big salad; pancakes; risotto; chicken soup; noodles;
  burgers; potato salad; lasagne; sushi; an omelette; chili; vegetable stew; fish and chips; toast with cheese; ramen;
  dumplings; a roast; mac and cheese; falafel; tomato soup; couscous; baked potatoes; meatballs; shakshuka
snack: crisps; cookies; a banana; chocolate; popcorn; nuts; an apple; ice cream; a croissant; grapes; biscuits;
  yoghurt; carrots; a sandwich; peanut butter toast; leftover cake
drink: coffee; tea; a beer; wine; lemonade; juice; hot chocolate; water; iced tea; an espresso; a smoothie; ginger
  tea; cider
ingredient: milk; eggs; bread; butter; onions; tomatoes; rice; cheese; flour; potatoes; garlic; apples; sugar; olive
  oil; lemons; coffee beans; bananas; yoghurt; carrots; salt
errandthing: toilet paper; batteries; stamps; light bulbs; dish soap; a birthday card; cat food; shampoo; tape;
  washing powder; bin bags; a new charger; flowers; printer paper; toothpaste; nails; wrapping paper
shop: the supermarket; the bakery; the pharmacy; the post office; the market; the hardware store; the bookshop; the
  corner shop; the shopping centre; the drugstore
film: The Blue Train; Night Garden; Iron Tide; My Cousin Fred; The Last Lighthouse; Paper Moons; Seven Winters; Robot
  Summer; The Quiet Neighbour; Titanic; Star Wars; The Matrix; Jaws; Frozen; Alien; Casablanca; The Lion King; The Red Kite;
  Shrek; Up; Finding Nemo; Inception; The Godfather; Toy Story; Jurassic Park; Back to the Future; Paddington; Psycho
series: the bakery show; that detective series; the one with the dragons; the space series; the hospital drama; that
  cooking contest; the spy thing; the old sitcom; the nature series; the Danish crime one
genre: a comedy; a thriller; something funny; a horror film; something romantic; a documentary; an old classic; a
  cartoon; science fiction; a western
book: a crime novel; a book about bees; the new fantasy one; a biography; a book about the sea; short stories; a
  cookbook, actually; a history of maps; poems; a travel book; a ghost story; a spy novel
music: jazz; old rock songs; piano music; hip hop; folk; techno; film music; eighties pop; classical music; reggae;
  country; metal; sad songs; the radio
instrument: the guitar; the piano; the drums; the violin; the flute; the harp; the trumpet; the cello
sport: football; tennis; swimming; running; climbing; yoga; basketball; cycling; badminton; table tennis; volleyball;
  hiking; dancing; rowing; karate; skating
hobby: painting; gardening; chess; photography; knitting; baking; board games; reading; fishing; pottery; singing;
  sewing; birdwatching; video games; crosswords; woodwork
job: a nurse; a teacher; a baker; an engineer; a cook; a librarian; a bus driver; a programmer; a designer; a
  gardener; an accountant; a carpenter; a vet; a journalist; a hairdresser; an electrician; a physiotherapist; a shop
  assistant; a student; a translator; a lawyer; a postman; a pharmacist; a photographer; a waiter; a midwife
city: Berlin; London; Paris; Vienna; Hamburg; Rome; Madrid; Dublin; Oslo; Prague; Lisbon; Bath; Bristol; Cologne;
  Munich; Zurich; Boston; Chicago; Toronto; Seattle; Athens; Warsaw; Krakow; Ghent; Malaga; Turin; Lyon; Graz; Bremen;
  Galway; Cork; Utrecht
country: Italy; Spain; Portugal; Greece; Norway; Japan; Iceland; Mexico; Canada; France; Scotland; Croatia; Turkey;
  Sweden; Vietnam; Poland; Morocco; Denmark; Austria; Ireland
place: the park; the lake; the café on the corner; the library; the river; the old bridge; the station; the market
  square; the museum; the pool; the cinema; the harbour; my place; the new bar; the bakery; the zoo
pet: a cat; a dog; two cats; a rabbit; a hamster; a parrot; a turtle; an old dog; goldfish; a guinea pig
petname: Milo; Luna; Biscuit; Socks; Rocky; Pepper; Coco; Bruno; Daisy; Muffin; Oscar; Kiwi; Ginger; Shadow; Pickle
relative: my mum; my dad; my sister; my brother; my grandma; my cousin; my aunt; my uncle; my flatmate; my neighbour
sibling: one sister; two brothers; a younger brother; an older sister; no siblings, just me; three sisters; a twin
  sister; a brother and a sister
colour: blue; green; red; yellow; purple; orange; grey; black; turquoise; pink
animal: cats; dogs; elephants; foxes; penguins; owls; horses; octopuses; bees; otters; whales; hedgehogs
season: spring; summer; autumn; winter
fear: spiders; heights; the dentist; flying; thunderstorms; deep water; wasps; the dark; clowns; public speaking
clock: 5; 6; 7; 8; half past 5; half past 6; half past 7; quarter past 6; quarter to 8; 5.30; 6.30; 7.30; 8.15; 7 pm;
  6 pm; 8 pm
lunchclock: noon; 12; half past 12; 1; 1 pm; 12.30; quarter past 12; quarter to 1; 11.30
morningclock: 8; 9; half past 8; 7.30; 9.30; 10; half past 9; quarter past 9; 8.15
minutes: 5; 10; 15; 20; ten; five; twenty; a few; 25; 30
smallnumber: two; three; four; five; six; seven; eight; ten
day: Monday; Tuesday; Wednesday; Thursday; Friday; Saturday; Sunday
object: my keys; my phone; my wallet; my umbrella; my glasses; my charger; my headphones; my jacket; my scarf; my
  ticket; my water bottle; my notebook
found: under the sofa; in my bag; in the fridge; in my other coat; on the kitchen table; in the bathroom; next to the
  bed; in the car; in my pocket the whole time; behind the door; at work
room: the kitchen; the bathroom; the bedroom; the living room; the balcony; the cellar; the hallway
broken: the washing machine; my bike; my laptop; the heating; the fridge; my phone; the shower; the printer; the lift;
  the oven; the car; the vacuum cleaner; the tap
furniture: a sofa; a bed; a wardrobe; a desk; a bookshelf; a table; a lamp; a chair; a mattress
gift: a book; a scarf; flowers; a board game; concert tickets; a mug; a plant; chocolates; a candle; a photo album; a
  nice bottle of wine; socks; a teapot; a cookbook
present: tickets for a concert; a plant for the window; a warm scarf; a good cookbook; a big mug; a puzzle
vehicle: the bus; the train; the tram; my bike; the car; the underground; the ferry
worktask: a report; a presentation; the budget; a long email; some slides; the monthly numbers; an offer for a client;
  the new website; a stack of forms; an essay; the schedule
boss: my boss; my manager; the new boss; a client; my colleague; the team; a customer; my professor
subject: maths; history; biology; chemistry; French; Spanish; physics; statistics; law; geography; economics
language: Spanish; French; Italian; Japanese; Dutch; Swedish; Portuguese; Polish; Greek; Turkish; German
illness: a cold; a headache; a sore throat; a bad back; a fever; a stomach ache; a toothache; a cough
bodypart: my back; my knee; my shoulder; my ankle; my neck; my wrist; my foot
plant: the basil; my tomato plant; my cactus; the orchid; the rose; the lemon tree; the fern; the big palm
game: cards; chess; Monopoly; Scrabble; a quiz; charades; table football; a board game; dominoes
dream: I could fly; I was back at school; my teeth fell out; I lived on a boat; I forgot my shoes; a bear was my boss;
  I missed an exam; the house was made of bread; I could talk to birds
chore: the dishes; the laundry; the windows; the vacuuming; the ironing; the tax papers; the shopping; the garden
feelgood: great; really good; pretty good; good; fine; not bad at all; very well; fantastic; quite happy
feelbad: tired; a bit down; stressed; not so good; exhausted; a bit ill; grumpy; worried; lonely; so so
temperature: five; twelve; eighteen; twenty; twenty-five; thirty; minus two; thirty-three
cake: apple pie; chocolate cake; cheesecake; carrot cake; lemon cake; banana bread; cinnamon rolls; muffins; plum cake
topping: mushrooms; extra cheese; olives; pineapple; spinach; onions; peppers; salami
"""


def parse_slots(source: str) -> dict[str, list[str]]:
    """Slot -> values."""
    pairs = (line.split(": ", 1) for line in re.sub(r"\n +", " ", source).strip().splitlines())
    return {slot: values.split("; ") for slot, values in pairs}


NAMES = _NAMES.split()
SLOTS = parse_slots(_SLOTS) | {"friend": NAMES}

# What a person of the corpus stays true to: attribute -> the slot it is drawn from.
PERSONA = {
    "job": "job", "city": "city", "born": "city", "pet": "pet", "petname": "petname", "film": "film", "food": "dish",
    "sport": "sport", "hobby": "hobby", "colour": "colour", "music": "music", "sibling": "sibling", "animal": "animal",
    "fear": "fear", "drink": "drink", "season": "season", "language": "language", "instrument": "instrument",
    "country": "country", "relative": "relative", "vehicle": "vehicle",
}  # fmt: skip
