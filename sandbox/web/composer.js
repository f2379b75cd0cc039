
// The box for writing: texts, commands, replies, edits and files.
let chosen = 0, context = null, pending = [], mayList = true;

async function say(text) {
  if (await post("/page/say", { ...here(), text })) scroll(true);
}

function commandsHere() {
  return me.commands[openChat] || [];
}

function matching() {
  const typed = $("text").value;
  if (!mayList || !/^\/[a-z0-9_]*$/i.test(typed) || commandsHere().some((command) => `/${command.command}` === typed)) return [];
  return commandsHere().filter((command) => `/${command.command}`.startsWith(typed.toLowerCase()));
}

function showCommands() {
  const found = matching();
  chosen = Math.min(chosen, Math.max(found.length - 1, 0));
  $("commands").replaceChildren(...found.map((command, i) => {
    const node = make("button", i === chosen ? "chosen" : "");
    node.type = "button";
    node.role = "option";
    node.id = `command-${i}`;
    node.tabIndex = -1;
    node.ariaSelected = String(i === chosen);
    node.append(make("b", "", `/${command.command}`), make("span", "", command.description));
    node.onclick = () => { write(""); say(`/${command.command}`); };
    return node;
  }));
  $("commands").hidden = found.length === 0;
  if (found.length) $("text").setAttribute("aria-activedescendant", `command-${chosen}`);
  else $("text").removeAttribute("aria-activedescendant");
  $("commands").children[chosen]?.scrollIntoView({ block: "nearest" });
}

function write(text) {
  $("text").value = text;
  $("text").dispatchEvent(new Event("input"));
  $("text").focus();
}

function mayItSend() {
  $("send").disabled = !$("text").value.trim() && !pending.length;
}

$("text").addEventListener("input", () => {
  const box = $("text");
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight}px`;
  mayList = true;
  mayItSend();
  showCommands();
});

$("text").addEventListener("keydown", (event) => {
  if (event.isComposing || event.altKey) return;
  const found = $("commands").hidden ? [] : matching();
  if (found.length && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    chosen = (chosen + (event.key === "ArrowDown" ? 1 : found.length - 1)) % found.length;
    showCommands();
    event.preventDefault();
  } else if (found.length && event.key === "Tab" && !event.shiftKey) {
    write(`/${found[chosen].command} `);
    event.preventDefault();
  } else if (event.key === "ArrowUp" && !$("text").value && !pending.length) {
    const last = [...rows.values()].findLast((row) => row.message.from === me.id && !row.message.file);
    if (last) edit(last.message);
    event.preventDefault();
  } else if (event.key === "Escape") {
    if (found.length) { mayList = false; showCommands(); } else if (context || pending.length) dropAll();
    event.stopPropagation();
  } else if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    if (found.length) write(`/${found[chosen].command}`);
    $("form").requestSubmit();
  }
});

$("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = $("text").value, was = context, files = pending;
  if (!text.trim() && !files.length) return;
  pending = [];
  showFiles();
  cancelContext();
  write("");
  if (await send(text, was, files)) scroll(true);
  else if (!$("text").value) write(text);
});

async function send(text, was, files) {
  if (was?.kind === "edit") return post("/page/edit", { ...here(), message_id: was.message.id, text });
  if (!files.length) return post("/page/say", { ...here(), text, reply_to: was?.message.id });
  let caption = text, sent = true;
  const { user, chat } = here();
  for (const file of files) {
    const form = new FormData();
    form.append("user", user);
    form.append("chat", chat);
    form.append("caption", caption);
    form.append("file", file);
    sent = await post("/page/file", form) && sent;
    caption = "";
  }
  return sent;
}

// Replies and edits

function setContext(kind, message, title) {
  context = { kind, message };
  $("context-icon").setAttribute("href", kind === "edit" ? "#pencil" : "#reply");
  $("context").querySelector("b").textContent = title;
  $("context").querySelector("span").textContent = message.text || message.file?.name || "";
  $("context").hidden = false;
}

function reply(message) {
  if (context?.kind === "edit") write("");
  setContext("reply", message, `Reply to ${message.sender}`);
  $("text").focus();
}

function edit(message) {
  if (message.from !== me.id || message.file) return;
  setContext("edit", message, "Edit");
  write(message.text);
}

function cancelContext() {
  context = null;
  $("context").hidden = true;
}

function dropAll() {
  if (context?.kind === "edit") write("");
  cancelContext();
  pending = [];
  showFiles();
  $("text").focus();
}

// Files: chosen, dropped or pasted; they wait over the box until they are sent

function addFiles(list) {
  if (!list.length) return;
  pending = [...pending, ...list];
  cancelContext();
  showFiles();
  $("text").focus();
}

function showFiles() {
  for (const image of $("files").querySelectorAll("img")) URL.revokeObjectURL(image.src);
  $("files").replaceChildren(...pending.map((file) => {
    const item = make("li"), isPicture = /^image\/(png|jpeg)$/.test(file.type);
    if (isPicture) item.append(Object.assign(make("img"), { src: URL.createObjectURL(file), alt: "" }));
    else item.append(make("i", "", "↑"));
    item.append(make("span", "", `${file.name} · ${inBytes(file.size)}`));
    item.append(iconButton("close", `Do not send ${file.name}`, () => {
      pending = pending.filter((other) => other !== file);
      showFiles();
      $("text").focus();
    }));
    return item;
  }));
  $("files").hidden = !pending.length;
  mayItSend();
}

const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
let dragDepth = 0;
document.addEventListener("dragenter", (event) => { if (hasFiles(event)) { dragDepth += 1; $("drop").hidden = false; } });
document.addEventListener("dragleave", (event) => { if (hasFiles(event) && (dragDepth -= 1) <= 0) { dragDepth = 0; $("drop").hidden = true; } });
document.addEventListener("dragover", (event) => { if (hasFiles(event)) event.preventDefault(); });
document.addEventListener("drop", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  dragDepth = 0;
  $("drop").hidden = true;
  addFiles(event.dataTransfer.files);
});
$("text").addEventListener("paste", (event) => {
  if (event.clipboardData.files.length) { event.preventDefault(); addFiles(event.clipboardData.files); }
});
$("attach").onclick = () => $("file").click();
$("file").onchange = () => { addFiles($("file").files); $("file").value = ""; };
$("start").onclick = () => say("/start");
$("no-context").onclick = dropAll;
