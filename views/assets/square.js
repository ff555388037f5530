// A printed square leads here with its text behind the #, which no server sees: it goes into the field, and out of the address,
// so that it is in no history of the browser.
const field = document.querySelector('.from-address');
const text = decodeURIComponent(location.hash.slice(1));
if (field && text) {
  field.value = text;
  history.replaceState(null, '', location.pathname);
}
