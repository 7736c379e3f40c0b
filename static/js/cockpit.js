// The call's clock, and the outcome that the call itself suggests.
"use strict";
(() => {
  const two = (number) => String(number).padStart(2, "0");
  const tick = () => {
    const clock = document.querySelector("[data-since]");
    if (!clock) return;
    const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(clock.dataset.since)) / 1000));
    clock.textContent = `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
  };
  const suggest = () => {
    const asked = document.querySelector("[data-suggest]")?.dataset.suggest;
    if (!asked || document.querySelector("[name=disposition]:checked")) return;
    const choice = document.querySelector(`[name=disposition][value="${CSS.escape(asked)}"]`);
    if (choice) choice.checked = true;
  };
  setInterval(tick, 500);
  tick();
  document.addEventListener("htmx:afterSettle", () => { tick(); suggest(); });
})();
