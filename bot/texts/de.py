"""Deutsch."""

COMMANDS = {
    "start": "was das ist, und wer antwortet",
    "persona": "wählen, wer antwortet: /persona Lisa",
    "me": "wählen, als wer du schreibst: /me Daniel",
    "swap": "Seiten tauschen: der Zwilling nimmt deine, du seine",
    "simulate": "zweien zuschauen: /simulate Lisa Daniel 12",
    "undo": "die letzte Antwort und deine letzte Nachricht zurücknehmen",
    "reset": "dieses Gespräch vergessen",
    "status": "wer antwortet, und was hier eingestellt ist",
    "mode": "eine Nachricht oder mehrere: /mode first, /mode burst",
    "temperature": "wie gewagt die Antworten sind: /temperature 0.8",
    "language": "die Sprache des Bots: /language en, /language de",
    "privacy": "was gespeichert wird, wo, und wie lange",
    "forget": "alles aus diesem Chat löschen",
    "help": "alle Befehle",
    "retrain": "neu vom Datensatz lernen: /retrain NAME",
    "datasets": "wovon die Zwillinge lernen",
    "adapters": "alle trainierten Versionen",
    "rollback": "zurück zur Version, die vorher antwortete",
    "reload": "jetzt nach neuen Versionen sehen",
    "backup": "jetzt die Datenbank kopieren",
    "schedule": "was wann läuft",
}

KINDS = {
    "photo": "Foto",
    "sticker": "Sticker",
    "voice": "Sprachnachricht",
    "audio": "Musikstück",
    "video": "Video",
    "video_note": "Videonachricht",
    "animation": "GIF",
    "document": "Datei",
    "location": "Standort",
    "venue": "Standort",
    "contact": "Kontakt",
    "poll": "Umfrage",
    "dice": "Würfel",
    "story": "Story",
    "other": "etwas",
}

