"""English."""

COMMANDS = {
    "start": "what this is, and who answers",
    "persona": "choose who answers: /persona Lisa",
    "me": "choose as whom you write: /me Daniel",
    "swap": "change sides: the twin takes yours, you take theirs",
    "simulate": "watch two people talk: /simulate Lisa Daniel 12",
    "undo": "take back the last answer and your last message",
    "reset": "forget this conversation",
    "status": "who answers, and what is set here",
    "mode": "one message or several: /mode first, /mode burst",
    "temperature": "how daring the answers are: /temperature 0.8",
    "language": "the bot's own words: /language en, /language de",
    "privacy": "what is stored, where, and how long",
    "forget": "delete everything of this chat",
    "help": "all commands",
    "retrain": "learn anew from the dataset: /retrain NAME",
    "datasets": "what the twins learn from",
    "adapters": "all trained versions",
    "rollback": "back to the version that answered before",
    "reload": "look for new versions now",
    "backup": "copy the database now",
    "schedule": "what runs when",
}

KINDS = {
    "photo": "photo",
    "sticker": "sticker",
    "voice": "voice message",
    "audio": "piece of music",
    "video": "video",
    "video_note": "video message",
    "animation": "GIF",
    "document": "file",
    "location": "location",
    "venue": "location",
    "contact": "contact",
    "poll": "poll",
    "dice": "dice",
    "story": "story",
    "other": "something",
}

