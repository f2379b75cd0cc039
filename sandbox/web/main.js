
// What the server tells, and the keys of the whole page.
const TOAST_MS = 3500, NEAR_PX = 260;
let listening = false, lost = false, offlineTimer = 0, toastTimer = 0;

function put(message, isNew) {
  const row = rowNode(message), old = rows.get(message.id);
  if (old) {
    const hadFocus = old === document.activeElement;
    old.replaceWith(row);
    if (hadFocus) row.focus();
  } else {
    if (isNew) row.classList.add("new");
    $("rows").append(row);
  }
  rows.set(message.id, row);
}

function distance() {
  const log = $("log");
  return log.scrollHeight - log.scrollTop - log.clientHeight;
}

function scroll(force) {
  if (force || distance() < NEAR_PX) $("log").scrollTop = $("log").scrollHeight;
  $("down").hidden = distance() < NEAR_PX;
}

// A bot polls anew after every batch: only a longer silence means that it is gone.
function setListening(on) {
  if (on === listening && !offlineTimer) return;
  clearTimeout(offlineTimer);
  offlineTimer = 0;
  if (on) listening = true;
  else offlineTimer = setTimeout(() => { offlineTimer = 0; listening = false; showStatus(); }, 2500);
}

function toast(text) {
  clearTimeout(toastTimer);
  $("toast").textContent = text;
  $("toast").hidden = false;
  toastTimer = setTimeout(() => { $("toast").hidden = true; }, TOAST_MS);
}

async function post(path, body) {
  const isForm = body instanceof FormData;
  const options = isForm ? { method: "POST", body } : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  try {
    const answer = await (await fetch(path, options)).json();
    if (!answer.ok) toast(answer.description);
    return answer.ok;
  } catch {
    toast("The sandbox does not answer. Is it still running?");
    return false;
  }
}

function follow(data) {
  users = data.users;
  me = users.find((user) => user.id === me.id) || users[0];
  lost = false;
  setListening(data.listening);
}

function showAnswer({ user, message, text, alert }) {
  rows.get(message)?.querySelectorAll(".busy").forEach((node) => node.classList.remove("busy"));
  if (!text || user !== me.id) return;
  if (alert) {
    $("alert").querySelector("p").textContent = text;
    $("alert").showModal();
  } else toast(text);
}

function take(message) {
  const isNew = !messages.has(message.id);
  messages.set(message.id, message);
  if (isNew && message.from === bot.id) {
    setTyping(message.chat, null);
    setDraft(message.chat, null);
  }
  if (isNew) count(message);
  if (message.chat === openChat) put(message, isNew);
}

const source = new EventSource("/page/events");
source.addEventListener("snapshot", (event) => {
  const data = JSON.parse(event.data);
  ({ bot, group } = data);
  follow(data);
  messages.clear();
  for (const message of data.messages) messages.set(message.id, message);
  enterFromAddress();
});
source.addEventListener("change", (event) => {
  const data = JSON.parse(event.data), near = distance() < NEAR_PX;
  follow(data);
  data.messages.forEach(take);
  for (const id of data.deleted) {
    messages.delete(id);
    rows.get(id)?.remove();
    rows.delete(id);
  }
  for (const { chat, action } of data.actions) setTyping(chat, action);
  for (const draft of data.drafts) setDraft(draft.chat, draft);
  data.answers.forEach(showAnswer);
  if (data.messages.length || data.deleted.length) arrange();
  showBusy();
  if (data.messages.length || data.deleted.length || data.actions.length) showChats();
  scroll(near);
});
source.onerror = () => { lost = true; showStatus(); };

// The list of chats on a phone

function closeChats() {
  $("chats").classList.remove("open");
  $("scrim").hidden = true;
  $("open-chats").ariaExpanded = "false";
}

$("open-chats").onclick = () => {
  $("chats").classList.add("open");
  $("scrim").hidden = false;
  $("open-chats").ariaExpanded = "true";
  $("chats").querySelector("[aria-current]")?.focus();
};
$("scrim").onclick = closeChats;

// Light or dark: as the system has it, until someone chooses

const THEME = "theme";
if (localStorage.getItem(THEME)) document.documentElement.dataset.theme = localStorage.getItem(THEME);
$("theme").onclick = () => {
  const isDark = (localStorage.getItem(THEME) || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  localStorage.setItem(THEME, isDark ? "light" : "dark");
  document.documentElement.dataset.theme = localStorage.getItem(THEME);
};

// Keys

document.addEventListener("keydown", (event) => {
  if (document.querySelector("dialog[open]")) return;
  if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    event.preventDefault();
    step(event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Escape") {
    closeChats();
    $("text").focus();
  }
});

$("log").addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const all = [...$("rows").children], row = event.target.closest?.(".row");
  if (event.key === "ArrowUp" || event.key === "ArrowDown") {
    const now = all.indexOf(row), by = event.key === "ArrowUp" ? -1 : 1;
    event.preventDefault();
    all.at(now < 0 ? -1 : Math.max(0, Math.min(all.length - 1, now + by)))?.focus();
  } else if (row?.message && event.key.toLowerCase() === "r") {
    event.preventDefault();
    reply(row.message);
  } else if (row?.message && event.key.toLowerCase() === "e") {
    event.preventDefault();
    edit(row.message);
  }
});

$("log").addEventListener("scroll", () => { $("down").hidden = distance() < NEAR_PX; });
$("down").onclick = () => { scroll(true); $("text").focus(); };
