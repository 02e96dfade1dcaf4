"use strict";
// Steps through the rows that are visible, in the order of their data-t; marks the boxes they speak of.
(() => {
  const nav = document.querySelector("nav.steps");
  if (!nav) return;
  nav.hidden = false;
  const frames = [...document.querySelectorAll("section.frame")]; // pages that show one of several things at a time
  const rows = [...document.querySelectorAll(".row[data-t]")].sort((a, b) => a.dataset.t - b.dataset.t);
  const said = nav.querySelector(".now");
  let here = null;

  const shown = (row) => row.checkVisibility(); // what a closed details holds has a size, but is not visible

  function spoken(row) {
    const copy = row.cloneNode(true);
    for (const small of copy.querySelectorAll("rt")) small.remove();
    return [...copy.children].map((part) => part.textContent).join("  · ");
  }

  function go(row) {
    for (const old of document.querySelectorAll(".now[data-of], .row.now")) old.classList.remove("now");
    here = row;
    document.body.classList.toggle("stepping", row !== null);
    said.textContent = "";
    if (row === null) return;
    const time = Number(row.dataset.t);
    for (const other of rows) other.classList.toggle("later", Number(other.dataset.t) > time);
    row.classList.add("now");
    for (const box of document.querySelectorAll("svg [data-of]"))
      box.classList.toggle("now", box.dataset.of === row.dataset.of);
    const visible = rows.filter(shown);
    said.textContent = `${visible.indexOf(row) + 1}/${visible.length}  ${spoken(row)}`;
    row.scrollIntoView({ block: "center" });
  }

  const slider = nav.querySelector("input[type=range]");
  if (slider) slider.oninput = () => turn(Number(slider.value));

  function turn(to) {
    const found = Math.max(0, Math.min(frames.length - 1, to));
    frames.forEach((frame, k) => frame.classList.toggle("now", k === found));
    said.textContent = `${found + 1}/${frames.length}`;
    if (slider) slider.value = found;
  }

  function step(by) {
    if (frames.length) return turn(frames.findIndex((frame) => frame.classList.contains("now")) + by);
    const visible = rows.filter(shown);
    const time = here === null ? -1 : Number(here.dataset.t);
    let found = null;
    if (by > 0) found = visible.find((row) => Number(row.dataset.t) > time) || visible[visible.length - 1];
    else found = visible.filter((row) => Number(row.dataset.t) < time).pop() || null;
    go(found || null);
  }

  function fold(open) {
    for (const part of document.querySelectorAll("details.part")) part.open = open;
    if (here !== null && !shown(here)) go(null);
  }

  const does = {
    first: () => (frames.length ? turn(0) : go(null)), back: () => step(-1), next: () => step(1),
    last: () => (frames.length ? turn(frames.length) : go(rows.filter(shown).pop() || null)), fold: () => fold(false), open: () => fold(true),
  };
  for (const button of nav.querySelectorAll("button")) button.onclick = () => does[button.dataset.does]();
  const keys = { ArrowRight: "next", ArrowLeft: "back", Home: "first", End: "last" };
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || !(event.key in keys) || event.target === slider) return;
    event.preventDefault();
    does[keys[event.key]]();
  });

  // A link to a row opens what it is folded in.
  function reveal() {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    target.scrollIntoView({ block: "center" });
  }
  addEventListener("hashchange", reveal);
  reveal();
})();
