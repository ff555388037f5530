import { findClaimLabel, sayClaim } from './claims.ts';
import { type Content, type Html, html } from './html.ts';
import { basisName, sayBasis } from './legal-basis.ts';
import { formatDay, formatList, type MessageKey, translate } from './locale.ts';
import { type Frame, page, type Service } from './page.ts';
import { birthdateField } from './parts/birthdate.ts';
import { button, form, hidden } from './parts/form.ts';
import { check, cross } from './parts/icons.ts';
import { masked } from './parts/masked.ts';
import { type Notice, noticeBox } from './parts/notice.ts';
import { type PasskeyOptions, quietPasskeyData } from './parts/passkey.ts';
import { type Problem, problemSummary, type SaidProblem, sayProblems } from './parts/problem.ts';
import { tile } from './parts/tile.ts';
import { hostileText, sampleService, serviceFrame } from './samples.ts';

/** One thing the app would read. */
export type ConsentItem = {
  /** The claim's name; the value of its tick box. */
  claim: string;
  /** What to call it where the claim is none of OpenID Connect Core §5.1. */
  label?: string | undefined;
  /** The person's own value as the claim carries it; nothing when the account has none. */
  value?: unknown;
  /** Why the app wants it, one sentence. */
  reason?: string | undefined;
  required: boolean;
  /** Another legal basis, and the law where one is named. Without it the item rests on consent. */
  duty?: Duty | undefined;
  /** It was not part of what the person allowed before; stands out when `asked` is `changed`. */
  isNew?: boolean | undefined;
};

type Duty = { basis: string; law?: string | undefined };

/** Posts `action` = `allow` (with the ticked `claim`s), `deny`, or `sign-out-here` on a device that others use. */
export type ConsentContext = Frame & {
  service: Service;
  agency: { legalName: string; registeredSince: Date };
  /** Who is signed in, so that nobody answers for somebody else. */
  person: { name: string };
  purpose: string;
  items: readonly ConsentItem[];
  /** The first time, something new since the last time, the yearly renewal, or because the app wants it asked once more. */
  asked: 'first' | 'changed' | 'renewed' | 'again';
  /** Why nothing that rests on consent is asked of this person: such items are left out. */
  withheld?: 'minor' | 'unknown' | undefined;
  /** Whether there were such items. Then of an unknown age the page asks for the birth date, and posts it as `birthdate`. */
  leavesOut?: boolean | undefined;
  /** What was agreed to before does not count, and for a minor it ends with this page. */
  hadAgreed?: boolean | undefined;
  birthdate?: string | undefined;
  problems?: readonly Problem<never>[] | undefined;
  /** When the permission ends by itself. */
  until: Date;
  /** The app may also read while the person is away (`offline_access`). */
  whileAway: boolean;
  /** Comes back with the answer: tells whether what was shown is still what the app declares. */
  terms: string;
  /** What the browser may make by itself; the page posts it as `action` = `keep-passkey` with `credential`. */
  quietPasskey?: PasskeyOptions | undefined;
  notice?: Notice | undefined;
};

/**
 * Who asks, why, for which data, on which ground, how long; then the choice. Where every item is a duty by law the
 * page informs and does not ask.
 */
export function consentPage(context: ConsentContext): Html {
  const t = translate(context.language);
  const informs = isNoticeOnly(context);
  const said = sayProblems(context.language, context.problems, {});
  return page(context, {
    title: t(titleOf(context, informs), { service: context.service.name }),
    lead: who(context),
    band: false,
    scripts: context.quietPasskey ? ['passkey.js', 'quiet.js'] : [],
    hasProblem: said.length > 0,
    content: html`${noticeBox(context.notice)}${problemSummary(context.language, said)}
${context.onSharedDevice && html`<p class="hint">${t('shared.device')} <a href="#sign-out-here">${t('shared.sign-out')}</a></p>`}
${context.asked === 'renewed' && html`<p class="hint" id="consent-renewed">${t('consent.renewed')}</p>`}
<p class="purpose">${context.purpose}</p>
${passesNothing(context) && html`<p id="consent-nothing">${t('consent.nothing')}</p>`}
${form(context, [hidden('terms', context.terms), itemLists(context), terms(context, informs), whyWithheld(context, said), choices(context, informs), signOutHere(context)])}
${signedInAs(context)}
${quietPasskeyData(context.quietPasskey)}`,
  });
}

function titleOf(context: ConsentContext, informs: boolean): MessageKey {
  if (passesNothing(context)) return 'consent.title-nothing';
  if (informs) return 'consent.title-duty';
  return context.asked === 'changed' ? 'consent.title-changed' : 'consent.title';
}