TEXTS = {
    "either": "{others} oder {last}",
    # wer ist wer
    "ai_notice": (
        "Das ist eine KI. Sie ahmt nach, wie ein Mensch schreibt; gelernt hat sie das aus dessen Chats. Hier liest und "
        "antwortet niemand Wirkliches, und nichts davon hat dieser Mensch gesagt."
    ),
    "help": "Schreib, und eine KI antwortet mit der Stimme von jemandem, von dem sie gelernt hat. Mehrere Nachrichten "
    "hintereinander werden zusammen beantwortet.",
    "sides": "{answers} antwortet, und du schreibst als {writes}.",
    "sides_group": "{answers} antwortet, wenn ihr mich erwähnt oder mir antwortet; jeder von euch spricht für sich.",
    "now": "Jetzt: {sides}",
    "switched": "Ab hier: {sides}",
    "swapped": "Seiten getauscht: {sides} Was gesagt wurde, bleibt.",
    "you_write_as": "Ab hier schreibst du als {speaker}.",
    "taken": "{speaker} ist hier schon vergeben.",
    "who": "Wer soll antworten?",
    "who_are_you": "Als wer schreibst du?",
    "unknown_did_you_mean": "{name} kenne ich nicht. Meinst du {nearest}?",
    "unknown_name": "{name} kenne ich nicht. /{command} zeigt, wen ich kenne.",
    "no_one": (
        "Hier ist noch niemand, mit dem du schreiben kannst: es wurde noch kein Adapter trainiert. Ein Admin schickt "
        "dem Bot einen WhatsApp-Export und dann /retrain NAME."
    ),
    "persona_gone": "Wer hier geantwortet hat, ist nicht mehr da. /persona zeigt, wer da ist.",
    "unknown_command": "Den Befehl kenne ich nicht. /help zeigt, welche ich kenne.",
    "unknown_command_near": "Den Befehl kenne ich nicht. Meinst du {nearest}?",
    # schreiben
    "cannot_answer": "Der Zwilling kann gerade nicht antworten. Bitte versuch es nachher noch einmal.",
    "cannot_see": "Ich kann das nicht sehen, nur die Art: {kind}. Sag es mir in Worten.",
    "paused": "(Gerade wird ein Zwilling trainiert und braucht den Speicher. Danach kommt die Antwort.)",
    "silent": "({speaker} sagt nichts dazu.)",
    "failed": "Das hat nicht geklappt, und du kannst nichts dafür. Bitte versuch es noch einmal; bleibt es so, sag es "
    "dem, der den Bot betreibt.",
    "set_aside": "Nachricht {update} im Chat {chat} wurde beiseitegelegt: {attempts} Versuche brachen ab. Sie wird "
    "nicht beantwortet. Vielleicht steht im Protokoll, warum.",
    "gone": "Diese Wahl gibt es nicht mehr.",
    "thanks": "Danke, ist notiert.",
    "not_the_last": "Nur die letzte Antwort lässt sich neu machen.",
    "undone": "Zurückgenommen: {yours} von dir, {answers} vom Zwilling.",
    "nothing_to_undo": "Es gibt nichts zurückzunehmen.",
    "reset": "Was du und {speaker} hier gesagt habt, ist vergessen.",
    "nothing_to_forget": "Es gibt nichts zu vergessen.",
    # zuschauen
    "simulation": "{first} und {second} schreiben miteinander, {turns} Nachrichten. Beide ahmt eine KI nach.",
    "simulation_ended": "Damit endet es.",
    "simulation_runs": "Hier schreiben schon zwei. Halte sie erst an.",
    "cannot_simulate": "Wer? {reason}",
    "button_stop": "Anhalten",
    # was ein Chat wählt
    "status": (
        "{sides}\nAdapter {adapter}, Version {version}, gelernt bis {until}\nNachrichten in diesem Gespräch: {turns}\n"
        "Modus: {mode}\nTemperatur: {temperature}\nSprache: {language}"
    ),
    "mode_is": "Ab hier antwortet der Zwilling im Modus {mode}.",
    "mode_which": "Der Modus ist {mode}. /mode first: eine Nachricht. /mode burst: so viele, wie der Mensch schickte.",
    "temperature_is": "Ab hier Temperatur {temperature}.",
    "temperature_usual": "Ab hier die Temperatur des Adapters.",
    "temperature_which": "Bitte eine Zahl von 0 (immer dasselbe) bis 2 (wild): /temperature 0.8",
    "language_is": "Hier spreche ich Deutsch.",
    "language_which": "Ich spreche {known}: /language de",
    # Zugang
    "refused": "Dieser Bot ist leider privat. Sein Admin wurde gefragt oder kann dich einlassen; deine Nummer ist "
    "{number}.",
    "refused_group": "Dieser Bot ist leider privat. Sein Admin kann diese Gruppe einlassen; ihre Nummer ist {number}.",
    "refused_unclaimed": "Dieser Bot ist leider privat und hat noch keinen Admin, der dich einlassen könnte.",
    "asks_to_write": "{name}, Nummer {number}, möchte mit dem Zwilling schreiben.",
    "button_let": "Einlassen",
    "button_keep_out": "Nicht einlassen",
    "let_in": "{name} darf jetzt mit dem Zwilling schreiben.",
    "kept_out": "{name} bleibt draußen.",
    "you_are_in": "Du bist eingelassen. /start sagt dir, was das hier ist.",
    "decided_already": "Das ist schon entschieden.",
    "claimed": "Du bist jetzt der Admin dieses Bots. Schick ihm zum Anfangen einen WhatsApp-Export (txt oder zip); "
    "/help zeigt den Rest.",
    "claimed_already": "Dieser Bot hat schon einen Admin.",
    "wrong_code": "Das ist nicht der Code, oder er gilt nicht mehr. Ein neuer steht da, wenn der Bot gestartet wird.",
    "too_fast": "Das ist mir zu schnell: Ich lese von jedem {number} Nachrichten in der Minute. Was darüber "
    "hinausgeht, lese ich nicht, auch diese nicht.",
    "admins_only": "Das darf nur ein Admin dieses Bots.",
    # Exporte und Datensätze
    "too_large": (
        "Telegram gibt Bots keine Dateien über 20 MB. Exportiere den Chat ohne Medien, oder auf dem Rechner des Bots: "
        "twin prepare DATEI --dataset {dataset}"
    ),
    "too_many_uploads": "Es warten schon {number} Exporte auf deine Entscheidung. Entscheide zuerst über die.",
    "no_export": "Das ist kein Export, mit dem ich etwas anfangen kann: {reason}",
    "found": (
        "{messages} Nachrichten, davon {kept} Texte, von {first} bis {last}\n{conversations} Gespräche; {alone} "
        "Nachrichten, die allein stehen, bleiben weg"
    ),
    "left_out": "Weggelassen: {what}",
    "consent": (
        "Sind alle in diesem Chat einverstanden, dass ein Zwilling daraus lernt? Deine Erklärung bleibt beim Datensatz "
        "{dataset}; /datasets zieht sie zurück."
    ),
    "statement": "{name} ({number}) hat am {date} erklärt, dass die Menschen in den hinzugefügten Chats einverstanden "
    "sind, dass ein Zwilling daraus lernt.",
    "button_agree": "Ja, hinzufügen zu {dataset}",
    "button_discard": "Verwerfen",
    "added": "Hinzugefügt: der Datensatz {dataset} hat {conversations} Gespräche. /retrain {dataset} lernt davon.",
    "discarded": "Es ist gelöscht.",
    "no_datasets": "Es gibt noch keine Datensätze. Schick mir einen WhatsApp-Export (txt oder zip).",
    "dataset": "{name}: {kept} Texte in {conversations} Gesprächen\n{speakers}\n{consent}",
    "no_consent": "Niemand hat erklärt, dass die Menschen darin einverstanden sind.",
    "button_revoke": "{dataset} zurückziehen",
    "revoke_really": "{dataset} wirklich zurückziehen? Die Daten werden gelöscht, und was davon gelernt hat, wird "
    "markiert.",
    "revoked": "Der Datensatz {dataset} ist gelöscht.",
    "learned_from_it": (
        "Diese Adapter haben davon gelernt und arbeiten weiter wie bisher: {adapters}. /rollback geht zur Version "
        "davor zurück; die Knöpfe löschen jede Version, die davon gelernt hat."
    ),
    "button_unlearn": "Aus {adapter} löschen",
    "unlearned": "Was {adapter} davon gelernt hat, ist gelöscht.",
    "serves_no_more": "Mit {adapter} antwortet niemand mehr; /retrain macht einen neuen aus anderen Daten.",
    "imitates_nobody": "allgemein, ahmt niemanden nach",
    "withdrawn_mark": "hat von {dataset} gelernt, das zurückgezogen wurde",
    # Training
    "no_training": "Dieser Bot wurde ohne Möglichkeit zum Trainieren gestartet.",
    "nothing_to_train": "Es gibt noch nichts zum Lernen. Schick mir einen WhatsApp-Export (txt oder zip).",
    "unknown_adapter": "Einen Adapter oder Datensatz {name} gibt es nicht; {known}.",
    "there_are": "es gibt {names}",
    "there_is_none": "es gibt noch keinen",
    "training_runs": "Es läuft schon ein Training; eins zur Zeit.",
    "training_begins": "Training von {adapter}: Vorbereitung ...",
    "training": (
        "Training von {adapter}: {percent} %\n{bar}\nSchritt {step} von {steps}, Verlust {loss}, {speed} Token/s, noch "
        "{left}"
    ),
    "sample": "{context}\n→ {answer}\n(wirklich: {real})",
    "training_done": "Das Training von {adapter} ist fertig: Version {version}, in {time}",
    "training_skipped": "Nichts ist neu: Version {version} von {adapter} hat genau das gelernt.",
    "held_out": "Verlust auf Zurückgehaltenem {loss}",
    "base_loss": "der des Basismodells {loss}",
    "compared": "{what}: vorher {old}, jetzt {new}",
    "measure_loss": "Verlust auf dem, was keine gelernt hat",
    "measure_persona": "die richtige Person erkannt",
    "measure_reply": "die echte Antwort unter zehn gefunden",
    "measure_verbatim": "Antworten, die den Chat aufsagen",
    "promoted": "Sie antwortet ab jetzt.",
    "not_promoted": "Die alte Version antwortet weiter: {reasons}",
    "training_failed": "Das Training von {adapter} ist gescheitert: {reason}\nDie alte Version bleibt.",
    "training_cancelled": "Das Training von {adapter} ist abgebrochen. Die alte Version bleibt.",
    "training_pauses": "Der Zwilling macht Pause, der Speicher reicht nicht für beides. Danach holt er es nach.",
    "no_reason": "ohne Angabe von Gründen",
    "no_result": "es kam kein Ergebnis",
    "button_cancel": "Abbrechen",
    "button_promote": "Neue nehmen",
    "button_keep_old": "Alte behalten",
    "serves": "{adapter} antwortet jetzt mit Version {version}.",
    "serves_already": "{adapter} antwortet schon mit Version {version}.",
    "nothing_new": "Nichts ist neu.",
    "refused_because": "Das geht nicht: {reason}",
    "backed_up": "Kopiert nach backups/{file}, verschlüsselt mit dem Schlüssel der Datenbank. Bewahr ihn woanders auf.",
    # Zeitplan
    "schedule": "Was als Nächstes läuft:",
    "job_reload": "nach neuen Versionen sehen",
    "job_retrain": "neu trainieren",
    "job_backup": "Sicherung",
    "job_clean": "aufräumen",
    # Datenschutz
    "privacy": (
        "Gespeichert, verschlüsselt, auf dem Rechner dessen, der diesen Bot betreibt: was du und der Zwilling "
        "schreiben, welcher Zwilling geantwortet hat, deine Daumen mit den Nachrichten davor, was hier eingestellt "
        "ist, und deine Telegram-Nummer, wenn du eingelassen wurdest. Fotos, Sprache und Dateien nicht. In Gruppen "
        "nur, was an mich gerichtet ist.\n{kept}\n{backups}\n"
        "Kein Zwilling lernt aus Telegram-Chats. Die Antworten rechnet der Bot selbst.\n"
        "/reset vergisst ein Gespräch, /forget alles aus diesem Chat."
    ),
    "kept_days": "Es wird nach {days} Tagen gelöscht.",
    "kept_for_ever": "Es bleibt, bis du es löschst.",
    "backups": "Verschlüsselte Sicherungen bleiben {days} Tage.",
    "no_backups": "Geplante Sicherungen gibt es nicht.",
    "forget_really": "Wirklich alles aus diesem Chat löschen: Gespräche, Daumen, Einstellungen?",
    "button_forget": "Alles löschen",
    "button_keep": "Behalten",
    "forgotten": "Alles aus diesem Chat ist gelöscht. Sicherungen laufen aus.",
    "kept": "Nichts wurde gelöscht.",
}
