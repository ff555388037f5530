// The square on a sheet leads here with its code behind the #, which no server sees: it goes into the field, and out of the
// address, so that it is in no history of the browser.
const field = document.getElementById('code');
const code = decodeURIComponent(location.hash.slice(1));
if (field && code) {
  field.value = code;
  history.replaceState(null, '', location.pathname);
}
