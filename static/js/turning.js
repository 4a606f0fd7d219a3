/* Turns pages in place: a round's reveal, or a story. Every link leads there without this code too. */

const SECONDS_A_PAGE = 6;
const SHORTEST_SWIPE = 48;
const turning = document.querySelector('[data-turning]');
const isStage = turning.dataset.turning === 'stage';
const calm = matchMedia('(prefers-reduced-motion: reduce)');
const fetched = new Map();
let shown = location.href;
let timer = 0;
let isPlaying = false;

const told = document.createElement('p');
told.className = 'vh';
told.setAttribute('role', 'status');
document.body.append(told);

const link = (selector) => turning.querySelector(selector)?.href;
const next = () => link('a[rel=next]');
const previous = () => link('a[rel=prev]');

const fetchPage = (url) => {
  if (!fetched.has(url)) {
    fetched.set(url, (async () => {
      const response = await fetch(url);
      if (!response.ok || response.redirected) throw new Error(`${response.status}`);
      const page = new DOMParser().parseFromString(await response.text(), 'text/html');
      if (!page.querySelector('[data-turning]')) throw new Error('Not a page of this kind');
      return page;
    })());
  }
  return fetched.get(url);
};

/* The page that most likely comes next, and its picture, so that turning shows no white. */
const fetchAhead = async () => {
  if (!next()) return;
  try {
    const { srcset, sizes } = (await fetchPage(next())).querySelector('[data-turning] img.real') ?? {};
    if (srcset) Object.assign(new Image(), { sizes, srcset });
  } catch { fetched.delete(next()); }
};

const showPlaying = () => {
  const button = turning.querySelector('[data-autoplay]');
  if (!button) return;
  button.hidden = false;
  button.setAttribute('aria-pressed', isPlaying);
};

const schedule = () => {
  clearTimeout(timer);
  if (isPlaying && !next()) play(false);
  if (isPlaying && !document.hidden) timer = setTimeout(() => turn(next()), SECONDS_A_PAGE * 1000);
};

const play = (wanted) => {
  isPlaying = wanted;
  showPlaying();
  schedule();
};

/* Whoever pressed a button finds its like under the finger again; else the page itself takes the focus. */
const keepFocus = (exchange) => {
  const focused = document.activeElement;
  const wasInside = turning.contains(focused);
  const like = ['[rel=next]', '[rel=prev]', '[data-autoplay]', '[data-first]', '[data-last]'].find((each) => focused.matches(each));
  exchange();
  if (wasInside) ((like && turning.querySelector(like)) ?? document.getElementById('main')).focus({ preventScroll: true });
};

const show = (page, url) => {
  keepFocus(() => turning.replaceChildren(...page.querySelector('[data-turning]').cloneNode(true).childNodes));
  turning.classList.add('is-turned');
  document.title = page.title;
  scrollTo({ top: 0, behavior: 'instant' });
  // A full stop makes the reader pause.
  const words = [...turning.querySelectorAll('[data-told]')].map((each) => each.textContent.trim().replace(/[^.!?…]$/, '$&.'));
  told.textContent = words.join(' ');
  shown = url;
  showPlaying();
};

const turn = async (url, { remember = true } = {}) => {
  if (!url || url === shown) return;
  const from = shown;
  let page;
  try { page = await fetchPage(url); } catch { location.assign(url); return; }
  if (shown !== from) return;
  turning.dataset.direction = url === previous() ? 'back' : 'on';
  if (remember) history.pushState(null, '', url);
  if (!isStage && document.startViewTransition && !calm.matches) {
    const transition = document.startViewTransition(() => show(page, url));
    transition.ready.catch(() => {});  // It was cut short by the next one; the page is turned all the same.
    await transition.updateCallbackDone;
  } else {
    show(page, url);
  }
  schedule();
  fetchAhead();
};

/* Somebody took over: what played by itself rests. */
const turnByHand = (url) => { play(false); turn(url); };

const actions = {
  ArrowRight: () => turnByHand(next()),
  ArrowLeft: () => turnByHand(previous()),
  Escape: () => location.assign(link('[data-close]')),
};
if (isStage) {
  Object.assign(actions, {
    ' ': actions.ArrowRight,
    Enter: actions.ArrowRight,
    Home: () => turnByHand(link('[data-first]')),
    End: () => turnByHand(link('[data-last]')),
  });
}

document.addEventListener('keydown', (event) => {
  const pressed = event.target.closest('a, button') && ['Enter', ' '].includes(event.key);
  if (pressed || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.defaultPrevented) return;
  if (document.querySelector('.pswp--open') || !(event.key in actions)) return;
  if (event.key !== 'Escape' && event.target.closest('[tabindex="0"]')) return;
  event.preventDefault();
  actions[event.key]();
});

document.addEventListener('click', (event) => {
  if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const step = event.target.closest('a[data-step]');
  if (step) { event.preventDefault(); turnByHand(step.href); return; }
  if (event.target.closest('[data-autoplay]')) { play(!isPlaying); return; }
  if (!isStage || event.target.closest('a, button, [tabindex="0"]') || !getSelection().isCollapsed) return;
  turnByHand(event.clientX > innerWidth / 2 ? next() : previous());
});

let touched;
document.addEventListener('touchstart', (event) => {
  const isZoomed = visualViewport && visualViewport.scale > 1.01;
  const isOpen = document.querySelector('.pswp--open');
  touched = event.touches.length === 1 && !isZoomed && !isOpen ? event.touches[0] : null;
}, { passive: true });
document.addEventListener('touchend', (event) => {
  if (!touched) return;
  const [across, down] = ['clientX', 'clientY'].map((axis) => event.changedTouches[0][axis] - touched[axis]);
  touched = null;
  if (Math.abs(across) > SHORTEST_SWIPE && Math.abs(across) > 1.5 * Math.abs(down)) turnByHand(across < 0 ? next() : previous());
}, { passive: true });

document.addEventListener('visibilitychange', schedule);
// The lightbox, too, moves through the history; only another address is another page.
addEventListener('popstate', () => { play(false); turn(location.href, { remember: false }); });

showPlaying();
fetchAhead();
