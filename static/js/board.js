// The board: a card is dragged by mouse or finger, or moved by key; what is refused goes back to where it was.
"use strict";
(() => {
  const FAR = 6; // pixels a mouse must go before it is a drag
  const HOLD = 300; // milliseconds a finger must rest before it is one: until then it scrolls
  const EDGE = 48; // pixels from the border where the board begins to scroll
  const board = () => document.querySelector("[data-board]");
  const columns = () => [...document.querySelectorAll("[data-board] [data-stage]")];
  const columnOf = (element) => element?.closest("[data-stage]");
  const cardsIn = (column) => [...column.querySelectorAll("[data-row]")];
  const addressOf = (card) => card.querySelector("[id^=move-]").href;
  const focusOn = (link) => {
    if (!link) return;
    link.focus();
    link.closest("li").scrollIntoView({ block: "nearest", inline: "nearest" });
  };

  // --- Moving: the card stands in its new column at once; the answer brings it anew, or it goes back.
  const move = (card, column) => {
    const stage = column.dataset.stage;
    if (stage === columnOf(card).dataset.stage || card.classList.contains("pending")) return;
    if (card.hasAttribute("data-ask")) return ask(card, stage);
    const home = { list: card.parentElement, next: card.nextElementSibling };
    const back = () => {
      card.classList.remove("pending");
      home.list.insertBefore(card, home.next?.parentElement === home.list ? home.next : null);
    };
    card.classList.add("pending");
    column.querySelector("ul").prepend(card);
    focusOn(card.querySelector("[data-row]"));
    card.addEventListener("htmx:beforeSwap", (event) => { if (event.detail.xhr.status >= 400) back(); }, { once: true });
    card.addEventListener("htmx:responseError", back, { once: true });
    card.addEventListener("htmx:sendError", back, { once: true });
    htmx.ajax("POST", addressOf(card), { source: card, target: card, swap: "none", values: { stage } });
  };
  const ask = (card, stage) => {
    const url = `${addressOf(card)}&to=${encodeURIComponent(stage)}`;
    htmx.ajax("GET", url, { source: card, target: card, swap: "beforeend" });
  };

  // --- Dragging by pointer, so that a finger can do it too.
  let drag = null;
  const begin = (event) => {
    const card = event.target.closest?.("[data-move]");
    if (drag || !card || event.button || !event.isPrimary || event.target.closest(".btn, [popover]")) return;
    drag = { card, id: event.pointerId, x: event.clientX, y: event.clientY, touch: event.pointerType === "touch" };
    if (drag.touch) drag.timer = setTimeout(lift, HOLD);
  };
  const lift = () => {
    const box = drag.card.getBoundingClientRect();
    drag.ghost = drag.card.cloneNode(true);
    drag.ghost.removeAttribute("id");
    drag.ghost.classList.add("ghost");
    drag.ghost.setAttribute("aria-hidden", "true");
    drag.ghost.style.width = `${box.width}px`;
    drag.dx = drag.x - box.left;
    drag.dy = drag.y - box.top;
    document.body.append(drag.ghost);
    document.body.classList.add("dragging");
    drag.card.classList.add("lifted");
    if (drag.touch) navigator.vibrate?.(10);
    carry();
    drag.frame = requestAnimationFrame(scroll);
  };
  const carry = () => {
    drag.ghost.style.transform = `translate(${drag.x - drag.dx}px, ${drag.y - drag.dy}px)`;
    const over = nearest(drag.x, drag.y);
    columns().forEach((column) => column.classList.toggle("over", column === over));
    drag.over = over;
  };
  const nearest = (x, y) => { // the column under the pointer, or beside it where it is between two
    const area = board().getBoundingClientRect();
    if (x < area.left || x > area.right || y < area.top || y > area.bottom) return null;
    const far = (column) => {
      const box = column.getBoundingClientRect();
      return Math.max(box.left - x, x - box.right, 0);
    };
    return columns().reduce((best, column) => (far(column) < far(best) ? column : best));
  };
  const scroll = () => {
    if (!drag?.ghost) return;
    const pull = (at, from, to) => (at < from + EDGE ? -1 : at > to - EDGE ? 1 : 0) * 12;
    const box = board().getBoundingClientRect();
    board().scrollLeft += pull(drag.x, box.left, Math.min(box.right, innerWidth));
    const list = drag.over?.querySelector(".deal");
    if (list) {
      const inner = list.getBoundingClientRect();
      list.scrollTop += pull(drag.y, inner.top, inner.bottom);
    }
    carry();
    drag.frame = requestAnimationFrame(scroll);
  };
  const end = (drops) => {
    if (!drag) return;
    clearTimeout(drag.timer);
    cancelAnimationFrame(drag.frame);
    const { card, ghost, over } = drag;
    drag = null;
    if (!ghost) return;
    ghost.remove();
    document.body.classList.remove("dragging");
    card.classList.remove("lifted");
    columns().forEach((column) => column.classList.remove("over"));
    addEventListener("click", swallow, { capture: true, once: true }); // the click that ends a drag opens nothing
    setTimeout(() => removeEventListener("click", swallow, true));
    if (drops && over) move(card, over);
  };
  const swallow = (event) => { event.preventDefault(); event.stopPropagation(); };
  document.addEventListener("pointerdown", begin);
  document.addEventListener("pointermove", (event) => {
    if (!drag || event.pointerId !== drag.id) return;
    const gone = Math.hypot(event.clientX - drag.x, event.clientY - drag.y);
    if (!drag.ghost && drag.touch && gone > FAR) return end(false); // it scrolls
    if (!drag.ghost && gone <= FAR) return;
    drag.x = event.clientX;
    drag.y = event.clientY;
    if (drag.ghost) carry();
    else lift();
  });
  document.addEventListener("pointerup", () => end(true));
  document.addEventListener("pointercancel", () => end(false));
  document.addEventListener("touchmove", (event) => { if (drag?.ghost) event.preventDefault(); }, { passive: false });
  document.addEventListener("contextmenu", (event) => { if (drag?.touch) event.preventDefault(); });
  document.addEventListener("dragstart", (event) => { if (event.target.closest?.("[data-move]")) event.preventDefault(); });
  document.addEventListener("selectstart", (event) => { if (drag) event.preventDefault(); });

  // --- Keys, on the card that has the focus: arrows walk, [ and ] (or Shift and an arrow) move, m opens its menu.
  const beside = (column, step) => columns()[columns().indexOf(column) + step];
  const walkAcross = (link, column, step) => {
    const at = cardsIn(column).indexOf(link);
    for (let next = beside(column, step); next; next = beside(next, step)) {
      const cards = cardsIn(next);
      if (cards.length) return focusOn(cards[Math.min(at, cards.length - 1)]);
    }
  };
  const walkDown = (link, column, step) => focusOn(cardsIn(column)[cardsIn(column).indexOf(link) + step]);
  const shift = (card, column, step) => {
    const to = beside(column, step);
    if (to && card.hasAttribute("data-move")) move(card, to);
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && drag) return end(false);
    const card = event.target.closest?.("[data-board] li");
    const link = card?.querySelector("[data-row]");
    if (!link || event.target.closest("[popover]") || event.ctrlKey || event.metaKey || event.altKey) return;
    const column = columnOf(card);
    const acts = {
      "[": () => shift(card, column, -1),
      "]": () => shift(card, column, 1),
      m: () => card.querySelector("[id^=move-]")?.click(),
      ArrowLeft: () => (event.shiftKey ? shift(card, column, -1) : walkAcross(link, column, -1)),
      ArrowRight: () => (event.shiftKey ? shift(card, column, 1) : walkAcross(link, column, 1)),
      ArrowUp: () => walkDown(link, column, -1),
      ArrowDown: () => walkDown(link, column, 1),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  }, true);
})();
