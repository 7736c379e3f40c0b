// The keyboard map: whatever bears data-key answers to it; rows are walked with j and k.
"use strict";
(() => {
  const OFF = "keys-off";
  const PAUSE = 1000; // milliseconds in which the second key of "g l" must come
  const seen = (element) => element.checkVisibility?.({ visibilityProperty: true }) ?? element.offsetParent !== null;
  const typing = (element) => element.matches?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
  const remembered = () => { try { return localStorage.getItem(OFF) === "1"; } catch { return false; } };

  const toggle = document.getElementById("keys-on");
  if (toggle) {
    toggle.checked = !remembered();
    toggle.addEventListener("change", () => { try { localStorage.setItem(OFF, toggle.checked ? "0" : "1"); } catch { /* private window */ } });
  }

  const rows = () => [...document.querySelectorAll("[data-row]")].filter(seen);
  const at = () => rows().findIndex((row) => row === document.activeElement || row.closest("tr, li")?.contains(document.activeElement));
  const walk = (step) => {
    const all = rows();
    if (!all.length) return false;
    const from = at();
    const to = from < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(from + step, 0), all.length - 1);
    all[to].focus();
    all[to].scrollIntoView({ block: "nearest" });
    return true;
  };
  const tick = () => {
    const box = rows()[at()]?.closest("tr, li")?.querySelector("[name=ids]");
    box?.click();
    return Boolean(box);
  };
  // A key of the row one stands on: its own button answers.
  const ofRow = (key) => {
    const button = rows()[at()]?.closest("tr, li")?.querySelector(`[data-row-key="${CSS.escape(key)}"]:not(:disabled)`);
    button?.click();
    return Boolean(button);
  };
  const open = () => {
    const row = rows()[at()];
    if (!row || document.activeElement === row) return false; // a focused link opens by itself
    if (document.activeElement.matches("button, a, summary, input")) return false;
    row.click();
    return true;
  };
  const map = () => {
    const sheet = document.getElementById("keymap");
    sheet?.togglePopover();
    return Boolean(sheet);
  };
  // What a key would do cannot be done: the page's own reason, said and shown as a toast.
  const explain = (key) => {
    const reason = [...document.querySelectorAll(`[data-why-not="${CSS.escape(key)}"]`)].find(seen);
    if (reason) document.dispatchEvent(new CustomEvent("tell", { detail: reason.dataset.says || reason.textContent.trim() }));
    return Boolean(reason);
  };
  const use = (key) => {
    const asked = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].filter(seen);
    const own = asked.find((element) => element.closest("main"));
    if ((!own || own.matches(":disabled")) && explain(key)) return true;
    const target = own || asked[0] // the page's own before the side bar's
      || (key === "/" ? null : document.querySelector(`a[data-key="${CSS.escape(key)}"]`));
    if (!target) return false;
    if (target.matches("input, textarea, select")) { target.focus(); target.select?.(); }
    else if (target.matches("summary")) {
      target.parentElement.open = true;
      (target.parentElement.querySelector("[data-first]") || target.parentElement.querySelector("input, select, button, textarea"))?.focus();
    } else target.click();
    return true;
  };
  // Nothing ticked yet: the row one stands on is meant.
  const assign = () => {
    if (!document.querySelector("[name=ids]:checked")) tick();
    return use("a");
  };
  const KEYS = { j: () => walk(1), k: () => walk(-1), x: tick, a: assign, Enter: open, "?": map };

  let first = "";
  let timer = 0;
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || remembered()) return;
    if (event.target.closest?.("[data-at]") && event.key !== "?") return;
    const key = first ? `${first} ${event.key}` : event.key;
    clearTimeout(timer);
    first = "";
    if (key === "g") {
      first = "g";
      timer = setTimeout(() => { first = ""; }, PAUSE);
      return;
    }
    if (key === "Enter" && event.target.closest?.("a, button, summary")) return; // which it presses by itself
    if ((KEYS[key] && KEYS[key]()) || ofRow(key) || use(key)) event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && typing(event.target)) event.target.blur();
  });

  // Coming back to a list, the row that was opened has the focus again.
  const place = `row:${location.pathname}`;
  document.addEventListener("click", (event) => {
    const row = event.target.closest("[data-row]");
    try { if (row?.id) sessionStorage.setItem(place, row.id); } catch { /* private window */ }
  });
  if (performance.getEntriesByType("navigation")[0]?.type === "back_forward") {
    try { document.getElementById(sessionStorage.getItem(place) || "")?.focus(); } catch { /* private window */ }
  }
})();
