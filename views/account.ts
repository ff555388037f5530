import { part, rowForm, sayLastUsed } from './account/part.ts';
import { type PasskeysContext, passkeyCard, passkeysPart } from './account/passkeys.ts';
import { type SessionsContext, sessionsPart } from './account/sessions.ts';
import { personalPage } from './account/shell.ts';
import { findClaimLabel } from './claims.ts';
import type { ShownSuccessor } from './ended.ts';
import { type Html, html, safeAddress } from './html.ts';
import { formatDay, formatList, type MessageKey, translate } from './locale.ts';
import { maskNumber } from './parts/contact-hint.ts';
import { masked } from './parts/masked.ts';
import type { Notice } from './parts/notice.ts';
import { passkeyData, quietPasskeyData } from './parts/passkey.ts';
import { type Problem, type Saying, sayProblems } from './parts/problem.ts';
import { type OpenSheet, recoveringBox, restrictedBox, sheetBox } from './parts/recovering.ts';
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
  /** The app has ended, or ends soon. */
  ending?: { text: string; isOver: boolean; successor: ShownSuccessor | undefined } | undefined;
};

/**
 * Every form posts to the page itself with `csrf` and `action`: `disconnect` (with `client`), `add-passkey` (with
 * `credential`), `keep-passkey` (by the script, with `credential`), `passkey-later`, `remove-passkey` (with `passkey`),
 * `rename-passkey` (with `passkey` and `label`), `end-session` (with `session`), `end-other-sessions`,
 * `end-every-session`, `sign-out-here`, `sign-out`, `cancel-recovery`, `cancel-sheet`.
 */
export type AccountContext = PasskeysContext &
  SessionsContext & {
    person: {
      name: string;
      identifiers: readonly ShownIdentifier[];
      /** Whether a number has to be confirmed again before it counts. */
      hasStaleNumber?: boolean | undefined;
    };
    apps: readonly ConnectedApp[];
    /** Somebody is recovering the account, and may open it then. */
    recoveryReadyAt?: Date | undefined;
    /** A service desk has issued a sheet that will open the account. */
    sheet?: OpenSheet | undefined;
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
  return personalPage(context, {
    title: context.onSharedDevice ? t('account.title-shared') : t('account.title', { name: context.person.name }),
    section: 'home',
    notice: context.notice,
    problems: said,
    scripts: context.quietPasskey ? ['passkey.js', 'quiet.js'] : ['passkey.js'],
    content: html`${recoveringBox(context, context.recoveryReadyAt)}${sheetBox(context, context.sheet)}${restrictedBox(context, context.isRestricted ?? false)}
${passkeyCard(context)}${appsPart(context)}${passkeysPart(context)}${sessionsPart(context)}${personPart(context)}
${passkeyData(context.passkeyOptions)}${quietPasskeyData(context.quietPasskey)}`,
  });
}

function appsPart(context: AccountContext): Html {
  const t = translate(context.language);
  if (context.apps.length === 0) return part('connected-apps', t('account.apps'), t('account.no-apps'), undefined);
  const rows = context.apps.map((app, index) => appRow(context, app, `app-${index}`));
  return part('connected-apps', t('account.apps'), t('account.apps-intro'), html`<ul class="rows">${rows}</ul>`);
}

function appRow(context: AccountContext, app: ConnectedApp, id: string): Html {
  const t = translate(context.language);
  const home = app.ending?.isOver ? undefined : safeAddress(app.home);
  const claims = app.claims.map((claim) => findClaimLabel(context.language, claim) ?? claim);
  const since = t('account.since', { date: formatDay(context.language, app.since, context.timeZone) });
  const lastUsed = app.lastUsed && sayLastUsed(context, app.lastUsed);
  return html`<li class="row" data-client="${app.clientId}">${tile(app.name, app.logo)}
<div class="row-words"><h3 id="${id}">${home ? html`<a href="${home}">${app.name}</a>` : app.name}</h3>
<p>${app.agency} <span class="domain">${app.domain}</span></p>
${claims.length > 0 && html`<p>${t('account.reads', { claims: formatList(context.language, claims) })}</p>`}
${endingOf(context, app)}<p class="hint">${since}${lastUsed && ` · ${lastUsed}`}</p></div>
${rowForm(context, { name: 'client', value: app.clientId, action: 'disconnect', label: t('account.disconnect'), hook: 'disconnect', describedBy: id })}</li>`;
}

function endingOf({ language }: AccountContext, { clientId, ending }: ConnectedApp): Html | false {
  if (!ending) return false;
  const { text, successor } = ending;
  const link = safeAddress(successor?.link);
  const go =
    successor &&
    link &&
    html` <a href="${link}">${translate(language)('ended.go', { successor: successor.name })}</a> (${successor.host})`;
  return html`<p data-ending="${clientId}">${text}${go}</p>
`;
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
<ul class="links"><li><a id="history" href="/account/history">${t('account.history')}</a></li>
<li><a id="contacts" href="/account/contacts">${t('account.contacts')}</a></li>
<li><a id="end-account" href="/account/end">${t('account.end')}</a></li></ul>`,
  );
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
  'desk-sheet': {
    ...full,
    sheet: { agency: 'Dinas Dukcapil Kota Contoh', readyAt: new Date('2026-11-22T03:30:00Z'), isComplete: true },
  },
  'desk-sheet-incomplete': {
    ...full,
    sheet: { agency: 'Dinas Dukcapil Kota Contoh', readyAt: new Date('2026-11-22T03:30:00Z'), isComplete: false },
  },
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
    sheet: { agency: hostileText, readyAt: new Date('2026-11-22T03:30:00Z'), isComplete: true },
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
