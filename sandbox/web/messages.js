
"use strict";
// How one message looks. Everything that anyone wrote enters the document as text nodes: no script here writes HTML.
const $ = (id) => document.getElementById(id);
const GAP_S = 300;  // seconds of silence after which a side's bubbles begin a new group
const TALLEST_PX = 360;  // of a picture

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

function iconButton(name, label, action) {
  const node = make("button", "round");
  node.type = "button";
  node.title = label;
  node.ariaLabel = label;
  node.append(icon(name));
  node.onclick = action;
  return node;
}

// The bot has its sign, a person the first letter, a group two.
function face(id, name) {
  if (id === bot.id) {
    const sign = icon("twin");
    sign.setAttribute("class", "avatar");
    return sign;
  }
  const letters = id < 0 ? name.split(/\W+/).map((word) => word[0]).slice(0, 2).join("") : name[0];
  const node = make("span", `avatar face ${id < 0 ? "group" : colour(id)}`, letters);
  node.ariaHidden = "true";
  return node;
}

function colour(id) {
  return id === bot.id ? "" : `user-${users.findIndex((user) => user.id === id) + 1}`;
}

function link(address, className) {
  const node = make("a", className);
  if (/^https?:\/\//i.test(address)) Object.assign(node, { href: address, target: "_blank", rel: "noopener noreferrer" });
  return node;
}

const TAGS = { bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code", pre: "pre", blockquote: "blockquote", mention: "strong" };
function entityNode(entity, text) {
  if (entity.type === "text_link") return link(entity.url);
  if (entity.type === "url") return link(text);
  if (entity.type === "spoiler") { const node = make("span", "spoiler"); node.tabIndex = 0; return node; }
  if (entity.type === "bot_command") {
    const node = make("button", "command");
    node.type = "button";
    node.onclick = () => say(text);
    return node;
  }
  return make(TAGS[entity.type] || "span");
}

// Offsets count UTF-16 units, as JavaScript's strings do.
function format(parent, text, entities, from = 0, to = text.length) {
  let at = from;
  entities.forEach((entity, i) => {
    if (entity.offset < at) return;
    const end = Math.min(entity.offset + entity.length, to);
    parent.append(text.slice(at, entity.offset));
    const node = entityNode(entity, text.slice(entity.offset, end));
    format(node, text, entities.slice(i + 1).filter((e) => e.offset + e.length <= end), entity.offset, end);
    parent.append(node);
    at = end;
  });
  parent.append(text.slice(at, to));
}

function inBytes(count) {
  return count < 1e6 ? `${Math.ceil(count / 1e3)} kB` : `${(count / 1e6).toFixed(1)} MB`;
}

function fileNode(file) {
  if (file.photo) {
    const node = make("button", "photo");
    const image = make("img");
    const [width, height] = [image.width, image.height] = file.size;
    image.style.width = `${Math.min(width, TALLEST_PX * width / height)}px`;  // its place is kept until it is loaded
    Object.assign(image, { src: file.url, alt: file.name });
    node.type = "button";
    node.ariaLabel = `Open the picture ${file.name}`;
    node.onclick = () => {
      Object.assign($("viewer").querySelector("img"), { src: file.url, alt: file.name });
      $("viewer").showModal();
    };
    node.append(image);
    return node;
  }
  const node = make("a", "file");
  node.href = file.url;
  node.download = file.name;
  const label = make("div", "", file.name);
  label.append(make("span", "", inBytes(file.bytes)));
  node.append(make("i", "", "↓"), label);
  return node;
}

function keyboardNode(message) {
  const board = make("div", "keyboard");
  for (const line of message.keyboard) {
    const row = make("div");
    for (const button of line) {
      const node = button.url ? link(button.url) : make("button");
      node.append(button.text);
      if (!button.url) {
        node.type = "button";
        node.onclick = async () => {
          node.classList.add("busy");
          const body = { ...here(), message_id: message.id, data: button.callback_data };
          if (!await post("/page/press", body)) node.classList.remove("busy");
        };
      }
      row.append(node);
    }
    board.append(row);
  }
  return board;
}

function replyNode(reply) {
  const node = make("button", "reply");
  node.type = "button";
  node.ariaLabel = `Reply to ${reply.sender}: ${reply.text}`;
  node.append(make("b", "", reply.sender), make("span", "", reply.text));
  node.onclick = () => rows.get(reply.id)?.focus();
  return node;
}

function bubbleNode(message) {
  const bubble = make("div", "bubble");
  bubble.append(make("div", `name ${colour(message.from)}`, message.sender));
  if (message.reply) bubble.append(replyNode(message.reply));
  if (message.file) bubble.append(fileNode(message.file));
  const text = make("span", "text");
  text.dir = "auto";
  format(text, message.text, message.entities);
  bubble.append(text);
  if (message.date) {
    const topic = message.topic === null ? "" : `topic ${message.topic} · `;
    bubble.append(make("span", "meta", topic + (message.edited ? "edited " : "") + clock(message.date)));
  }
  return bubble;
}

function toolsNode(message) {
  const tools = make("div", "tools");
  tools.append(iconButton("reply", "Reply (R)", () => reply(message)));
  if (message.from === me.id && !message.file) tools.append(iconButton("pencil", "Edit (E)", () => edit(message)));
  for (const node of tools.children) node.tabIndex = -1;
  return tools;
}

function rowNode(message) {
  const row = make("div", message.from === me.id ? "row mine" : "row");
  const stack = make("div", message.keyboard.length ? "stack wide" : "stack");
  stack.append(bubbleNode(message));
  if (message.reaction) {
    const reaction = make("div", "reaction", message.reaction);
    reaction.ariaLabel = `The bot reacted with ${message.reaction}`;
    stack.append(reaction);
  }
  if (message.keyboard.length) stack.append(keyboardNode(message));
  stack.append(toolsNode(message));
  row.tabIndex = -1;
  row.append(make("div", "day", dayName(message.date)), face(message.from, message.sender), stack);
  row.message = message;
  return row;
}

function clock(date) {
  return new Date(date * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

function dayOf(date) {
  return new Date(date * 1000).toDateString();
}

function dayName(date) {
  if (dayOf(date) === new Date().toDateString()) return "Today";
  return new Date(date * 1000).toLocaleDateString([], { day: "numeric", month: "long" });
}

// Neighbouring bubbles of one sender stand together: the first bears the name, the last the tail.
function arrange() {
  let before = null;
  for (const row of $("rows").children) {
    const { from, date } = row.message;
    const newDay = !before || dayOf(before.message.date) !== dayOf(date);
    const first = newDay || before.message.from !== from || date - before.message.date > GAP_S;
    row.classList.toggle("new-day", newDay);
    row.classList.toggle("first", first);
    row.classList.add("last");
    if (before && !first) before.classList.remove("last");
    before = row;
  }
  $("empty").hidden = rows.size > 0;
  $("rows").hidden = rows.size === 0;
}
