// Keeps a page fresh without losing the reader's place: it fetches the page again and changes only what differs, so
// that scrolling, selections, open sections and half-typed words stay. Everything works without it, by reloading.
"use strict";

const main = document.querySelector("main");
const live = document.getElementById("live");
let held = false;
let timer = 0;
let asked = 0; // counts requests: only the answer to the last one counts

function morph(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== Node.ELEMENT_NODE) {
    old.nodeValue = fresh.nodeValue;
    return;
  }
  for (const { name, value } of fresh.attributes) {
    if (name !== "open" && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const { name } of [...old.attributes]) {
    if (name !== "open" && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  const byId = new Map([...old.children].filter((e) => e.id).map((e) => [e.id, e]));
  let at = old.firstChild;
  for (const wanted of fresh.childNodes) {
    let found = wanted.id ? byId.get(wanted.id) : at;
    if (found && (found.nodeName !== wanted.nodeName || (found.id || "") !== (wanted.id || ""))) found = null;
    if (!found) {
      old.insertBefore(document.importNode(wanted, true), at);
    } else {
      if (found === at) at = at.nextSibling;
      else old.insertBefore(found, at);
      morph(found, wanted);
    }
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

async function show(url) {
  const mine = ++asked;
  const answer = await fetch(url, { credentials: "same-origin" });
  if (mine !== asked) return;
  if (answer.redirected || !answer.ok) {
    location.assign(url); // logged out, or gone: the real page says so
    return;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (mine !== asked) return;
  document.title = page.title;
  morph(main, page.querySelector("main"));
}

function seconds() {
  return Number(main.dataset.refresh || 0);
}

function say(text, kind) {
  live.hidden = !seconds();
  live.textContent = text;
  live.className = "live " + kind;
}

function plan() {
  clearTimeout(timer);
  if (held) say("refresh stopped", "held");
  else say("live", "");
  if (seconds() && !held) timer = setTimeout(refresh, seconds() * 1000);
}

async function refresh() {
  let broken = false;
  if (!document.hidden) {
    try {
      await show(location.href);
    } catch {
      broken = true;
    }
  }
  plan();
  if (broken) say("no answer, trying again", "broken");
}

async function go(url, remember) {
  try {
    if (remember) history.pushState(null, "", url);
    await show(url);
    plan();
  } catch {
    location.assign(url);
  }
}

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest("a");
  if (link) {
    if (!link.hasAttribute("data-swap")) return;
    event.preventDefault();
    go(link.href, true);
    return;
  }
  const row = event.target.closest(".runs > tbody > tr, .list > tbody > tr");
  const own = row && row.querySelector("a.ref");
  if (own && !row.classList.contains("detail") && !String(getSelection())) own.click();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") for (const menu of document.querySelectorAll(".menu[open]")) menu.open = false;
});

live.addEventListener("click", () => {
  held = !held;
  plan();
});
live.title = "Stop or go on refreshing this page";
addEventListener("popstate", () => go(location.href, false));
plan();
