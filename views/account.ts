import { findClaimLabel } from './claims.ts';
import { type Content, type Html, html, safeAddress } from './html.ts';
import { formatDay, formatList, formatMoment, type Language, type MessageKey, translate } from './locale.ts';
import { type Frame, page } from './page.ts';
import { type ShownBrowser, sayBrowser, sayNetwork } from './parts/browser.ts';
import { button, field, form, hidden } from './parts/form.ts';
import { fingerprint } from './parts/icons.ts';
import { masked } from './parts/masked.ts';
import { type Notice, noticeBox } from './parts/notice.ts';
import { type PasskeyOptions, passkeyData, passkeyFields, quietPasskeyData } from './parts/passkey.ts';
import { type Problem, problemSummary, type Saying, sayProblems } from './parts/problem.ts';
import { recoveringBox, restrictedBox } from './parts/recovering.ts';
import { tile } from './parts/tile.ts';
import { hostileText, sampleCreationOptions, sampleFrame } from './samples.ts';

type Kind =
  | 'passkey-failed'
  | 'passkey-needs-script'
  | 'passkey-last'
  | 'passkey-shared-device'
  | 'proof-too-old'
  | 'way-on-trial';

/** `passkey-last` refuses to remove the only way to sign in, `way-on-trial` to remove an older way by a younger one. */
export type AccountProblem = Problem<Kind>;

/** What a person types to sign in. The page masks numbers itself. */
export type ShownIdentifier = { kind: 'email' | 'phone' | 'nik'; value: string };

export type ConnectedApp = {
  clientId: string;
  name: string;
  agency: string;
  domain: string;
  logo?: string | undefined;
  home?: string | undefined;
  /** Names of the claims it may read. */
  claims: readonly string[];
  since: Date;
  lastUsed?: Date | undefined;
};

export type ShownPasskey = {
  id: string;
  /** From the authenticator's AAGUID, or what the person called it. */
  name?: string | undefined;
  addedAt: Date;
  lastUsed?: Date | undefined;
  /** Kept in a cloud keychain, so that it outlives the device. */
  isSynced: boolean;
  /** A security key of a known maker. */
  isVouchedFor?: boolean | undefined;
};

export type ShownSession = {
  id: string;
  browser?: ShownBrowser | undefined;
  /** Names of the apps that were opened in it. */
  apps: readonly string[];
  /** Other people use the device too. */
  isShared: boolean;
  isCurrent: boolean;
  startedAt: Date;
  lastSeen: Date;
};

/**
 * Every form posts to the page itself with `csrf` and `action`: `disconnect` (with `client`), `add-passkey` (with
 * `credential`), `keep-passkey` (by the script, with `credential`), `passkey-later`, `remove-passkey` (with `passkey`),
 * `rename-passkey` (with `passkey` and `label`), `end-session` (with `session`), `end-other-sessions`,
 * `end-every-session`, `sign-out-here`, `sign-out`, `cancel-recovery`.
 */
export type AccountContext = Frame & {
  person: {
    name: string;
    identifiers: readonly ShownIdentifier[];
    /** Whether a number has to be confirmed again before it counts. */
    hasStaleNumber?: boolean | undefined;
  };
  apps: readonly ConnectedApp[];
  passkeys: readonly ShownPasskey[];
  sessions: readonly ShownSession[];
  /** Since when there is a password, and an authenticator app. */
  passwordSince?: Date | undefined;
  totpSince?: Date | undefined;
  /** How many recovery codes are still good. */
  recoveryCodes: number;
  /** Recovered by contacts alone: ways to sign in stay as they are for now. */
  isRestricted?: boolean | undefined;
  /** Options for a new passkey; absent while a fresh proof is needed. */
  passkeyOptions?: PasskeyOptions | undefined;
  /** Where makers of security keys are known: the way to have one vouched for, or that the options ask for it. */
  hardware?: { link: string } | 'asked' | undefined;
  /** What the browser may make by itself. */
  quietPasskey?: PasskeyOptions | undefined;
  /** Shows the card that offers a passkey. */
  offersPasskey?: boolean | undefined;
  /** Leads to a fresh sign-in, when the last one is too old to change ways to sign in. */
  freshProofLink?: string | undefined;
  /** Somebody is recovering the account, and may open it then. */
  recoveryReadyAt?: Date | undefined;
  /** How well it is proven who the person is. */
  identity?: 'ial1' | 'ial2' | 'ial3' | undefined;
  notice?: Notice | undefined;
  problems?: readonly AccountProblem[] | undefined;
};