/** The service learns that somebody is signed in, and nothing about them. */
function passesNothing({ withheld, items }: ConsentContext): boolean {
  return withheld !== undefined && items.length === 0;
}

function signedInAs(context: ConsentContext): Html {
  const t = translate(context.language);
  if (!context.onSharedDevice)
    return html`<p class="hint signed-in-as">${t('consent.person', { name: context.person.name })}</p>`;
  return html`<div class="hint signed-in-as">${t('shared.signed-in-as')} ${masked(context, context.person.name)}</div>`;
}

function signOutHere(context: ConsentContext): Html | false {
  if (!context.onSharedDevice) return false;
  const t = translate(context.language);
  return html`<div class="shared-device"><p>${t('shared.device')}</p>
${button({ id: 'sign-out-here', value: 'sign-out-here', label: t('shared.sign-out'), look: 'stop' })}</div>`;
}

/** Kindly, and with the way out where there is one: the one question stands right above the buttons. */
function whyWithheld(context: ConsentContext, said: readonly SaidProblem[]): Html | false {
  const { withheld, leavesOut, hadAgreed } = context;
  const t = translate(context.language);
  if (withheld === 'minor' && (leavesOut || hadAgreed))
    return html`<section class="items" id="consent-withheld"><h2>${t('consent.minor-title')}</h2>
${leavesOut && html`<p>${t('consent.minor')}</p>`}${hadAgreed && html`<p>${t('consent.minor-before')}</p>`}</section>`;
  if (withheld === 'unknown' && leavesOut)
    return html`<section class="items" id="consent-withheld"><h2>${t('consent.unknown-title')}</h2><p>${t('consent.unknown')}</p>${hadAgreed && html`<p>${t('consent.unknown-before')}</p>`}
${birthdateField(context.language, context.birthdate, said)}</section>`;
  return false;
}

function isNoticeOnly(context: ConsentContext): boolean {
  if (context.withheld) return true;
  return context.items.length > 0 && context.items.every((item) => item.duty !== undefined);
}

function who(context: ConsentContext): Html {
  const t = translate(context.language);
  const since = formatDay(context.language, context.agency.registeredSince, context.timeZone);
  return html`<div class="band who">${tile(context.service.name, context.service.logo)}
<div><p class="band-name">${context.service.name}</p>
<p class="band-agency">${context.agency.legalName} <span class="domain">${context.service.domain}</span></p>
<p class="band-since">${t('consent.registered-since', { since })}</p></div></div>`;
}

function itemLists(context: ConsentContext): Content {
  const t = translate(context.language);
  const asked = context.items.filter((item) => item.duty === undefined);
  const [optional, absent] = [true, false].map((isThere) =>
    asked.filter((item) => !item.required && hasValue(context, item) === isThere),
  );
  const lists = [
    { title: t('consent.required'), items: asked.filter((item) => item.required) },
    { title: t('consent.optional'), items: optional, hint: t('consent.optional-hint') },
    {
      title: t(isNoticeOnly(context) ? 'consent.by-duty-all' : 'consent.by-duty'),
      items: context.items.filter((item) => item.duty !== undefined),
      law: theOneLaw(context),
    },
    { title: t('consent.absent'), items: absent, hint: t('consent.absent-hint') },
  ];
  return lists.map(({ items = [], ...list }) => items.length > 0 && itemList(context, { ...list, items }));
}

function hasValue(context: ConsentContext, item: ConsentItem): boolean {
  return sayClaim(context.language, item.claim, item.value) !== undefined;
}

/** With a hint the items can be ticked. */
type ItemList = { title: string; items: readonly ConsentItem[]; hint?: string; law?: string | undefined };

function itemList(context: ConsentContext, list: ItemList): Html {
  const rows = list.items.map((item) => (list.hint ? optionalRow(context, item) : fixedRow(context, item)));
  return html`<section class="items"><h2>${list.title}</h2>
${list.hint && html`<p class="hint">${list.hint}</p>`}${list.law && html`<p class="hint">${translate(context.language)('consent.law', { law: list.law })}</p>`}
<ul>${rows}</ul></section>`;
}

function fixedRow(context: ConsentContext, item: ConsentItem): Html {
  return html`<li class="item${standsOut(context, item) && ' item-new'}"><div>${itemWords(context, item)}${coveredValue(context, item)}</div></li>`;
}

function optionalRow(context: ConsentContext, item: ConsentItem): Html {
  const id = `claim-${item.claim.replaceAll(/[^A-Za-z0-9_-]/g, '-')}`;
  return html`<li class="item${standsOut(context, item) && ' item-new'}"><input type="checkbox" id="${id}" name="claim" value="${item.claim}"><label for="${id}">${itemWords(context, item)}</label>${coveredValue(context, item)}</li>`;
}

