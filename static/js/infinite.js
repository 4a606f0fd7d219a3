/* Fetches the next page as its link comes near, and hangs its pictures below. The link stays as the way back. */

const items = document.querySelector('[data-items]');
let more = document.querySelector('[data-more]');

const status = document.createElement('p');
status.className = 'vh';
status.setAttribute('role', 'status');

const extend = async () => {
  const link = more.querySelector('a[rel=next]');
  const response = await fetch(link.href);
  if (!response.ok || response.redirected) throw new Error(`${response.status}`);
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  const added = [...page.querySelectorAll('[data-items] > *')];
  items.append(...added);
  status.textContent = `${added.length} more.`;
  const following = page.querySelector('[data-more]');
  if (following && added.length) more.replaceWith(following); else more.remove();
  more = following;
};

if (items && more && 'IntersectionObserver' in window) {
  document.body.append(status);
  const near = new IntersectionObserver(async (entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    near.disconnect();
    try { await extend(); } catch { return; }
    if (more?.isConnected) near.observe(more);
  }, { rootMargin: '900px' });
  near.observe(more);
}
