/* Opens pictures in PhotoSwipe. Its code is fetched when a picture is first pointed at, focused or clicked. */

const { lightbox: lightboxURL, photoswipe: photoswipeURL, photoswipeCss } = document.body.dataset;
let ready;

const slide = (link) => {
  const img = link.querySelector('img.real');
  const [width, height] = ['width', 'height'].map((name) => Number(img.getAttribute(name)));
  const widest = img.srcset.split(', ').pop().trim().split(/\s+/)[0];
  const srcset = 'original' in link.dataset ? `${img.srcset}, ${link.href} ${width}w` : img.srcset;
  return { src: widest || img.src, srcset, width, height, alt: img.alt, msrc: img.currentSrc, thumbCropped: true, element: link };
};

const caption = (lightbox) => lightbox.pswp.ui.registerElement({
  name: 'caption', className: 'pswp-caption', appendTo: 'root', order: 9,
  onInit: (element, pswp) => pswp.on('change', () => {
    const link = pswp.currSlide.data.element;
    const words = link.closest('figure')?.querySelector('figcaption')?.cloneNode(true);
    element.replaceChildren(...(words ? [words] : []));
    if (!words || 'original' in link.dataset || words.querySelector('a')) return;
    const about = Object.assign(document.createElement('a'), { href: link.href, textContent: 'About this picture' });
    words.append(about);
  }),
});

/* On a phone, "back" closes what covers the page, and does not leave the page. */
const closeByGoingBack = (lightbox) => {
  let entered = false;
  lightbox.on('beforeOpen', () => { entered = true; history.pushState({ zoom: true }, ''); });
  lightbox.on('close', () => { if (entered) { entered = false; history.back(); } });
  addEventListener('popstate', () => { if (entered) { entered = false; lightbox.pswp?.close(); } });
};

const load = () => ready ??= (async () => {
  document.head.append(Object.assign(document.createElement('link'), { rel: 'stylesheet', href: photoswipeCss }));
  const { default: Lightbox } = await import(lightboxURL);
  const lightbox = new Lightbox({
    pswpModule: () => import(photoswipeURL),
    bgOpacity: 1,
    loop: false,
    paddingFn: (viewport, data) => ({ top: 56, bottom: 'original' in data.element.dataset ? 24 : 124, left: 0, right: 0 }),
  });
  lightbox.on('uiRegister', () => caption(lightbox));
  lightbox.addFilter('thumbEl', (thumbnail, data) => data.element?.querySelector('img.real') ?? thumbnail);
  closeByGoingBack(lightbox);
  lightbox.init();
  import(photoswipeURL);
  return lightbox;
})();

const linkOf = (event) => event.target.closest?.('a[data-zoom]');

for (const kind of ['pointerover', 'focusin']) {
  document.addEventListener(kind, (event) => linkOf(event) && load(), { passive: true });
}

document.addEventListener('click', async (event) => {
  const link = linkOf(event);
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  try {
    const lightbox = await load();
    const links = [...document.querySelectorAll('a[data-zoom]')];
    lightbox.loadAndOpen(links.indexOf(link), links.map(slide));
  } catch {
    location.assign(link.href);
  }
});
