// Shows which apps are like the one that somebody is about to register while they still type. Without this script the same stands
// on the page after the form was sent, with everything typed kept.

const place = document.getElementById('likely');
const form = place.closest('form');
let waiting;
let looking;

async function look() {
  looking?.abort();
  looking = new AbortController();
  const body = new URLSearchParams(new FormData(form));
  if (!body.get('name').trim()) return;
  body.set('action', 'look');
  const answer = await fetch(location.pathname, { method: 'POST', body, signal: looking.signal });
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const found = page.getElementById('likely')?.innerHTML;
  if (found !== undefined && found !== place.innerHTML && !place.contains(document.activeElement)) {
    place.setAttribute('aria-live', 'polite');
    place.innerHTML = found;
  }
}

form.addEventListener('change', ({ target }) => {
  if (place.contains(target)) return;
  clearTimeout(waiting);
  // What fails here is said when the form is sent.
  waiting = setTimeout(() => look().catch(() => undefined), 300);
});
