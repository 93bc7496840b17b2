// Fetches this page again when the server tells that something changed, and swaps its <main>.
// Without scripts nothing is missing: the page says what it knew when it was loaded.
(() => {
  const main = () => document.querySelector("main[data-events]");
  const live = document.getElementById("live");
  if (!main() || !window.EventSource) return;
  let waiting = false;
  let again = false;

  // The browser itself parses the reply, so not even a policy on trusted types objects.
  const refresh = () => {
    if (waiting) { again = true; return; }
    waiting = true;
    const request = new XMLHttpRequest();
    request.open("GET", location.href);
    request.responseType = "document";
    request.onload = () => { if (request.status === 200) show(request.response); };
    request.onloadend = () => setTimeout(() => {
      waiting = false;
      if (again) { again = false; refresh(); }
    }, 250);
    request.send();
  };

  const key = (one) => [one.id, one.name, one.getAttribute("href"), one.form?.getAttribute("action"),
    one.closest("[id]:not(main)")?.id].join("\n");

  // The counterpart of an element elsewhere: of those that are alike, such as two links to one place,
  // the one at the same place among them.
  const counterpart = (one, here, there) => {
    const alike = (root) => [...root.querySelectorAll(one.tagName)].filter((other) => key(other) === key(one));
    return alike(there)[alike(here).indexOf(one)];
  };

  const isChosen = ({ options, selectedIndex }) =>
    selectedIndex !== Math.max(0, [...options].findIndex((option) => option.defaultSelected));

  // What the reader opened, typed, ticked or chose; what stands as it came is the server's to change.
  const carry = (from, to) => {
    if (from.open) to.open = true;
    if (from.options && isChosen(from) && [...to.options].some(({ value }) => value === from.value)) to.value = from.value;
    if (from.defaultValue !== undefined && from.type !== "hidden" && from.value !== from.defaultValue) to.value = from.value;
    if (from.checked !== from.defaultChecked) to.checked = from.checked;
  };

  // What the reader did to the page stays: what is typed, opened, focused and scrolled to.
  const show = (page) => {
    const fresh = page?.querySelector("main");
    if (!fresh) return;
    const old = main();
    for (const one of old.querySelectorAll("details, input, textarea, select")) {
      const its = counterpart(one, old, fresh);
      if (its) carry(one, its);
    }
    const at = old.contains(document.activeElement) ? document.activeElement : null;
    const focus = at && counterpart(at, old, fresh);
    const isTyped = at?.matches("input, textarea");
    const [left, top] = [window.scrollX, window.scrollY];
    // The very element that is typed into, with its caret and what an input method has not settled yet.
    if (isTyped) focus?.replaceWith(at);
    old.replaceWith(document.adoptNode(fresh));
    document.title = page.title;
    (isTyped ? at : focus)?.focus({ preventScroll: true });
    window.scrollTo(left, top);
  };

  // A browser has six connections to a server for all its tabs: only what somebody looks at holds one.
  let source;
  const listen = () => {
    if (document.hidden) {
      source?.close();
      source = undefined;
      return;
    }
    if (source) return;
    const mine = source = new EventSource(main().dataset.events);
    mine.onmessage = refresh;
    mine.onopen = () => { live.textContent = live.dataset.live; refresh(); };
    mine.onerror = () => {
      live.textContent = mine.readyState === 2 ? live.dataset.closed : live.dataset.notLive;
    };
  };
  document.addEventListener("visibilitychange", listen);
  listen();
})();