const sayings: Record<Kind, Saying> = {
  'passkey-failed': { key: 'passkey.failed' },
  'passkey-needs-script': { key: 'passkey.needs-script-here' },
  'passkey-last': { key: 'account.passkey-last' },
  'passkey-shared-device': { key: 'shared.no-passkey' },
  'proof-too-old': { key: 'account.proof-too-old' },
  'way-on-trial': { key: 'account.way-on-trial' },
};

/** A person's own page: which apps are connected, how one signs in, where one is signed in. */
export function accountPage(context: AccountContext): Html {
  const t = translate(context.language);
  const said = sayProblems(context.language, context.problems, sayings);
  return page(context, {
    title: context.onSharedDevice ? t('account.title-shared') : t('account.title', { name: context.person.name }),
    shape: 'wide',
    band: false,
    hasProblem: said.length > 0,
    scripts: context.quietPasskey ? ['passkey.js', 'quiet.js'] : ['passkey.js'],
    content: html`${noticeBox(context.notice)}${problemSummary(context.language, said)}${recoveringBox(context, context.recoveryReadyAt)}${restrictedBox(context, context.isRestricted ?? false)}
<div class="sides">${sideList(context)}
<div class="parts">${passkeyCard(context)}${appsPart(context)}${passkeysPart(context)}${sessionsPart(context)}${personPart(context)}</div></div>
${passkeyData(context.passkeyOptions)}${quietPasskeyData(context.quietPasskey)}`,
  });
}

/** Calm, and away for a month once somebody has said "not now". The script takes it off when the browser made a passkey. */
function passkeyCard(context: AccountContext): Html | false {
  const t = translate(context.language);
  if (!context.offersPasskey) return false;
  return html`<section class="notice notice-info" id="passkey-card" aria-labelledby="passkey-card-title">${fingerprint}<div>
<h2 id="passkey-card-title">${t('passkey-offer.title')}</h2>
<p>${t('passkey-offer.intro')} ${t('passkey.shared-phones')}</p>
<p><a class="button other" href="#passkeys">${t('account.passkey-how')}</a></p>
${form(context, button({ id: 'passkey-later', value: 'passkey-later', label: t('passkey-offer.skip'), look: 'quiet' }))}
</div></section>`;
}

const parts: { id: string; title: MessageKey }[] = [
  { id: 'connected-apps', title: 'account.apps' },
  { id: 'passkeys', title: 'account.passkeys' },
  { id: 'sessions', title: 'account.sessions' },
  { id: 'person', title: 'account.person' },
];

function sideList(context: AccountContext): Html {
  const t = translate(context.language);
  const links = parts.map(({ id, title }) => html`<li><a href="#${id}">${t(title)}</a></li>`);
  return html`<nav class="side" aria-label="${t('account.parts')}"><ul>${links}</ul>
${form(context, button({ id: 'sign-out', value: 'sign-out', label: t('account.sign-out'), look: 'quiet' }))}</nav>`;
}

function part(id: string, title: string, intro: Content, content: Content): Html {
  return html`<section class="part" id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>
${intro && html`<p class="hint">${intro}</p>`}
${content}</section>`;
}

function appsPart(context: AccountContext): Html {
  const t = translate(context.language);
  if (context.apps.length === 0) return part('connected-apps', t('account.apps'), t('account.no-apps'), undefined);
  const rows = context.apps.map((app, index) => appRow(context, app, `app-${index}`));
  return part('connected-apps', t('account.apps'), t('account.apps-intro'), html`<ul class="rows">${rows}</ul>`);
}

