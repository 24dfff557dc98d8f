"use strict";
(() => {
  const input = document.getElementById("find");
  const found = document.getElementById("found");
  const nothing = document.getElementById("nothing");
  const menu = document.getElementById("menu");
  const links = new Map([...document.querySelectorAll("nav a")].map((a) => [a.hash.slice(1), a]));
  const fold = (text) => text.toLowerCase().replace(/\s+/g, " ");

  // Every searchable row with the words of its section, so that "ae severity" finds the row in AE.
  const sections = [...document.querySelectorAll("main section[data-words]")].map((section) => ({
    section,
    rows: [...section.querySelectorAll("tr.hit")].map((row) => {
      const box = row.closest("details.grid");
      const title = box ? box.querySelector("summary").textContent : "";
      return { row, box, words: fold(`${row.textContent} ${title} ${section.dataset.words}`) };
    }),
  }));
  const boxes = [...document.querySelectorAll("details.grid")];
  const tables = [...document.querySelectorAll("main section[data-words] .wide")];
  const chapters = [...document.querySelectorAll("h2.chapter")];
  let opened = null;

  function search() {
    const words = fold(input.value).split(" ").filter(Boolean);
    const active = words.length > 0;
    if (active && opened === null) opened = new Set(boxes.filter((box) => box.open));
    document.body.classList.toggle("finding", active);
    let hits = 0;
    const full = new Set();
    for (const { section, rows } of sections) {
      let here = 0;
      for (const { row, box, words: text } of rows) {
        const hit = words.every((word) => text.includes(word));
        row.hidden = !hit;
        if (hit) { here += 1; if (box) full.add(box); }
      }
      section.hidden = active && here === 0;
      hits += here;
      const link = links.get(section.id);
      if (link) link.classList.toggle("none", section.hidden);
    }
    for (const box of boxes) {
      box.hidden = active && !full.has(box);
      box.open = active ? full.has(box) : opened === null ? box.open : opened.has(box);
    }
    for (const table of tables) table.hidden = active && !table.querySelector("tr.hit:not([hidden])");
    for (const chapter of chapters) chapter.hidden = active;
    for (const extra of document.querySelectorAll("section dl, section .parts, section h4, section > p")) extra.hidden = active && !extra.closest(".fixed");
    if (!active) opened = null;
    nothing.hidden = !active || hits > 0;
    found.textContent = active ? `${hits} row${hits === 1 ? "" : "s"}` : "";
  }

  // A link to a row inside a closed box opens it, and ends a search that hides the row.
  function reveal() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (input.value && (target.hidden || target.closest("[hidden]"))) { input.value = ""; search(); }
    for (let box = target.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
    target.scrollIntoView();
  }

  let timer = 0;
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(search, 120); });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== input) { event.preventDefault(); input.focus(); input.select(); }
    if (event.key === "Escape" && document.activeElement === input) { input.value = ""; search(); input.blur(); }
  });
  window.addEventListener("hashchange", reveal);
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link && link.hash === location.hash) reveal();
    if (link || !event.target.closest("nav, #menu")) toggle(false);
  });

  function toggle(on) {
    document.body.classList.toggle("menu", on);
    menu.setAttribute("aria-expanded", String(on));
  }
  menu.addEventListener("click", () => toggle(!document.body.classList.contains("menu")));

  // The section at the top of the window is marked in the contents.
  const watched = [...document.querySelectorAll("main section, #maps details")].filter((each) => links.has(each.id));
  let waiting = false;
  function mark() {
    waiting = false;
    const line = 90;
    let here = watched[0];
    for (const each of watched) if (!each.hidden && each.getBoundingClientRect().top <= line) here = each;
    for (const [id, link] of links) link.classList.toggle("here", here !== undefined && id === here.id);
    const link = here && links.get(here.id);
    if (link) {
      const box = link.parentElement;
      if (link.offsetTop < box.scrollTop || link.offsetTop > box.scrollTop + box.clientHeight - 40) box.scrollTop = link.offsetTop - 120;
    }
  }
  window.addEventListener("scroll", () => { if (!waiting) { waiting = true; requestAnimationFrame(mark); } }, { passive: true });
  if (location.hash) reveal();
  mark();
})();
