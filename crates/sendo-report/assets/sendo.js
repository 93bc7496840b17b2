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

  // What the reader did to the page stays: what is typed, opened, focused and scrolled to.
  const show = (page) => {
    const fresh = page?.querySelector("main");
    if (!fresh) return;
    const old = main();
    const named = (name, value) => fresh.querySelector(`[${name}="${CSS.escape(value)}"]`);
    for (const open of old.querySelectorAll("details[open][id]")) named("id", open.id)?.setAttribute("open", "");
    const at = old.contains(document.activeElement) ? document.activeElement : null;
    // Of those that are alike, such as two links to one place, the one at the same place among them.
    const alike = (root) => [...root.querySelectorAll(at?.tagName ?? "none")].filter((one) => key(one) === key(at));
    const focus = at && alike(fresh)[alike(old).indexOf(at)];
    const [left, top] = [window.scrollX, window.scrollY];
    if (at?.matches("input")) focus?.replaceWith(at);
    old.replaceWith(document.adoptNode(fresh));
    document.title = page.title;
    (at?.matches("input") ? at : focus)?.focus({ preventScroll: true });
    window.scrollTo(left, top);
  };

  const source = new EventSource(main().dataset.events);
  source.onmessage = refresh;
  source.onopen = () => { live.textContent = live.dataset.live; refresh(); };
  source.onerror = () => {
    live.textContent = source.readyState === 2 ? live.dataset.closed : live.dataset.notLive;
  };
})();