function appRow(context: AccountContext, app: ConnectedApp, id: string): Html {
  const t = translate(context.language);
  const home = safeAddress(app.home);
  const claims = app.claims.map((claim) => findClaimLabel(context.language, claim) ?? claim);
  const since = t('account.since', { date: formatDay(context.language, app.since, context.timeZone) });
  const lastUsed = app.lastUsed && sayLastUsed(context, app.lastUsed);
  return html`<li class="row" data-client="${app.clientId}">${tile(app.name, app.logo)}
<div class="row-words"><h3 id="${id}">${home ? html`<a href="${home}">${app.name}</a>` : app.name}</h3>
<p>${app.agency} <span class="domain">${app.domain}</span></p>
${claims.length > 0 && html`<p>${t('account.reads', { claims: formatList(context.language, claims) })}</p>`}
<p class="hint">${since}${lastUsed && ` · ${lastUsed}`}</p></div>
${rowForm(context, { name: 'client', value: app.clientId, action: 'disconnect', label: t('account.disconnect'), hook: 'disconnect', describedBy: id })}</li>`;
}

type RowChoice = { name: string; value: string; action: string; label: string; hook?: string; describedBy: string };

function rowForm(context: AccountContext, choice: RowChoice): Html {
  const { label, describedBy, hook } = choice;
  const end = button({ value: choice.action, label, look: 'stop', describedBy, ...(hook && { hook }) });
  return form(context, [hidden(choice.name, choice.value), end]);
}

function sayLastUsed(context: AccountContext, date: Date | undefined): string {
  const t = translate(context.language);
  if (!date) return t('account.never-used');
  return t('account.last-used', { date: formatDay(context.language, date, context.timeZone) });
}

function passkeysPart(context: AccountContext): Html {
  const t = translate(context.language);
  const rows = context.passkeys.map((passkey, index) => passkeyRow(context, passkey, `passkey-${index}`));
  const intro = context.passkeys.length > 0 ? t('account.passkeys-intro') : t('account.no-passkeys');
  return part('passkeys', t('account.passkeys'), intro, [
    rows.length > 0 && html`<ul class="rows">${rows}</ul>`,
    context.onSharedDevice ? html`<p class="hint">${t('shared.no-passkey')}</p>` : addPasskey(context),
    otherWays(context),
  ]);
}

function passkeyRow(context: AccountContext, passkey: ShownPasskey, id: string): Html {
  const t = translate(context.language);
  const added = t('account.added', { date: formatDay(context.language, passkey.addedAt, context.timeZone) });
  return html`<li class="row" data-passkey="${passkey.id}"><span class="tile" aria-hidden="true">${fingerprint}</span>
<div class="row-words"><h3 id="${id}">${passkey.name ?? t('account.unnamed-passkey')}</h3>
<p>${t(placeOf(passkey))}</p>
<p class="hint">${added} · ${sayLastUsed(context, passkey.lastUsed)}</p></div>
${!context.freshProofLink && [rowForm(context, { name: 'passkey', value: passkey.id, action: 'remove-passkey', label: t('account.remove'), describedBy: id }), renameForm(context, passkey, id)]}</li>`;
}

function placeOf({ isSynced, isVouchedFor }: ShownPasskey): MessageKey {
  if (isSynced) return 'account.synced';
  return isVouchedFor ? 'account.vouched-for' : 'account.on-device';
}

function renameForm(context: AccountContext, passkey: ShownPasskey, id: string): Html {
  const t = translate(context.language);
  const name = passkey.name ?? t('account.unnamed-passkey');
  return html`<details class="rename"><summary>${t('account.rename')}</summary>
${form(context, [
  hidden('passkey', passkey.id),
  field({
    name: 'label',
    id: `${id}-label`,
    label: t('account.new-name', { name }),
    value: passkey.name,
    hint: t('account.new-name-hint'),
    autocomplete: 'off',
    maxlength: 60,
    problems: [],
  }),
  button({ value: 'rename-passkey', label: t('account.rename-save'), look: 'other' }),
])}</details>`;
}