/** Beside the words, not among them: a label must not hold what is tapped for something else. */
function coveredValue(context: ConsentContext, item: ConsentItem): Html | string | false {
  const value = sayClaim(context.language, item.claim, item.value);
  return context.onSharedDevice !== undefined && value !== undefined && masked(context, value);
}

function itemWords(context: ConsentContext, item: ConsentItem): Content {
  const t = translate(context.language);
  const label = item.label ?? findClaimLabel(context.language, item.claim) ?? item.claim;
  const value = sayClaim(context.language, item.claim, item.value);
  const isNew = standsOut(context, item) && html` <span class="new">${t('consent.new')}</span>`;
  const isListedAsAbsent = value === undefined && !item.required && item.duty === undefined;
  return [
    !isListedAsAbsent && html`<span class="item-label">${label}${isNew}</span>`,
    isListedAsAbsent && html`<span class="item-value">${label}${isNew}</span>`,
    value !== undefined && !context.onSharedDevice && html`<span class="item-value">${value}</span>`,
    value === undefined &&
      !isListedAsAbsent &&
      html`<span class="item-value item-none">${t('consent.no-value')}</span>`,
    item.reason && html`<span class="item-reason">${item.reason}</span>`,
    item.duty &&
      theOneLaw(context) === undefined &&
      html`<span class="item-reason">${t('consent.law', { law: sayBasis(context.language, item.duty.basis, item.duty.law) })}</span>`,
  ];
}

function standsOut(context: ConsentContext, item: ConsentItem): boolean {
  return context.asked === 'changed' && item.isNew === true;
}

function terms(context: ConsentContext, informs: boolean): Html {
  const t = translate(context.language);
  const until = formatDay(context.language, context.until, context.timeZone);
  const brand = context.brand;
  return html`<dl class="terms">
${
  !passesNothing(context) &&
  html`<div><dt>${t('consent.basis')}</dt><dd>${sayBases(context)}</dd></div>
<div><dt>${t('consent.how-long')}</dt><dd>${t(informs ? 'consent.until-duty' : 'consent.until', { until })}${context.whileAway && html` ${t('consent.while-away')}`}</dd></div>`
}
<div><dt>${t('consent.how-to-stop')}</dt><dd>${informs ? t('consent.stop-duty', { brand }) : t('consent.stop', { brand })}</dd></div>
</dl>`;
}

/** The other basis and its law, where there is one for all of that: then it is not repeated at each. */
function theOneLaw({ language, items }: ConsentContext): string | undefined {
  const laws = new Set(items.flatMap(({ duty }) => (duty ? [sayBasis(language, duty.basis, duty.law)] : [])));
  return laws.size === 1 ? [...laws][0] : undefined;
}

/** Each basis by its own name, once. */
function sayBases(context: ConsentContext): string {
  const { language, items } = context;
  const t = translate(language);
  const names = new Set(items.flatMap(({ duty }) => (duty ? [basisName(language, duty.basis)] : [])));
  if (names.size === 0) return t('consent.basis-consent');
  const bases = formatList(language, [...names]);
  return t(isNoticeOnly(context) ? 'consent.basis-duty' : 'consent.basis-mixed', { bases });
}

function choices(context: ConsentContext, informs: boolean): Html {
  const t = translate(context.language);
  const allow = informs ? t('form.continue') : t('consent.allow');
  const deny = informs ? t('form.cancel') : t('consent.deny');
  return html`<div class="pair">
${button({ id: 'consent-allow', value: 'allow', label: allow, look: 'equal', icon: check })}
${button({ id: 'consent-deny', value: 'deny', label: deny, look: 'equal', icon: cross })}
</div>`;
}

const health: Duty = { basis: 'legal_obligation', law: 'UU 17/2023 tentang Kesehatan, pasal 44' };

const first: ConsentContext = {
  ...serviceFrame,
  service: sampleService,
  agency: { legalName: 'Kementerian Kesehatan Republik Indonesia', registeredSince: new Date('2026-03-02T00:00:00Z') },
  person: { name: 'Siti Rahayu' },
  purpose: 'Mendaftarkan Anda untuk berobat dan mengabari jadwal antrean.',
  items: [
    { claim: 'name', value: 'Siti Rahayu', reason: 'Memanggil Anda di loket.', required: true },
    { claim: 'email', value: 'siti@contoh.id', reason: 'Mengirim bukti pendaftaran.', required: true },
    { claim: 'email_verified', value: true, required: true },
    { claim: 'birthdate', value: '1991-04-17', reason: 'Memilih layanan menurut umur.', required: false },
    { claim: 'gender', value: 'female', required: false },
    { claim: 'phone_number', reason: 'Mengabari lewat SMS bila giliran Anda dekat.', required: false },
  ],
  asked: 'first',
  until: new Date('2027-11-21T00:00:00Z'),
  whileAway: false,
  terms: 'bm90IHNob3du',
};

