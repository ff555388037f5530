// Talks to the authenticator on behalf of a form. The button that carries data-webauthn still submits: with the answer
// in the field `credential` when there is one, as a plain press when this browser cannot.

export const readJson = (id) => {
  const block = document.getElementById(id);
  return block ? JSON.parse(block.textContent) : undefined;
};

const toBytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (character) => character.charCodeAt(0));

const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=/g, '');

const withBytes = (descriptors) => (descriptors || []).map((known) => ({ ...known, id: toBytes(known.id) }));

const getOptions = (json) => ({
  ...json,
  challenge: toBytes(json.challenge),
  allowCredentials: withBytes(json.allowCredentials),
});

export const createOptions = (json) => ({
  ...json,
  challenge: toBytes(json.challenge),
  user: { ...json.user, id: toBytes(json.user.id) },
  excludeCredentials: withBytes(json.excludeCredentials),
});

// The same shape as PublicKeyCredential.toJSON, which old phones and some password managers lack.
export const toJson = (credential) => {
  const { id, rawId, type, authenticatorAttachment, response } = credential;
  const answer = { clientDataJSON: toText(response.clientDataJSON) };
  for (const part of ['attestationObject', 'authenticatorData', 'signature', 'userHandle']) {
    if (response[part]) answer[part] = toText(response[part]);
  }
  if (response.getTransports) answer.transports = response.getTransports();
  return {
    id,
    rawId: toText(rawId),
    type,
    authenticatorAttachment: authenticatorAttachment || undefined,
    response: answer,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
};

const options = readJson('passkey-options');
const button = document.querySelector('[data-webauthn]');
const message = document.getElementById('passkey-message');
let waiting;

const say = (what) => {
  message.textContent = what ? message.dataset[what] : '';
};

function send(credential) {
  const { form } = button;
  form.elements.credential.value = JSON.stringify(toJson(credential));
  button.removeEventListener('click', press);
  button.click();
}

// One question to the authenticator at a time: a new one ends the one before.
export function takeTurn() {
  if (waiting) waiting.abort();
  waiting = new AbortController();
  return waiting.signal;
}

const ask = (more) => {
  const signal = takeTurn();
  return button.dataset.webauthn === 'create'
    ? navigator.credentials.create({ publicKey: createOptions(options), signal, ...more })
    : navigator.credentials.get({ publicKey: getOptions(options), signal, ...more });
};

const failures = { NotAllowedError: 'cancelled', AbortError: '', InvalidStateError: 'known' };

async function press(event) {
  const name = button.form.elements.name;
  if (name && !name.value.trim()) return;
  event.preventDefault();
  if (name) options.user.displayName = name.value.trim();
  button.setAttribute('aria-busy', 'true');
  say('');
  try {
    send(await ask());
  } catch (error) {
    const failure = failures[error.name];
    say(failure === undefined ? 'failed' : failure);
  }
  button.removeAttribute('aria-busy');
}

// The passkey offers itself in the list under the first field.
async function offerInField() {
  const isAvailable = PublicKeyCredential.isConditionalMediationAvailable;
  const field = document.querySelector('[autocomplete~=webauthn]');
  if (button.dataset.webauthn !== 'get' || !field || !isAvailable) return;
  if (!(await isAvailable.call(PublicKeyCredential))) return;
  try {
    send(await ask({ mediation: 'conditional' }));
  } catch {
    // Nobody chose one: the other ways are on the page.
  }
}

// Keeps the list of passkeys on the device in step with the account.
const signals = {
  unknown: 'signalUnknownCredential',
  accepted: 'signalAllAcceptedCredentials',
  details: 'signalCurrentUserDetails',
};

export function signal(news) {
  for (const [kind, method] of Object.entries(signals)) {
    if (news[kind] && PublicKeyCredential[method]) PublicKeyCredential[method](news[kind]).catch(() => {});
  }
}

// The browser of an app has no passkeys; on iPhones it says that it has.
const note = document.getElementById('built-in');
if (note) {
  note.querySelector('input').onfocus = ({ target }) => target.select();
  if (window.PublicKeyCredential && !/iP(hone|ad|od)/.test(navigator.userAgent)) note.remove();
}

if (window.PublicKeyCredential) {
  const news = readJson('passkey-signal');
  if (news) signal(news);
  if (button && options) {
    button.addEventListener('click', press);
    offerInField();
  }
} else if (button) {
  if (!note) say('unsupported');
  button.addEventListener('click', (event) => {
    event.preventDefault();
    say('unsupported');
  });
}
