import { appRow, type ConnectedApp, sampleApps } from './account/apps.ts';
import { sampleSectors } from './account/catalogue.ts';
import { part } from './account/part.ts';
import { type PasskeysContext, passkeyCard, passkeysPart } from './account/passkeys.ts';
import { hostileReleases, releaseRows, type ShownRelease, sampleReleases } from './account/release-rows.ts';
import { type SessionsContext, sessionsPart } from './account/sessions.ts';
import { personalPage } from './account/shell.ts';
import { type Html, html } from './html.ts';
import { formatNumber, type MessageKey, translate } from './locale.ts';
import { maskNumber } from './parts/contact-hint.ts';
import { masked } from './parts/masked.ts';
import type { Notice } from './parts/notice.ts';
import { passkeyData, quietPasskeyData } from './parts/passkey.ts';
import { type Problem, type Saying, sayProblems } from './parts/problem.ts';
import { type OpenSheet, recoveringBox, restrictedBox, sheetBox } from './parts/recovering.ts';
import { type SectorChoice, sectorChoices, serviceSearch } from './parts/seek.ts';
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

/** What the account has saved its owner. */
export type OwnFigures = { apps: number; fields: number };

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
    /** The latest ones; `figures` say how many there are. */
    apps: readonly ConnectedApp[];
    figures: OwnFigures;
    /** The latest hand-overs of data. */
    history: readonly ShownRelease[];
    /** Where there is something to find. */
    sectors: readonly SectorChoice[];
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
${passkeyCard(context)}${findPart(context)}${appsPart(context)}${historyPart(context)}${passkeysPart(context)}${sessionsPart(context)}${personPart(context)}
${passkeyData(context.passkeyOptions)}${quietPasskeyData(context.quietPasskey)}`,
  });
}

/** What one came for stands first: a service to go to. */
function findPart(context: AccountContext): Html {
  const t = translate(context.language);
  return html`<section class="welcome" aria-label="${t('personal.services')}">${serviceSearch(context, {})}${sectorChoices(context, { sectors: context.sectors })}</section>
${context.figures.apps > 0 && ownFigures(context)}`;
}

function ownFigures({ language, figures }: AccountContext): Html {
  const t = translate(language);
  const figure = (id: string, number: number, label: string): Html =>
    html`<div id="${id}"><dt>${label}</dt><dd>${formatNumber(language, number)}</dd></div>`;
  return html`<dl class="figures">${figure('apps-used', figures.apps, t('account.figure-apps'))}${figure('fields-not-typed', figures.fields, t('account.figure-fields'))}</dl>
<p class="hint">${t('account.figures-how')}</p>`;
}

/** So many are seen at once; the others unfold, without any script. */
const SHOWN_AT_ONCE = 6;

function appsPart(context: AccountContext): Html {
  const t = translate(context.language);
  const { apps, figures } = context;
  if (apps.length === 0) return part('connected-apps', t('account.apps'), t('account.no-apps'), undefined);
  const rows = apps.map((app, index) => appRow(context, app, `app-${index}`));
  const folded = rows.slice(SHOWN_AT_ONCE);
  const more = html`<details class="more-rows"><summary>${t('account.more-apps', { count: folded.length })}</summary><ul class="rows">${folded}</ul></details>`;
  const all = html`<p><a id="all-apps" href="/account/apps">${t('account.all-apps', { number: formatNumber(context.language, figures.apps) })}</a></p>`;
  return part(
    'connected-apps',
    t('account.apps'),
    t('account.apps-intro'),
    html`<ul class="rows">${rows.slice(0, SHOWN_AT_ONCE)}</ul>${folded.length > 0 && more}${all}`,
  );
}

/** Who saw data last, and the way to all of it. */
function historyPart(context: AccountContext): Html {
  const t = translate(context.language);
  const { history } = context;
  if (history.length === 0) return part('history', t('personal.releases'), t('account.no-releases'), undefined);
  const rows = releaseRows(
    context,
    history.map((release) => ({ release })),
  );
  const all = html`<p><a id="all-releases" href="/account/releases">${t('account.all-releases')}</a></p>`;
  return part('history', t('personal.releases'), t('account.releases-intro'), html`${rows}${all}`);
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
<ul class="links"><li><a id="all-data" href="/account/data">${t('account.all-data')}</a></li>
<li><a id="contacts" href="/account/contacts">${t('account.contacts')}</a></li>
<li><a id="account-history" href="/account/history">${t('personal.history')}</a></li>
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
  apps: sampleApps.slice(0, 2),
  figures: { apps: 2, fields: 9 },
  history: sampleReleases,
  sectors: sampleSectors,
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
    figures: { apps: 0, fields: 0 },
    history: [],
    passkeys: [],
    sessions: full.sessions.slice(0, 1),
    passwordSince: undefined,
    totpSince: undefined,
    recoveryCodes: 0,
  },
  'many-apps': {
    ...full,
    apps: Array.from({ length: 24 }, (_, n) => ({ ...(sampleApps[n % 2] as ConnectedApp), clientId: `layanan-${n}` })),
    figures: { apps: 300, fields: 1204 },
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
    history: hostileReleases,
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