export const consentSamples: Record<string, ConsentContext> = {
  first,
  'every-claim': {
    ...first,
    service: { name: 'Pajak Daerah', agency: 'Badan Pendapatan Daerah', domain: 'pajak.contoh.go.id' },
    agency: { legalName: 'Badan Pendapatan Daerah Provinsi Contoh', registeredSince: new Date('2026-01-12T00:00:00Z') },
    person: { name: 'Budi Santoso' },
    purpose: 'Menghitung dan menagih pajak kendaraan Anda.',
    whileAway: true,
    items: [
      ['name', 'Budi Santoso'],
      ['given_name', 'Budi'],
      ['family_name', 'Santoso'],
      ['middle_name', undefined],
      ['nickname', 'Bud'],
      ['preferred_username', 'budi'],
      ['profile', 'https://contoh.id/budi'],
      ['picture', 'https://contoh.id/budi/foto.jpg'],
      ['website', 'https://contoh.id'],
      ['email', 'budi@contoh.id'],
      ['email_verified', false],
      ['gender', 'male'],
      ['birthdate', '0000-08-17'],
      ['zoneinfo', 'Asia/Jakarta'],
      ['locale', 'id-ID'],
      ['phone_number', '+62 812-3456-7890'],
      ['phone_number_verified', true],
      [
        'address',
        { street_address: 'Jalan Melati 5', locality: 'Bandung', region: 'Jawa Barat', postal_code: '40115' },
      ],
      ['updated_at', 1780000000],
      ['sub', 'k3J9…'],
    ].map(([claim, value]) => ({
      claim: String(claim),
      value,
      required: ['name', 'email', 'email_verified'].includes(String(claim)),
    })),
  },
  'shared-device': { ...first, onSharedDevice: {} },
  changed: {
    ...first,
    asked: 'changed',
    items: [
      { claim: 'name', value: 'Siti Rahayu', reason: 'Memanggil Anda di loket.', required: true },
      {
        claim: 'address',
        value: { formatted: 'Jalan Kenanga 12\nKecamatan Sukajadi\nBandung 40162' },
        reason: 'Mengirim obat ke rumah.',
        required: true,
        isNew: true,
      },
      { claim: 'gender', value: 'lainnya', required: false, isNew: true },
    ],
  },
  renewed: { ...first, asked: 'renewed' },
  duty: {
    ...first,
    purpose: 'Mencatat imunisasi yang wajib dilaporkan.',
    items: [
      { claim: 'name', value: 'Siti Rahayu', required: true, duty: health },
      { claim: 'birthdate', value: '1991-04-17', required: true, duty: health },
    ],
  },
  minor: { ...first, items: [], withheld: 'minor', leavesOut: true },
  'minor-asked-nothing': { ...first, items: [], withheld: 'minor' },
  'minor-whose-consent-ends': { ...first, items: [], withheld: 'minor', hadAgreed: true },
  'unknown-age': {
    ...first,
    items: [{ claim: 'name', value: 'Siti Rahayu', required: true, duty: health }],
    withheld: 'unknown',
    leavesOut: true,
    hadAgreed: true,
    birthdate: '31-02-1990',
    problems: [{ kind: 'said', text: 'Tanggal lahir ini tidak terbaca.', field: 'birthdate' }],
  },
  mixed: {
    ...first,
    items: [
      ...first.items,
      { claim: 'address', value: {}, required: true, duty: health },
      {
        claim: 'https://contoh.go.id/claims/faskes',
        label: 'Puskesmas pilihan',
        value: ['Sukajadi', 'Cibogo'],
        required: false,
      },
    ],
  },
  'hostile-on-shared-device': {
    ...first,
    onSharedDevice: {},
    person: { name: hostileText },
    items: [
      { claim: 'nickname', value: hostileText, required: false },
      { claim: 'address', value: { formatted: hostileText }, required: true },
    ],
  },
  hostile: {
    ...first,
    service: { name: hostileText, agency: hostileText, domain: hostileText },
    agency: { legalName: hostileText, registeredSince: new Date('2026-03-02T00:00:00Z') },
    person: { name: hostileText },
    purpose: hostileText,
    items: [
      { claim: hostileText, value: hostileText, reason: hostileText, required: false },
      {
        claim: hostileText,
        label: hostileText,
        value: { formatted: hostileText },
        required: true,
        duty: { basis: hostileText, law: hostileText },
      },
    ],
  },
};