/** The ways beside passkeys, each with a page of its own. */
function otherWays(context: AccountContext): Html {
  const t = translate(context.language);
  const { passwordSince, totpSince, recoveryCodes } = context;
  const day = (date: Date) => formatDay(context.language, date, context.timeZone);
  return html`<ul class="rows other-ways">${[
    wayRow({
      id: 'password',
      title: t('account.password'),
      words: passwordSince ? t('account.password-since', { date: day(passwordSince) }) : t('account.no-password'),
      link: '/account/password',
      label: passwordSince ? t('account.password-change') : t('account.password-add'),
    }),
    wayRow({
      id: 'authenticator-app',
      title: t('account.totp'),
      words: totpSince ? t('account.totp-since', { date: day(totpSince) }) : t('account.no-totp'),
      link: '/account/authenticator-app',
      label: totpSince ? t('account.totp-manage') : t('account.totp-add'),
    }),
    wayRow({
      id: 'recovery-codes',
      title: t('account.recovery-codes'),
      words: sayCodesLeft(context.language, recoveryCodes),
      link: '/account/recovery-codes',
      label: recoveryCodes > 0 ? t('account.recovery-codes-renew') : t('account.recovery-codes-make'),
    }),
  ]}</ul>`;
}

const FEW_CODES = 3;

function sayCodesLeft(language: Language, count: number): string {
  const t = translate(language);
  if (count === 0) return t('account.no-recovery-codes');
  return t(count <= FEW_CODES ? 'account.recovery-codes-few' : 'account.recovery-codes-left', { count });
}

function wayRow(way: { id: string; title: string; words: string; link: string; label: string }): Html {
  return html`<li class="row" data-way="${way.id}"><div class="row-words"><h3 id="way-${way.id}">${way.title}</h3><p>${way.words}</p></div>
<a class="button other" id="open-${way.id}" href="${way.link}" aria-describedby="way-${way.id}">${way.label}</a></li>`;
}

function addPasskey(context: AccountContext): Html {
  const t = translate(context.language);
  if (context.isRestricted) return html`<p class="hint">${t('account.no-way-added')}</p>`;
  const freshProof = safeAddress(context.freshProofLink);
  if (freshProof) {
    return html`<div class="notice notice-info"><div><p>${t('account.fresh-proof')}</p><p><a class="button other" id="fresh-proof" href="${freshProof}">${t('account.prove')}</a></p></div></div>`;
  }
  const label = html`${t('account.add-passkey')} <small>${t('passkey.name')}</small>`;
  return html`<p class="hint" id="shared-phones">${t('passkey.shared-phones')}</p>
${form(context, [
  button({
    id: 'add-passkey',
    value: 'add-passkey',
    label,
    look: 'main',
    hook: 'way passkey',
    icon: fingerprint,
    passkey: 'create',
    describedBy: 'shared-phones',
  }),
  passkeyFields(context.language),
])}${hardwareHint(context)}`;
}

/** Few people have such a key, so it is a line below. */
function hardwareHint({ language, hardware }: AccountContext): Html | false {
  const t = translate(language);
  if (!hardware) return false;
  if (hardware === 'asked') return html`<p class="hint" id="hardware-asked">${t('account.hardware-asked')}</p>`;
  const link = safeAddress(hardware.link);
  return (
    link !== undefined && html`<p class="hint"><a id="hardware-key" href="${link}">${t('account.hardware')}</a></p>`
  );
}

function sessionsPart(context: AccountContext): Html {
  const t = translate(context.language);
  const rows = context.sessions.map((session, index) => sessionRow(context, session, `session-${index}`));
  const others = context.sessions.some((session) => !session.isCurrent) && {
    value: 'end-other-sessions',
    label: t('account.end-other-sessions'),
  };
  const every = { value: 'end-every-session', label: t('account.end-every-session') };
  return part('sessions', t('account.sessions'), t('account.sessions-intro'), [
    html`<ul class="rows">${rows}</ul>`,
    html`<div class="row-ends">${others && form(context, button({ ...others, look: 'stop', id: others.value }))}
${form(context, button({ ...every, look: 'stop', id: every.value }))}</div>`,
  ]);
}

