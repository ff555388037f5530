// Makes a key pair in the browser. The private half is offered as a file to save and leaves the page in no other way; the
// public half goes into the field of the form. Without this script one pastes a key that was made elsewhere.

const part = document.getElementById('key-pair');
const area = document.getElementById('jwks');

const base64url = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=+$/, '');

async function nameOf({ crv, kty, x, y }) {
  // RFC 7638: these members, in this order, without a space.
  const text = new TextEncoder().encode(JSON.stringify({ crv, kty, x, y }));
  return base64url(await crypto.subtle.digest('SHA-256', text));
}

async function toPem(key) {
  const bytes = new Uint8Array(await crypto.subtle.exportKey('pkcs8', key));
  const lines = btoa(String.fromCharCode(...bytes)).match(/.{1,64}/g);
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
}

function save(text, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/x-pem-file' }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

async function make() {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const { crv, kty, x, y } = await crypto.subtle.exportKey('jwk', pair.publicKey);
  const kid = await nameOf({ crv, kty, x, y });
  save(await toPem(pair.privateKey), part.dataset.file);
  area.value = JSON.stringify({ keys: [{ kty, crv, x, y, kid, use: 'sig', alg: 'ES256' }] }, null, 2);
}

if (part && area && window.crypto?.subtle) {
  const button = document.createElement('button');
  button.type = 'button';
  button.id = 'make-key';
  button.className = 'button other';
  button.textContent = part.dataset.make;
  const said = document.createElement('p');
  said.className = 'hint';
  said.setAttribute('role', 'status');
  part.prepend(button, said);
  button.addEventListener('click', async () => {
    try {
      await make();
      said.textContent = part.dataset.made;
    } catch {
      said.textContent = part.dataset.failed;
    }
  });
}
