// Lets the browser make a passkey by itself, shortly after a sign-in by password. Nobody waits for it or hears of it.
import { createOptions, readJson, signal, takeTurn, toJson } from './passkey.js';

async function makeQuietly(json) {
  const capabilities = await PublicKeyCredential.getClientCapabilities();
  if (!capabilities.conditionalCreate) return;
  const made = await navigator.credentials.create({
    publicKey: createOptions(json),
    mediation: 'conditional',
    signal: takeTurn(),
  });
  const body = new URLSearchParams({
    action: 'keep-passkey',
    csrf: document.querySelector('[name=csrf]').value,
    credential: JSON.stringify(toJson(made)),
  });
  const answer = await fetch(location.pathname, { method: 'POST', body, keepalive: true });
  const card = document.getElementById('passkey-card');
  if (!answer.ok) signal({ unknown: { rpId: json.rp.id, credentialId: made.id } });
  else if (card) card.remove();
}

const options = readJson('quiet-passkey');
if (options) makeQuietly(options).catch(() => {});
