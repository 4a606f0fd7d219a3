/* Keeps a round's page as it is on the wall: what players finish appears by itself, while somebody looks. */

const room = document.querySelector('[data-events]');
const REST_MILLISECONDS = 500;
const MOST_FAILURES = 3;
let source;
let timer = 0;
let failures = 0;

const keyOf = (part) => part.dataset.key ?? part.outerHTML;

/* What is the same stays the same element: its picture isn't loaded again, and focus stays on it. */
const merge = (old, fresh) => {
  const kept = new Map([...old.children].map((part) => [keyOf(part), part]));
  const wanted = [...fresh.children].map((part) => kept.get(keyOf(part)) ?? part);
  for (const part of [...old.children]) if (!wanted.includes(part)) part.remove();
  wanted.forEach((part, place) => {
    if (old.children[place] !== part) old.insertBefore(part, old.children[place] ?? null);
  });
};

const exchange = (name, page) => {
  const old = room.querySelector(`[data-live=${name}]`);
  const fresh = page.querySelector(`[data-live=${name}]`);
  if (old.className === fresh.className) merge(old, fresh); else old.replaceWith(fresh);
};

/* What somebody looks at stays where it is on the screen, whatever is hung above it. */
const inPlace = (change) => {
  const seen = [...room.querySelectorAll('[data-key]')].find((part) => part.getBoundingClientRect().bottom > 0);
  const before = seen?.getBoundingClientRect().top;
  change();
  if (seen?.isConnected && before < 0) scrollBy({ top: seen.getBoundingClientRect().top - before, behavior: 'instant' });
};

const refresh = async () => {
  const response = await fetch(location.href);
  if (!response.ok || response.redirected) return;
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  if (!page.querySelector('[data-live=exhibits]')) return;
  inPlace(() => ['bar', 'exhibits'].forEach((name) => exchange(name, page)));
  const [words, fresh] = [document, page].map((each) => each.querySelector('[data-live-words]'));
  if (words.textContent.trim() !== fresh.textContent.trim()) words.replaceChildren(...fresh.childNodes);
};

const refreshSoon = () => {
  clearTimeout(timer);
  timer = setTimeout(() => {
    // A large picture is in the way, and somebody is looking at it: the page can wait.
    if (document.querySelector('.pswp--open')) refreshSoon(); else refresh().catch(() => {});
  }, REST_MILLISECONDS);
};

const listen = () => {
  source = new EventSource(room.dataset.events);
  for (const name of ['image', 'revealed', 'hidden']) source.addEventListener(name, refreshSoon);
  source.addEventListener('open', () => {
    // Something may have happened while the line was down.
    if (failures) refreshSoon();
    failures = 0;
  });
  source.addEventListener('error', () => {
    failures += 1;
    if (failures >= MOST_FAILURES) source.close();
  });
};

// A page that nobody looks at gives its connection back: browsers have six to a server.
document.addEventListener('visibilitychange', () => {
  if (document.hidden) { source?.close(); return; }
  listen();
  refreshSoon();
});

if (!document.hidden) listen();
