
// Who writes where: two people, each with the private chat and the group; one of these four is open.
let bot = { id: 0, name: "Twin", username: "" }, group = { id: 0, name: "" }, users = [];
let me = { id: 0, name: "", commands: {} }, openChat = 0;
const messages = new Map();  // by id, of all chats, oldest first
const rows = new Map();  // by id, of the open chat
const unread = new Map();  // by place, such as "1001/-1001000000001"
const drafts = new Map();  // by chat: what the bot is writing there
const typing = new Map();  // by chat: the action and its timer
const TYPING_MS = 5000, DRAFT_MS = 30000;
const WORDS = { typing: "typing …", upload_photo: "sending a picture …", upload_document: "sending a file …", record_voice: "recording …" };

function here() {
  return { user: me.id, chat: openChat };
}

function place(user, chat) {
  return `${user}/${chat}`;
}

function places() {
  return users.flatMap((user) => [user.id, group.id].map((chat) => [user, chat]));
}

function chatName(chat) {
  return chat === group.id ? group.name : bot.name;
}

function enter(user, chat) {
  me = user;
  openChat = chat;
  cancelContext();
  unread.delete(place(me.id, chat));
  history.replaceState(null, "", `#${place(me.id, chat)}`);
  document.title = `${chatName(chat)} · Twin sandbox`;
  $("title").textContent = chatName(chat);
  $("face").replaceChildren(face(chat === group.id ? chat : bot.id, chatName(chat)));
  $("as").textContent = `as ${me.name}`;
  $("log").classList.toggle("group", chat === group.id);
  $("text").placeholder = chat === group.id ? `Message as ${me.name}` : "Message";
  $("hint").textContent = chat === group.id
    ? `A group of ${users.map((user) => user.name).join(", ")} and the bot. Mention it as @${bot.username}, or reply to what it says.`
    : "No messages here yet. Press Start, or just write something.";
  $("start").hidden = chat === group.id;
  rows.clear();
  $("rows").replaceChildren();
  for (const message of messages.values()) if (message.chat === chat) put(message, false);
  arrange();
  showBusy();
  showChats();
  closeChats();
  showCommands();
  scroll(true);
}

// From the address, so that a reload stays where it was.
function enterFromAddress() {
  const wanted = decodeURIComponent(location.hash.slice(1));
  const [user, chat] = places().find(([user, chat]) => place(user.id, chat) === wanted) || places()[0];
  enter(user, chat);
}

function step(by) {
  const all = places(), now = all.findIndex(([user, chat]) => user.id === me.id && chat === openChat);
  enter(...all[(now + by + all.length) % all.length]);
  $("text").focus();
}

function chatNode(user, chat) {
  const node = make("button", "chat");
  const last = [...messages.values()].filter((message) => message.chat === chat).at(-1);
  const what = make("span", "what"), side = make("span", "side");
  const count = unread.get(place(user.id, chat)) || 0;
  node.type = "button";
  node.onclick = () => { enter(user, chat); $("text").focus(); };
  if (user.id === me.id && chat === openChat) node.ariaCurrent = "true";
  what.append(make("b", "", chatName(chat)));
  if (typing.has(chat)) what.append(make("span", "now", typing.get(chat).words));
  else what.append(make("span", "", last ? preview(last, user) : "no messages yet"));
  if (last) side.append(make("span", "", clock(last.date)));
  if (count) {
    const badge = make("span", "count", count);
    badge.ariaLabel = `${count} unread`;
    side.append(badge);
  }
  node.append(face(chat === group.id ? chat : bot.id, chatName(chat)), what, side);
  return node;
}

function preview(message, user) {
  const who = message.from === user.id ? "You: " : message.chat === group.id ? `${message.sender}: ` : "";
  return who + (message.text || message.file?.name || "");
}

function languageNode(user) {
  const node = make("select");
  node.ariaLabel = `Language of ${user.name}'s app`;
  for (const [code, name] of [["en", "English"], ["de", "Deutsch"]]) {
    const option = make("option", "", name);
    option.value = code;
    option.selected = code === user.language;
    node.append(option);
  }
  node.onchange = () => post("/page/language", { user: user.id, language: node.value });
  return node;
}

function showChats() {
  const focused = [...$("people").querySelectorAll("button, select")].indexOf(document.activeElement);
  $("people").replaceChildren(...users.map((user) => {
    const section = make("section", "person"), head = make("h2", "", `As ${user.name}`);
    head.append(languageNode(user));
    section.ariaLabel = `As ${user.name}`;
    section.append(head, chatNode(user, user.id), chatNode(user, group.id));
    return section;
  }));
  if (focused >= 0) $("people").querySelectorAll("button, select")[focused]?.focus();
  $("unread").hidden = unread.size === 0;
  $("open-chats").ariaLabel = unread.size ? "Chats, with unread messages" : "Chats";
}

function count(message) {
  for (const [user, chat] of places()) {
    const isOpen = user.id === me.id && chat === openChat;
    // what one of the two sees in the open group, the other has seen as well: one person sits here
    if (chat !== message.chat || message.from !== bot.id || isOpen || chat === openChat) continue;
    unread.set(place(user.id, chat), (unread.get(place(user.id, chat)) || 0) + 1);
  }
}

// What the bot is doing

function setTyping(chat, action) {
  clearTimeout(typing.get(chat)?.timer);
  if (!action) typing.delete(chat);
  else {
    const timer = setTimeout(() => { setTyping(chat, null); showBusy(); showChats(); }, TYPING_MS);
    typing.set(chat, { words: WORDS[action] || `${action.replaceAll("_", " ")} …`, timer });
  }
}

function setDraft(chat, draft) {
  clearTimeout(drafts.get(chat)?.timer);
  if (!draft) drafts.delete(chat);
  else drafts.set(chat, { ...draft, timer: setTimeout(() => { setDraft(chat, null); showBusy(); }, DRAFT_MS) });
}

function showBusy() {
  const draft = drafts.get(openChat);
  $("draft").replaceChildren();
  if (draft?.text) {
    const row = make("div", "row first last writing"), stack = make("div", "stack");
    stack.append(bubbleNode({ from: bot.id, sender: bot.name, text: draft.text, entities: draft.entities }));
    row.append(face(bot.id, bot.name), stack);
    row.ariaBusy = "true";
    $("draft").append(row);
  }
  $("typing").hidden = Boolean(draft?.text) || !(draft || typing.has(openChat));
  showStatus();
}

function showStatus() {
  const busy = typing.get(openChat)?.words || (drafts.has(openChat) ? "typing …" : "");
  const members = openChat === group.id ? `${users.length + 1} members` : "online";
  $("status").textContent = lost ? "connection lost, trying again …" : busy || (listening ? members : "no bot is connected yet");
  $("status").className = !lost && (busy || listening) ? "good" : "";
}
