"""The schema, as an append-only list of steps. `PRAGMA user_version` counts those that a database has taken.

A step that has been released is never edited: databases out there have taken it. Append another one instead.

Times of turns are local and without zone, as in exports; all others are UTC. `topic_id` is 0 outside topics.
"""

_FIRST = (
    # What one partner is told: never mixed with another's. The pair is unordered, so a swap stays in its thread.
    """
    CREATE TABLE threads (
        id             INTEGER PRIMARY KEY AUTOINCREMENT,
        chat_id        INTEGER NOT NULL,
        topic_id       INTEGER NOT NULL,
        adapter        TEXT NOT NULL,
        first_speaker  TEXT NOT NULL,
        second_speaker TEXT NOT NULL,
        answers        TEXT NOT NULL,              -- the one whom the twin speaks for
        created        TEXT NOT NULL,
        UNIQUE (chat_id, topic_id, adapter, first_speaker, second_speaker),
        CHECK (first_speaker <= second_speaker),
        CHECK (answers IN (first_speaker, second_speaker))
    )
    """,
    """
    CREATE TABLE chats (
        chat_id  INTEGER NOT NULL,
        topic_id INTEGER NOT NULL,
        thread   INTEGER NOT NULL REFERENCES threads,  -- the current one
        PRIMARY KEY (chat_id, topic_id)
    ) WITHOUT ROWID
    """,
    # Updates as Telegram sent them. The row stays, so that none is taken in twice; its payload goes when it is done.
    """
    CREATE TABLE inbox (
        update_id INTEGER PRIMARY KEY,
        chat_id   INTEGER,                         -- null: belongs to no chat
        payload   TEXT NOT NULL,                   -- JSON
        received  TEXT NOT NULL,
        attempts  INTEGER NOT NULL DEFAULT 0,
        state     TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done', 'set aside')),
        thread    INTEGER REFERENCES threads,      -- set for a message that waits for an answer
        speaker   TEXT                             -- as whom it was written
    )
    """,
    "CREATE INDEX inbox_pending ON inbox (update_id) WHERE state = 'pending'",
    """
    CREATE TABLE turns (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        thread     INTEGER NOT NULL REFERENCES threads ON DELETE CASCADE,
        speaker    TEXT NOT NULL,
        text       TEXT NOT NULL,
        at         TEXT NOT NULL,
        version    TEXT,                           -- of the adapter that said it; null: a person did
        message_id INTEGER,                        -- Telegram's; of an answer, once it is sent
        update_id  INTEGER                         -- that brought it, or that it answers
    )
    """,
    "CREATE INDEX turns_of_thread ON turns (thread, id)",
    "CREATE UNIQUE INDEX turn_of_update ON turns (update_id) WHERE version IS NULL",
    # Messages of the bot, written down before they are sent. The row stays; its text goes when it is sent.
    """
    CREATE TABLE outbox (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        chat_id    INTEGER NOT NULL,
        topic_id   INTEGER NOT NULL,
        thread     INTEGER REFERENCES threads,
        turn       INTEGER REFERENCES turns ON DELETE SET NULL,
        update_id  INTEGER,                        -- that it answers
        text       TEXT NOT NULL,
        buttons    TEXT,                           -- JSON: rows of [label, callback data]
        state      TEXT NOT NULL DEFAULT 'unsent' CHECK (state IN ('unsent', 'sent', 'failed')),
        message_id INTEGER,
        created    TEXT NOT NULL,
        sent       TEXT
    )
    """,
    "CREATE INDEX outbox_unsent ON outbox (chat_id, id) WHERE state = 'unsent'",
    "CREATE INDEX outbox_of_turn ON outbox (turn)",
)

_SECOND = (
    "ALTER TABLE inbox ADD COLUMN answers TEXT",  # who is to answer; null: the other of the pair
    "CREATE INDEX inbox_waiting ON inbox (thread) WHERE state = 'pending' AND thread IS NOT NULL",
    "CREATE INDEX turns_of_message ON turns (message_id)",
    "ALTER TABLE outbox ADD COLUMN pause REAL NOT NULL DEFAULT 0",  # seconds of typing before it
    "ALTER TABLE outbox ADD COLUMN reply_to INTEGER",  # Telegram's id of the message that it replies to
    "ALTER TABLE outbox ADD COLUMN shown INTEGER NOT NULL DEFAULT 0",  # 1: an answer's buttons stand under it
    "CREATE INDEX outbox_shown ON outbox (chat_id) WHERE shown",
    """
    CREATE TABLE preferences (
        chat_id     INTEGER NOT NULL,
        topic_id    INTEGER NOT NULL,
        language    TEXT,
        mode        TEXT,
        temperature REAL,
        PRIMARY KEY (chat_id, topic_id)
    ) WITHOUT ROWID
    """,
    # As whom the members of a group speak.
    """
    CREATE TABLE members (
        chat_id INTEGER NOT NULL,
        user_id INTEGER NOT NULL,
        speaker TEXT NOT NULL,
        PRIMARY KEY (chat_id, user_id),
        UNIQUE (chat_id, speaker)
    ) WITHOUT ROWID
    """,
    # Who may write beside those in the settings; a group has a negative id.
    """
    CREATE TABLE people (
        id    INTEGER PRIMARY KEY,
        role  TEXT NOT NULL CHECK (role IN ('admin', 'allowed', 'asked', 'refused')),
        name  TEXT NOT NULL,
        since TEXT NOT NULL
    )
    """,
    # A copy of what was judged: it outlives a reset of its thread, but not /forget in its chat.
    """
    CREATE TABLE feedback (
        chat_id INTEGER NOT NULL,
        user_id INTEGER NOT NULL,
        turn    INTEGER NOT NULL,
        adapter TEXT NOT NULL,
        version TEXT NOT NULL,
        rating  INTEGER NOT NULL CHECK (rating IN (-1, 1)),
        context TEXT NOT NULL,                     -- JSON: [[speaker, text], ...]
        speaker TEXT NOT NULL,
        answer  TEXT NOT NULL,
        at      TEXT NOT NULL,
        PRIMARY KEY (turn, user_id)
    )
    """,
    """
    CREATE TABLE uploads (
        id       INTEGER PRIMARY KEY AUTOINCREMENT,
        chat_id  INTEGER NOT NULL,
        topic_id INTEGER NOT NULL,
        user_id  INTEGER NOT NULL,
        path     TEXT NOT NULL,
        dataset  TEXT NOT NULL,
        created  TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE trainings (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        chat_id    INTEGER NOT NULL,
        topic_id   INTEGER NOT NULL,
        adapter    TEXT NOT NULL,
        language   TEXT NOT NULL,
        message_id INTEGER,
        running    INTEGER NOT NULL DEFAULT 1,
        started    TEXT NOT NULL
    )
    """,
    # When the jobs of the schedule ran last, so that one whose time came while the bot was off is made up for.
    "CREATE TABLE runs (name TEXT PRIMARY KEY, at TEXT NOT NULL) WITHOUT ROWID",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST, _SECOND)
