/* The tray of an upload form: photos that were chosen or dropped, with previews, an order and a main one. */

const form = document.querySelector('[data-upload]');
const find = (name) => form.querySelector(`[data-${name}]`);
const [zone, tray] = [find('zone'), find('tray')];
const picker = zone.querySelector('input');
const { mostFiles, mostBytes } = form.querySelector('.photos').dataset;
const TYPES = ['image/jpeg', 'image/png', 'image/webp'];
const ENDINGS = /\.(jpe?g|png|webp)$/i;
const PREVIEW_WIDTH = 320;

/* What will be sent, in this order: the files, and their items in the tray. */
export const photos = [];
let drawing = Promise.resolve();

const several = (number) => `${number} photo${number === 1 ? '' : 's'}`;
export const size = (bytes) => (bytes < 2 ** 19 ? `${Math.ceil(bytes / 1024)} kB` : `${(bytes / 2 ** 20).toFixed(1)} MB`);
export const weight = () => photos.reduce((sum, { file }) => sum + file.size, 0);
export const tell = (words) => { find('told').textContent = words; };
export const mainPhoto = () => photos.findIndex(({ item }) => item.querySelector('[name=primary]')?.checked);

/* Say what is wrong with a field, or with nothing, that it is right. */
export const blame = (name, words) => {
  const place = find(`error=${name}`);
  if (!place) return;
  if (place.textContent !== words) place.textContent = words;
  const field = name === 'images' ? picker : form.elements[name];
  if (words) field.setAttribute('aria-invalid', 'true'); else field.removeAttribute('aria-invalid');
};

export const wrongPhotos = () => {
  if (!photos.length) return 'Choose at least one photo.';
  return weight() > mostBytes
    ? `Together they have ${size(weight())}; at most ${size(+mostBytes)} are taken. Remove some.` : '';
};

const part = (photo, name) => photo.item.querySelector(`[data-${name}]`);

export const blamePhoto = (photo, words) => {
  part(photo, 'why').textContent = words;
  photo.item.classList.toggle('is-bad', Boolean(words));
};

const arrange = () => {
  // What hangs in its place stays there: a button that is moved in the document loses its focus.
  photos.forEach(({ item }, at) => { if (tray.children[at] !== item) tray.insertBefore(item, tray.children[at] ?? null); });
  for (const [at, photo] of photos.entries()) {
    const [earlier, later] = photo.item.querySelectorAll('[data-move]');
    earlier.disabled = at === 0;
    later.disabled = at === photos.length - 1;
  }
  const main = tray.querySelector('[name=primary]:checked') ?? tray.querySelector('[name=primary]');
  if (main) main.checked = true;
  find('sum').textContent = photos.length
    ? `${photos.length} of ${several(+mostFiles)}, ${size(weight())} of ${size(+mostBytes)}.` : '';
};

const draw = async (photo) => {
  const canvas = photo.item.querySelector('canvas');
  try {
    // Onto a canvas: the page's policy lets images come from nowhere but the gallery itself.
    const picture = await createImageBitmap(photo.file, { resizeWidth: PREVIEW_WIDTH, resizeQuality: 'medium' });
    [canvas.width, canvas.height] = [picture.width, picture.height];
    canvas.getContext('2d').drawImage(picture, 0, 0);
    picture.close();
  } catch {
    blamePhoto(photo, 'This browser can’t show it; the file may be damaged.');
  }
};

const hang = (file) => {
  const item = find('photo').content.firstElementChild.cloneNode(true);
  const photo = { file, item };
  part(photo, 'name').textContent = file.name;
  part(photo, 'size').textContent = size(file.size);
  for (const control of item.querySelectorAll('[aria-label]')) control.ariaLabel += `: ${file.name}`;
  photos.push(photo);
  // One after another: eight decoded photos at once are too much for a phone.
  drawing = drawing.then(() => draw(photo));
};

const isPicture = ({ type, name }) => (type ? TYPES.includes(type) : ENDINGS.test(name));
const isHere = (file) => photos.some((photo) => ['name', 'size', 'lastModified'].every((key) => photo.file[key] === file[key]));

const refusal = (file) => {
  if (!isPicture(file)) return `${file.name} was left out: only JPEG, PNG and WebP photos are taken.`;
  if (isHere(file)) return `${file.name} is here already.`;
  return photos.length >= mostFiles ? `${file.name} was left out: there is room for ${several(+mostFiles)}.` : '';
};

export const add = (files) => {
  const complaints = [];
  for (const file of files) {
    const words = refusal(file);
    if (words) complaints.push(words); else hang(file);
  }
  arrange();
  blame('images', complaints.join(' ') || wrongPhotos());
  tell(`${several(photos.length)} chosen. ${complaints.join(' ')}`);
};

const move = (photo, by) => {
  const at = photos.indexOf(photo);
  const button = document.activeElement;
  photos.splice(at, 1);
  photos.splice(at + by, 0, photo);
  arrange();
  (button.disabled ? photo.item.querySelector('[data-move]:enabled') : button).focus();
  tell(`${photo.file.name} is photo ${at + by + 1} of ${photos.length} now.`);
};

const remove = (photo) => {
  const at = photos.indexOf(photo);
  photos.splice(at, 1);
  photo.item.remove();
  arrange();
  blame('images', photos.length ? wrongPhotos() : '');
  const next = photos[Math.min(at, photos.length - 1)];
  (next ? part(next, 'remove') : picker).focus();
  tell(`${photo.file.name} is removed. ${several(photos.length)} left.`);
};

tray.addEventListener('click', (event) => {
  const button = event.target.closest('button');
  const photo = photos.find(({ item }) => item.contains(button));
  if (!photo) return;
  if ('remove' in button.dataset) remove(photo); else move(photo, Number(button.dataset.move));
});

picker.addEventListener('change', () => {
  add(picker.files);
  // The same file may be chosen again after it was removed.
  picker.value = '';
});

/* Photos may be dropped anywhere: beside the zone, the browser would leave the page for them. */

const carriesFiles = (event) => event.dataTransfer?.types.includes('Files');

document.addEventListener('dragover', (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  zone.classList.add('is-over');
});
document.addEventListener('dragleave', (event) => { if (!event.relatedTarget) zone.classList.remove('is-over'); });
document.addEventListener('drop', (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  zone.classList.remove('is-over');
  if (form.ariaBusy !== 'true') add(event.dataTransfer.files);
});