function sessionRow(context: AccountContext, session: ShownSession, id: string): Html {
  const t = translate(context.language);
  const { isCurrent, isShared, browser = {}, apps } = session;
  const device = sayBrowser(browser);
  const startedAt = t('account.started', { date: formatMoment(context.language, session.startedAt, context.timeZone) });
  const lastSeen = t('account.last-seen', { date: formatMoment(context.language, session.lastSeen, context.timeZone) });
  const network = browser.network !== undefined && ` · ${sayNetwork(context.language, browser.network)}`;
  const end = { name: 'session', value: session.id, action: 'end-session', label: t('account.end-session') };
  return html`<li class="row" data-session="${session.id}">
<div class="row-words"><h3 id="${id}">${device ?? t(isCurrent ? 'account.this-device' : 'account.other-device')}</h3>
${isCurrent && device && html`<p class="state state-done">${t('account.this-device')}</p>`}
${isShared && html`<p>${t('account.shared-session')}</p>`}
${apps.length > 0 && html`<p>${t('account.session-apps', { apps: sayApps(context, apps) })}</p>`}
<p class="hint">${startedAt} · ${lastSeen}${network}</p></div>
${!isCurrent && rowForm(context, { ...end, describedBy: id })}</li>`;
}

const MOST_APPS = 5;

function sayApps({ language }: AccountContext, apps: readonly string[]): string {
  const more = apps.length - MOST_APPS;
  if (more <= 0) return formatList(language, apps);
  return translate(language)('account.session-apps-more', { apps: apps.slice(0, MOST_APPS).join(', '), count: more });
}

const identifierLabels: Record<ShownIdentifier['kind'], MessageKey> = {
  email: 'account.email',
  phone: 'account.phone',
  nik: 'account.nik',
};

function personPart(context: AccountContext): Html {
  const t = translate(context.language);
  const rows = context.person.identifiers.map(
    ({ kind, value }) =>
      html`<div><dt>${t(identifierLabels[kind])}</dt><dd>${masked(context, kind === 'email' ? value : maskNumber(value))}</dd></div>`,
  );
  return part(
    'person',
    t('account.person'),
    t('account.person-intro'),
    html`<dl class="terms"><div><dt>${t('claim.name')}</dt><dd>${masked(context, context.person.name)}</dd></div>${rows}${context.identity && html`<div><dt>${t('account.identity')}</dt><dd id="identity">${t(`account.identity-${context.identity}`)}</dd></div>`}</dl>
${context.person.hasStaleNumber && html`<div class="notice notice-info"><div><p>${t('account.stale-number')}</p></div></div>`}
<ul class="links"><li><a id="contacts" href="/account/contacts">${t('account.contacts')}</a></li>
<li><a id="end-account" href="/account/end">${t('account.end')}</a></li></ul>`,
  );
}

/** Someone may look over the shoulder: only the last four digits stay readable. */
function maskNumber(value: string): string {
  return `•••• ${value.replaceAll(/\D/g, '').slice(-4)}`;
}

const full: AccountContext = {
  ...sampleFrame,
  person: {
    name: 'Siti Rahayu',
    identifiers: [
      { kind: 'email', value: 'siti@contoh.id' },
      { kind: 'phone', value: '+62 812-3456-7890' },
      { kind: 'nik', value: '3273015704910001' },
    ],
  },
  apps: [
    {
      clientId: 'puskesmas-online',
      name: 'Puskesmas Online',
      agency: 'Kementerian Kesehatan',
      domain: 'puskesmas.contoh.go.id',
      home: 'http://localhost:3001/',
      claims: ['name', 'email', 'birthdate'],
      since: new Date('2026-09-03T02:00:00Z'),
      lastUsed: new Date('2026-11-20T02:00:00Z'),
    },
    {
      clientId: 'pajak-daerah',
      name: 'Pajak Daerah',
      agency: 'Badan Pendapatan Daerah Provinsi Contoh',
      domain: 'pajak.contoh.go.id',
      claims: ['name', 'email', 'address', 'phone_number'],
      since: new Date('2026-10-11T02:00:00Z'),
    },
  ],
  passkeys: [
    {
      id: 'pk-1',
      name: 'Google Password Manager',
      addedAt: new Date('2026-09-03T02:00:00Z'),
      lastUsed: new Date('2026-11-21T01:00:00Z'),
      isSynced: true,
    },
    { id: 'pk-2', addedAt: new Date('2026-10-30T02:00:00Z'), isSynced: false },
    { id: 'pk-3', addedAt: new Date('2026-11-02T02:00:00Z'), isSynced: false, isVouchedFor: true },
  ],
  sessions: [
    {
      id: 's-1',
      browser: { browser: 'Chrome', system: 'Android', network: '103.10.20.0/24' },
      apps: ['Puskesmas Online', 'Pajak Daerah'],
      isShared: false,
      isCurrent: true,
      startedAt: new Date('2026-11-21T01:00:00Z'),
      lastSeen: new Date('2026-11-21T03:12:00Z'),
    },
    {
      id: 's-2',
      browser: { browser: 'Firefox', system: 'Windows', network: '2001:db8:41::/48' },
      apps: ['Layanan 1', 'Layanan 2', 'Layanan 3', 'Layanan 4', 'Layanan 5', 'Layanan 6', 'Layanan 7', 'Layanan 8'],
      isShared: true,
      isCurrent: false,
      startedAt: new Date('2026-11-20T01:00:00Z'),
      lastSeen: new Date('2026-11-20T05:40:00Z'),
    },
    {
      id: 's-3',
      apps: [],
      isShared: false,
      isCurrent: false,
      startedAt: new Date('2026-11-19T23:00:00Z'),
      lastSeen: new Date('2026-11-19T23:00:00Z'),
    },
  ],
  passwordSince: new Date('2026-09-03T02:00:00Z'),
  totpSince: new Date('2026-10-30T02:00:00Z'),
  recoveryCodes: 8,
  passkeyOptions: sampleCreationOptions,
};

