"use strict";
// Puts what /live sends into the page. The rows come from the server's own templates, which escape every value.
const KEEP = 50;
const punches = document.getElementById("punches");
const link = document.getElementById("link");

function show(state) {
  link.className = "link " + state;
  link.textContent = state === "live" ? link.dataset.live : link.dataset.lost;
}

function addPunches(html) {
  const fresh = document.createElement("tbody");
  fresh.innerHTML = html;
  const known = new Set([...punches.rows].map((row) => row.dataset.seq));
  const rows = [...fresh.rows].filter((row) => !known.has(row.dataset.seq));
  rows.forEach((row) => row.classList.add("fresh"));
  punches.prepend(...rows);
  while (punches.rows.length > KEEP) punches.lastElementChild.remove();
  document.getElementById("no-punches").hidden = punches.rows.length > 0;
}

function replace(id) {
  return (event) => {
    const place = document.getElementById(id);
    const html = JSON.parse(event.data);
    if (place.innerHTML !== html) place.innerHTML = html;
  };
}

const source = new EventSource("/live?after=" + punches.dataset.after);
source.addEventListener("open", () => show("live"));
source.addEventListener("punches", (event) => addPunches(JSON.parse(event.data)));
source.addEventListener("terminals", replace("terminals"));
source.addEventListener("totals", replace("totals"));
source.addEventListener("error", () => {
  show("lost");
  if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 5000);
});
