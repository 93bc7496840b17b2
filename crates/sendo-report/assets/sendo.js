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

  const show = (page) => {
    const fresh = page?.querySelector("main");
    if (!fresh) return;
    const focused = document.activeElement?.getAttribute("href");
    main().replaceWith(document.adoptNode(fresh));
    document.title = page.title;
    if (focused) main().querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  };

  const source = new EventSource(main().dataset.events);
  source.onmessage = refresh;
  source.onopen = () => { live.textContent = live.dataset.live; refresh(); };
  source.onerror = () => {
    live.textContent = source.readyState === 2 ? live.dataset.closed : live.dataset.notLive;
  };
})();
