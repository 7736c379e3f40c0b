// What every page does with script: theme, menus, toasts, ticked rows, cells that open in place.
"use strict";
(() => {
  const root = document.documentElement;
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

  // --- Theme: the choice shows at once by :has(); a post in the background keeps it.
  document.addEventListener("change", (event) => {
    const form = event.target.closest("[data-theme-form]");
    if (!form) return;
    const chosen = form.elements.theme.value;
    if (chosen === "system") root.removeAttribute("data-bs-theme");
    else root.dataset.bsTheme = chosen;
    $$("[data-theme-form] [name=theme]").forEach((radio) => { radio.checked = radio.value === chosen; });
    fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" });
  });

  // --- Menus (details.pop): one open at a time, closed by Escape or a click beside, focus goes back.
  const close = (menu, refocus) => {
    menu.open = false;
    if (refocus) menu.querySelector("summary").focus();
  };
  document.addEventListener("toggle", (event) => {
    const opened = event.target;
    if (!opened.matches?.("details.pop") || !opened.open) return;
    $$("details.pop[open]").forEach((menu) => { if (!menu.contains(opened)) close(menu); });
    opened.querySelector("[data-first]")?.focus();
  }, true);
  document.addEventListener("click", (event) => {
    $$("details.pop[open]").forEach((menu) => { if (!menu.contains(event.target)) close(menu); });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.activeElement?.closest("details.pop[open]") || document.querySelector("details.pop[open]");
    if (menu) close(menu, true);
  });
  document.addEventListener("focusout", (event) => {
    const [menu, to] = [event.target.closest?.("details.pop[open]"), event.relatedTarget];
    // A press on a label or a bare place in the menu gives the focus to what lies around it, the page's main part.
    if (menu && to && !menu.contains(to) && !to.contains(menu)) close(menu);
  });

  // --- Toasts: leave by themselves unless they ask or warn; never while pointed at or focused.
  const PATIENCE = 8000;
  const dismiss = (toast) => toast.remove();
  const arm = (toast) => {
    if (toast.dataset.armed || toast.matches(".error, .warning")) return;
    toast.dataset.armed = "1";
    const wait = () => setTimeout(() => (toast.matches(":hover, :focus-within") ? wait() : dismiss(toast)), PATIENCE);
    wait();
  };
  const armAll = () => $$("[data-toast]").forEach(arm);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-dismiss]");
    if (button) dismiss(button.closest("[data-toast]"));
  });
  const tell = (text) => {
    const toast = document.getElementById("toast-failed")?.content.firstElementChild.cloneNode(true);
    if (!toast) return;
    toast.querySelector("p").textContent = text;
    const told = $$("#toasts [data-toast]").find((other) => other.querySelector("p").textContent === text);
    if (told) told.replaceWith(toast); // once, and announced anew
    else document.getElementById("toasts").append(toast);
  };
  document.addEventListener("tell", (event) => tell(event.detail));
  document.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    tell(status === 403 ? "You may not do that here." : status === 404 ? "It is not there any more. Reload the page."
      : "That did not work. Nothing was changed; try again in a moment.");
  });
  document.addEventListener("htmx:sendError", () => tell("The server cannot be reached. Check the connection and try again."));

  // --- Ticked rows: count, range by shift, the whole page, everything that matches.
  let last = null;
  const recount = (form) => {
    const ticks = $$("[name=ids]", form);
    const on = ticks.filter((tick) => tick.checked);
    const everything = form.querySelector("[name=everything]");
    if (everything && on.length < ticks.length) everything.checked = false;
    const all = form.querySelector("[data-tick-all]");
    if (all) {
      all.checked = on.length > 0 && on.length === ticks.length;
      all.indeterminate = on.length > 0 && on.length < ticks.length;
    }
    $$("[data-ticked]", form).forEach((place) => {
      place.textContent = everything?.checked ? place.dataset.all : `${on.length} ticked`;
    });
  };
  document.addEventListener("click", (event) => {
    const tick = event.target;
    if (tick.name !== "ids" || !tick.form) return;
    const ticks = $$("[name=ids]", tick.form);
    if (event.shiftKey && last && ticks.includes(last)) {
      const [from, to] = [ticks.indexOf(last), ticks.indexOf(tick)].sort((a, b) => a - b);
      ticks.slice(from, to + 1).forEach((other) => { other.checked = tick.checked; });
    }
    last = tick;
  });
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (!box.form) return;
    if (box.matches("[data-tick-all]")) $$("[name=ids]", box.form).forEach((tick) => { tick.checked = box.checked; });
    if (box.name === "everything" && box.checked) $$("[name=ids]", box.form).forEach((tick) => { tick.checked = true; });
    if (box.matches("[data-tick-all], [name=ids], [name=everything]")) recount(box.form);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-untick]");
    if (!button) return;
    event.preventDefault();
    const form = button.closest("form");
    $$("[name=ids], [name=everything]", form).forEach((box) => { box.checked = false; });
    recount(form);
    form.querySelector("[data-row]")?.focus();
  });
  const recountAll = () => $$("form[data-ticks]").forEach(recount);

  // --- A cell's menu: put beside its button, in the top layer; focus comes back to the cell when it closes.
  const place = (menu) => {
    const from = document.getElementById(menu.dataset.at);
    if (!from) return;
    const box = from.getBoundingClientRect();
    menu.showPopover();
    const below = box.bottom + menu.offsetHeight + 8 < innerHeight;
    menu.style.top = `${Math.max(8, below ? box.bottom + 4 : box.top - menu.offsetHeight - 4)}px`;
    menu.style.left = `${Math.max(8, Math.min(box.left, innerWidth - menu.offsetWidth - 8))}px`;
    (menu.querySelector("[aria-current]") || menu.querySelector("button, a, input"))?.focus();
    let waits = false; // for an answer, which finds the page through the menu that asked
    menu.addEventListener("htmx:beforeSend", () => { waits = true; });
    menu.addEventListener("htmx:afterRequest", () => {
      waits = false;
      if (!menu.matches(":popover-open")) menu.remove();
    });
    menu.addEventListener("toggle", (event) => {
      if (event.newState !== "closed") return;
      if (!waits) menu.remove();
      if (document.activeElement === document.body || !document.activeElement) document.getElementById(menu.dataset.at)?.focus();
    });
  };
  document.addEventListener("keydown", (event) => {
    const menu = event.target.closest?.("[data-at]");
    if (!menu || !["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) return;
    const items = $$("button:not(:disabled), a", menu);
    const at = items.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    items[(to + items.length) % items.length]?.focus();
    event.preventDefault();
  });

  // --- After every swap: what came in new is made ready, and a focus that went with the old part is given back.
  let focused = "";
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!event.detail.shouldSwap) return;
    const active = document.activeElement;
    const sent = event.detail.requestConfig?.elt; // a part that comes by itself leaves a writer alone
    const written = active?.matches("textarea") && sent?.matches("form") && sent.contains(active); // it is sent: the keys are free again
    if (written) active.blur();
    const at = written ? "main" : active?.closest("[data-at]")?.dataset.at || active?.id || "";
    if (at) focused = at; // a second answer may come before the first has settled
  });
  document.addEventListener("htmx:afterSettle", () => {
    armAll();
    recountAll();
    $$("[data-at]").forEach((menu) => { if (!menu.matches(":popover-open")) place(menu); });
    const wanted = document.querySelector("[data-focus]");
    if (wanted) {
      wanted.removeAttribute("data-focus");
      wanted.focus();
    }
    else if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus();
    focused = "";
  });
  // A post that takes seconds says so on its button, and goes out once.
  document.addEventListener("submit", (event) => {
    const form = event.target, button = event.submitter;
    if (!form.dataset.busy || !button || event.defaultPrevented) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
    button.dataset.words = button.innerHTML;
    button.textContent = button.dataset.busy || form.dataset.busy;
    button.setAttribute("aria-busy", "true");
  });
  addEventListener("pageshow", () => $$("form[data-sent]").forEach((form) => {
    delete form.dataset.sent;
    $$("[aria-busy][data-words]").forEach((button) => {
      button.innerHTML = button.dataset.words;
      button.removeAttribute("aria-busy");
    });
  }));
  // A form that posts by Ctrl+Enter; a select or date that applies itself.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.target.form?.requestSubmit();
  });

  armAll();
  recountAll();
  addEventListener("pageshow", recountAll);
})();
