// The call's clock, the outcome that the call itself suggests, and a field of keys that is empty again once they are sent.
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
  document.addEventListener("htmx:afterRequest", ({ target, detail }) => {
    if (target.matches?.("[data-clear]") && detail.successful) target.reset();
  });
  document.addEventListener("htmx:afterSettle", () => { tick(); suggest(); });
})();