TEXTS = {
    "either": "{others} or {last}",
    # who is who
    "ai_notice": (
        "This is an AI. It imitates how a person writes; it has learned that from their chats. Nobody real reads along "
        "or answers here, and nothing it says was said by them."
    ),
    "help": "Write, and an AI answers in the voice of someone it has learned from. Several messages in a row are "
    "answered together.",
    "sides": "{answers} answers, and you write as {writes}.",
    "sides_group": "{answers} answers whoever mentions me or replies to me; each of you speaks for yourself.",
    "now": "Now {sides}",
    "switched": "From here on {sides}",
    "swapped": "Sides changed: now {sides} What was said stays.",
    "you_write_as": "You write as {speaker} from here on.",
    "taken": "{speaker} is taken here.",
    "who": "Who should answer?",
    "who_are_you": "As whom do you write?",
    "unknown_did_you_mean": "I know no {name}. Did you mean {nearest}?",
    "unknown_name": "I know no {name}. /{command} shows those I know.",
    "no_one": (
        "There is nobody to talk with yet: no adapter has been trained. An admin of this bot sends it a WhatsApp "
        "export, and then /retrain NAME."
    ),
    "persona_gone": "Whoever answered here is not there any more. /persona shows who is.",
    "unknown_command": "I do not know that command. /help shows those I know.",
    "unknown_command_near": "I do not know that command. Did you mean {nearest}?",
    # talking
    "cannot_answer": "The twin cannot answer right now. Please try again in a while.",
    "cannot_see": "I can't see it, only that it's a {kind}. Tell me in words.",
    "paused": "(A twin is being trained and needs the memory. What you write is answered as soon as that is done.)",
    "silent": "({speaker} says nothing to that.)",
    "failed": "That did not work, and it is not your fault. Please try again; if it stays so, tell whoever runs this "
    "bot.",
    "set_aside": "Message {update} in chat {chat} was set aside: handling it broke off {attempts} times. It will not "
    "be answered. The log may tell why.",
    "gone": "That choice is not there any more.",
    "thanks": "Thank you, noted.",
    "not_the_last": "Only the last answer can be made anew.",
    "undone": "Taken back: {yours} of yours, {answers} of the twin's.",
    "nothing_to_undo": "There is nothing to take back.",
    "reset": "What you and {speaker} said here is forgotten.",
    "nothing_to_forget": "There is nothing to forget.",
    # simulations
    "simulation": "{first} and {second} write with each other, {turns} turns. Both are imitated by an AI.",
    "simulation_ended": "That is where it ends.",
    "simulation_runs": "Two are talking here already. Stop them first.",
    "cannot_simulate": "Whom? {reason}",
    "button_stop": "Stop",
    # what a chat chooses
    "status": (
        "{sides}\nAdapter {adapter}, version {version}, learned until {until}\nTurns in this conversation: {turns}\n"
        "Mode: {mode}\nTemperature: {temperature}\nLanguage: {language}"
    ),
    "mode_is": "The twin answers in mode {mode} from here on.",
    "mode_which": "The mode is {mode}. /mode first: one message. /mode burst: as many as the person would send.",
    "temperature_is": "Temperature {temperature} from here on.",
    "temperature_usual": "The adapter's own temperature from here on.",
    "temperature_which": "A number from 0 (always the same) to 2 (wild), please: /temperature 0.8",
    "language_is": "I speak English here.",
    "language_which": "I speak {known}: /language en",
    # access
    "refused": "Sorry, this bot is private. Its admin has been asked or can let you in; your number is {number}.",
    "refused_group": "Sorry, this bot is private. Its admin can let this group in; its number is {number}.",
    "refused_unclaimed": "Sorry, this bot is private, and has no admin yet who could let you in.",
    "asks_to_write": "{name}, number {number}, would like to write with the twin.",
    "button_let": "Let in",
    "button_keep_out": "Keep out",
    "let_in": "{name} may write with the twin now.",
    "kept_out": "{name} is kept out.",
    "you_are_in": "You have been let in. /start tells you what this is.",
    "decided_already": "That has been decided already.",
    "claimed": "You are the admin of this bot now. Send it a WhatsApp export (txt or zip) to begin; /help shows the "
    "rest.",
    "claimed_already": "This bot has an admin already.",
    "wrong_code": "That is not the code, or it is not good any more. A new one is shown when the bot is started.",
    "too_fast": "That is too fast for me: I read {number} messages a minute of each of you. What comes above that I do "
    "not read, this one neither.",
    "admins_only": "Only an admin of this bot may do that.",
    # exports and datasets
    "too_large": (
        "Telegram gives bots no files above 20 MB. Export the chat without media, or on the bot's machine: "
        "twin prepare FILE --dataset {dataset}"
    ),
    "too_many_uploads": "{number} exports wait for your decision already. Decide about those first.",
    "no_export": "That is no export I can use: {reason}",
    "found": (
        "{messages} messages, {kept} of them texts, from {first} to {last}\n{conversations} conversations; {alone} "
        "messages that stand alone are left out"
    ),
    "left_out": "Left out: {what}",
    "consent": (
        "Do all people in this chat agree that a twin learns from it? Your statement is kept with the dataset "
        "{dataset}; /datasets withdraws it."
    ),
    "statement": "{name} ({number}) stated on {date} that the people in the added chats agree that a twin learns from "
    "them.",
    "button_agree": "They agree: add it to {dataset}",
    "button_discard": "Discard it",
    "added": "Added: the dataset {dataset} has {conversations} conversations. /retrain {dataset} learns from it.",
    "discarded": "It is deleted.",
    "no_datasets": "There are no datasets yet. Send me a WhatsApp export (txt or zip).",
    "dataset": "{name}: {kept} texts in {conversations} conversations\n{speakers}\n{consent}",
    "no_consent": "Nobody has stated that the people in it agree.",
    "button_revoke": "Withdraw {dataset}",
    "revoke_really": "Really withdraw {dataset}? Its data is deleted, and what learned from it is marked.",
    "revoked": "The dataset {dataset} is deleted.",
    "learned_from_it": (
        "These adapters have learned from it and still do what they did: {adapters}. /rollback goes back to the "
        "version before; the buttons delete every version that learned from it."
    ),
    "button_unlearn": "Delete it from {adapter}",
    "unlearned": "What {adapter} learned from it is deleted.",
    "serves_no_more": "Nobody answers with {adapter} any more; /retrain makes a new one from other data.",
    "imitates_nobody": "general, imitates nobody",
    "withdrawn_mark": "learned from {dataset}, which was withdrawn",
    # training
    "no_training": "This bot was started without a way to train.",
    "nothing_to_train": "There is nothing to learn from yet. Send me a WhatsApp export (txt or zip).",
    "unknown_adapter": "There is no adapter or dataset {name}; {known}.",
    "there_are": "there is {names}",
    "there_is_none": "there is none yet",
    "training_runs": "A training is under way already; one at a time.",
    "training_begins": "Training {adapter}: getting ready ...",
    "training": (
        "Training {adapter}: {percent} %\n{bar}\nstep {step} of {steps}, loss {loss}, {speed} tokens/s, {left} left"
    ),
    "sample": "{context}\n→ {answer}\n(really: {real})",
    "training_done": "Training {adapter} is done: version {version}, in {time}",
    "training_skipped": "Nothing is new: version {version} of {adapter} has learned exactly this.",
    "held_out": "held-out loss {loss}",
    "base_loss": "the base model's {loss}",
    "compared": "{what}: {old} before, {new} now",
    "measure_loss": "loss on what neither has learned",
    "measure_persona": "right person recognised",
    "measure_reply": "true reply found among ten",
    "measure_verbatim": "answers that recite the chat",
    "promoted": "It answers from now on.",
    "not_promoted": "The old version goes on answering: {reasons}",
    "training_failed": "Training {adapter} failed: {reason}\nThe old version stays.",
    "training_cancelled": "Training {adapter} is cancelled. The old version stays.",
    "training_pauses": "The twin pauses meanwhile: the memory does not suffice for both. Afterwards it catches up.",
    "no_reason": "it gave no reason",
    "no_result": "it printed no result",
    "button_cancel": "Cancel",
    "button_promote": "Promote",
    "button_keep_old": "Keep old",
    "serves": "{adapter} answers with version {version} now.",
    "serves_already": "{adapter} answers with version {version} already.",
    "nothing_new": "Nothing is new.",
    "refused_because": "That cannot be done: {reason}",
    "backed_up": "Copied to backups/{file}, encrypted with the database's key. Keep the key elsewhere.",
    # schedule
    "schedule": "What runs next:",
    "job_reload": "look for new versions",
    "job_retrain": "retrain",
    "job_backup": "backup",
    "job_clean": "clean up",
    # privacy
    "privacy": (
        "Stored, encrypted, on the machine of whoever runs this bot: what you and the twin write, which twin answered, "
        "your thumbs with the messages before them, what is set here, and your Telegram number if you were let in. "
        "Photos, voice and files are not stored. In groups only what is addressed to me.\n{kept}\n{backups}\n"
        "No twin learns from Telegram chats. Answers are computed by the bot's own engine.\n"
        "/reset forgets a conversation, /forget everything of this chat."
    ),
    "kept_days": "It is deleted after {days} days.",
    "kept_for_ever": "It is kept until you delete it.",
    "backups": "Encrypted backups are kept for {days} days.",
    "no_backups": "There are no scheduled backups.",
    "forget_really": "Really delete everything of this chat: all conversations, thumbs and settings?",
    "button_forget": "Delete everything",
    "button_keep": "Keep it",
    "forgotten": "Everything of this chat is deleted. Backups age out.",
    "kept": "Nothing was deleted.",
}
