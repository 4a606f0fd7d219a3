/* Small comforts that every page has. Nothing here is needed to use the gallery. */

// The blurred stand-in goes once its picture is there, or can't be: it must not shine through a
// transparent picture, nor lie under the words that stand for a missing one.
const settle = (picture) => {
  const blur = picture.previousElementSibling;
  const remove = () => blur.remove();
  if (blur?.classList.contains('blur')) picture.decode().then(remove, remove);
};
for (const kind of ['load', 'error']) {
  document.addEventListener(kind, (event) => event.target.classList?.contains('real') && settle(event.target), true);
}
for (const picture of document.querySelectorAll('img.real')) {
  if (picture.complete && picture.loading === 'eager') settle(picture);
}

const isTyping = (event) => event.target.closest('input, textarea, select, [contenteditable]')
  || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented;

document.addEventListener('keydown', (event) => {
  if (isTyping(event) || document.querySelector('.pswp--open')) return;
  if (event.key === '/') {
    const field = document.querySelector('input[type=search]');
    if (field) { event.preventDefault(); field.focus(); field.select(); }
  }
  const rel = { ArrowLeft: 'prev', ArrowRight: 'next' }[event.key];
  if (rel && !event.shiftKey && !event.target.closest('[tabindex="0"]')) {
    document.querySelector(`[data-arrows] a[rel=${rel}]`)?.click();
  }
});

// Without a public address in the settings a new link is a path; here its beginning is known.
const fresh = document.getElementById('fresh-link');
if (fresh?.value.startsWith('/')) fresh.value = location.origin + fresh.value;

const copy = async (source) => {
  const text = source.value ?? source.textContent;
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Pages served without TLS have no clipboard interface.
  if (source.select) source.select(); else getSelection().selectAllChildren(source);
  document.execCommand('copy');
};

for (const button of document.querySelectorAll('[data-copy]')) {
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener('click', async () => {
    await copy(document.getElementById(button.dataset.copy)).then(
      () => { button.textContent = 'Copied'; },
      () => { button.textContent = 'Press Ctrl+C'; },
    );
    setTimeout(() => { button.textContent = label; }, 2000);
  });
}
