/* Sends an upload form without leaving the page: progress, and errors beside what they belong to.
   Without it the form is sent like any other, and the server says the same on a new page. */

import { blame, blamePhoto, mainPhoto, photos, size, tell, weight, wrongPhotos } from './photos.js';

const form = document.querySelector('[data-upload]');
const find = (name) => form.querySelector(`[data-${name}]`);
const progress = form.querySelector('progress');
const text = form.querySelector('textarea');
const notice = find('form-error');
const UNTOUCHED = 'All you typed and chose is still here';

let request = null;
let isTokenOld = false;

// Characters as the server counts them: an emoji is one of them.
const length = () => [...text.value.trim()].length;

const wrongText = () => {
  const { least, most } = find('least').dataset;
  if (length() < least) return `The text needs at least ${least} characters; it has ${length()}.`;
  return length() > most ? `The text has ${length()} characters; at most ${most} are taken.` : '';
};

const showCount = () => {
  const { most } = find('least').dataset;
  find('count').textContent = `${length()} of ${most}`;
  find('count').classList.toggle('is-bad', length() > most);
  if (text.hasAttribute('aria-invalid')) blame('prompt_text', wrongText());
};

if (text) {
  text.addEventListener('input', showCount);
  showCount();
}

const isSound = () => {
  if (text) blame('prompt_text', wrongText());
  blame('images', wrongPhotos());
  form.querySelector('[aria-invalid=true]')?.focus();
  tell([...form.querySelectorAll('[data-error]')].map((place) => place.textContent).join(' '));
  return !form.querySelector('[aria-invalid=true]');
};

const show = (isSending) => {
  find('fields').inert = isSending;
  find('actions').hidden = isSending;
  find('sending').hidden = !isSending;
  form.ariaBusy = isSending;
};

const showProgress = ({ loaded, total }) => {
  progress.value = loaded / total;
  find('sent').textContent = `${Math.round(100 * loaded / total)} %, ${size(loaded)} of ${size(total)}`;
};

const allSent = () => {
  progress.removeAttribute('value');
  find('sent').textContent = 'All sent. The photos are being checked…';
  tell(find('sent').textContent);
};

/* Back to the form, with all that was typed and chosen. */
const stop = (words) => {
  request = null;
  show(false);
  const told = Object.assign(document.createElement('p'), { className: 'notice is-bad', textContent: words });
  told.role = 'alert';
  notice.replaceChildren(told);
  notice.focus();
};

/* The server's page says what is wrong; its words go to where they belong on this one. */
const takeOver = (page, sent) => {
  for (const place of page.querySelectorAll('[data-upload] [data-error]')) blame(place.dataset.error, place.textContent);
  for (const complaint of page.querySelectorAll('[data-file-errors] [data-file]')) {
    const photo = sent[Number(complaint.dataset.file)];
    if (photo) blamePhoto(photo, complaint.querySelector('span').textContent);
  }
  const words = page.querySelector('[data-form-error]') ?? page.querySelector('main h1');
  stop(`${words?.textContent.trim() || 'It was not kept'}. ${UNTOUCHED}.`.replace('..', '.'));
};

const answered = (sent) => {
  const { status, responseURL, response } = request;
  request = null;
  if (status === 200 && responseURL !== form.action) return location.assign(responseURL);
  isTokenOld = status === 400 || status === 401;
  if (status === 401) return stop(`You are signed out by now. ${UNTOUCHED}: sign in on another tab, then send it again.`);
  return response ? takeOver(response, sent) : stop(`The gallery did not answer as it should. ${UNTOUCHED}: try again.`);
};

/* Who signed in anew has another token than the one that this page came with. */
const renewToken = async () => {
  const page = new DOMParser().parseFromString(await (await fetch(form.dataset.page)).text(), 'text/html');
  const field = page.querySelector('[data-upload] [name=csrf_token]');
  if (field) form.elements.csrf_token.value = field.value;
};

const body = () => {
  const fields = new FormData();
  if (text) fields.append('prompt_text', text.value);
  if (mainPhoto() >= 0) fields.append('primary', mainPhoto());
  for (const { file } of photos) fields.append('images[]', file);
  return fields;
};

const send = async () => {
  const sent = [...photos];
  for (const photo of sent) blamePhoto(photo, '');
  notice.replaceChildren();
  showProgress({ loaded: 0, total: weight() });
  show(true);
  find('cancel').focus();
  tell('Sending the photos.');
  request = new XMLHttpRequest();
  if (isTokenOld) await renewToken().catch(() => {});
  request.open('POST', form.action);
  // In a header the token is looked at before the photos are.
  request.setRequestHeader('X-CSRFToken', form.elements.csrf_token.value);
  request.responseType = 'document';
  request.upload.addEventListener('progress', showProgress);
  request.upload.addEventListener('load', allSent);
  request.addEventListener('load', () => answered(sent));
  request.addEventListener('error', () => stop(`The connection broke off. ${UNTOUCHED}: try again.`));
  request.addEventListener('abort', () => stop(`You stopped it. ${UNTOUCHED}.`));
  request.send(body());
};

form.noValidate = true;
form.addEventListener('submit', (event) => {
  event.preventDefault();
  if (!request && isSound()) send();
});
find('cancel').addEventListener('click', () => request.abort());
addEventListener('beforeunload', (event) => { if (request) event.preventDefault(); });