export const accountSamples: Record<string, AccountContext> = {
  full,
  new: {
    ...full,
    apps: [],
    passkeys: [],
    sessions: full.sessions.slice(0, 1),
    passwordSince: undefined,
    totpSince: undefined,
    recoveryCodes: 0,
  },
  recovering: { ...full, identity: 'ial2', recoveryReadyAt: new Date('2026-11-22T03:30:00Z') },
  restricted: { ...full, isRestricted: true },
  'few-codes': { ...full, recoveryCodes: 2 },
  'way-on-trial': { ...full, problems: [{ kind: 'way-on-trial' }] },
  'stale-number': { ...full, person: { ...full.person, hasStaleNumber: true } },
  'hardware-key': { ...full, hardware: { link: '?key=hardware' } },
  'hardware-key-asked': { ...full, hardware: 'asked' },
  'shared-device': { ...full, passkeyOptions: undefined, onSharedDevice: { signOutAt: '/account' } },
  disconnected: { ...full, notice: { tone: 'done', text: 'Puskesmas Online tidak lagi dapat membaca data Anda.' } },
  'fresh-proof': {
    ...full,
    passkeyOptions: undefined,
    freshProofLink: '/account/confirm',
    problems: [{ kind: 'proof-too-old' }],
  },
  'passkey-last': { ...full, problems: [{ kind: 'passkey-last' }] },
  'without-script': { ...full, problems: [{ kind: 'passkey-needs-script' }, { kind: 'passkey-failed' }] },
  'passkey-offered': { ...full, passkeys: [], quietPasskey: sampleCreationOptions, offersPasskey: true },
  'passkey-removed': {
    ...full,
    passkeySignal: {
      accepted: { rpId: 'localhost', userId: 'c2FtcGxl', allAcceptedCredentialIds: ['c2FtcGxl'] },
      details: { rpId: 'localhost', userId: 'c2FtcGxl', name: 'siti@contoh.id', displayName: 'Siti Rahayu' },
    },
  },
  hostile: {
    ...full,
    person: { name: hostileText, identifiers: [{ kind: 'email', value: hostileText }] },
    apps: full.apps.map((app) => ({
      ...app,
      clientId: hostileText,
      name: hostileText,
      agency: hostileText,
      domain: hostileText,
      home: 'javascript:alert(1)',
      claims: [hostileText],
    })),
    passkeys: full.passkeys.map((passkey) => ({ ...passkey, id: hostileText, name: hostileText })),
    sessions: full.sessions.map((session) => ({
      ...session,
      id: hostileText,
      browser: { browser: hostileText, system: hostileText, network: hostileText },
      apps: [hostileText],
    })),
  },
};
