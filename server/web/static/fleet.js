"use strict";
// When the server says that something changed, the page is fetched anew and the parts that differ are taken over. The
// rows come from the server's own templates, which escape every value; a parsed document runs no script.
const link = document.getElementById("link");
let stale = false;

function show(state) {
  link.hidden = false;
  link.className = "link " + state;
  link.textContent = state === "live" ? link.dataset.live : link.dataset.lost;
}

async function refresh() {
  stale = document.hidden;
  if (stale) return;
  const answer = await fetch(location.href, { credentials: "same-origin" });
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-part]")) {
    const next = fresh.getElementById(part.id);
    if (!next || next.innerHTML === part.innerHTML || part.contains(document.activeElement)) continue;
    const open = [...part.querySelectorAll("details")].map((one) => one.open);
    part.innerHTML = next.innerHTML;
    part.querySelectorAll("details").forEach((one, at) => { one.open = one.open || open[at]; });
  }
}

function listen() {
  const source = new EventSource(link.dataset.stream);
  source.addEventListener("open", () => show("live"));
  source.addEventListener("changed", () => refresh().catch(() => show("lost")));
  source.addEventListener("error", () => show("lost"));
  document.addEventListener("visibilitychange", () => { if (stale) refresh().catch(() => show("lost")); });
}

if (link) listen();
// On a phone the tabs are wider than the screen: the one we are at should be seen.
const rooms = document.querySelector(".rooms");
const here = rooms.querySelector("[aria-current]");
if (here) rooms.scrollLeft = here.offsetLeft - rooms.offsetLeft - 40;
