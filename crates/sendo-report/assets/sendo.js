// Fetches this page again when the server tells that something changed, and swaps its <main>.
// Without scripts nothing is missing: the page says what it knew when it was loaded.
(() => {
  const main = () => document.querySelector("main[data-events]");
  const live = document.getElementById("live");
  if (!main() || !window.EventSource) return;
  let waiting = false;
  let again = false;

  const refresh = async () => {
    if (waiting) { again = true; return; }
    waiting = true;
    try {
      const reply = await fetch(location.href, { headers: { accept: "text/html" } });
      if (reply.ok) {
        const page = new DOMParser().parseFromString(await reply.text(), "text/html");
        const fresh = page.querySelector("main");
        const focused = document.activeElement?.getAttribute("href");
        if (fresh) {
          main().replaceWith(document.adoptNode(fresh));
          document.title = page.title;
          if (focused) main().querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
        }
      }
    } catch { /* the next event or the reconnection tries again */ }
    setTimeout(() => {
      waiting = false;
      if (again) { again = false; refresh(); }
    }, 250);
  };

  const source = new EventSource(main().dataset.events);
  source.onmessage = refresh;
  source.onopen = () => { live.textContent = live.dataset.live; refresh(); };
  source.onerror = () => { live.textContent = live.dataset.notLive; };
})();
