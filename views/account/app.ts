import { findClaimLabel, listClaims } from '../claims.ts';
import { type Content, type Html, html, safeAddress } from '../html.ts';
import { sayBasis } from '../legal-basis.ts';
import { formatDay, formatMoment, type MessageKey, translate } from '../locale.ts';
import type { Frame } from '../page.ts';
import { button, form, hidden } from '../parts/form.ts';
import type { Notice } from '../parts/notice.ts';
import { tile } from '../parts/tile.ts';
import { hostileText, sampleFrame } from '../samples.ts';
import { type ConnectedApp, endingOf, sampleApps } from './apps.ts';
import { part } from './part.ts';
import { backTo, personalPage } from './shell.ts';

/** One item of what was shown. */
export type ShownItem = {
  claim: string;
  purpose: string;
  isRequired: boolean;
  /** Of a notice: by which basis, and by which law. */
  basis?: string | undefined;
  law?: string | undefined;
};

/** A consent or a notice that holds, or held. */
export type ShownPermission = {
  id: string;
  kind: 'consent' | 'notice';
  /** Why the app reads: as it was shown. */
  purpose: string;
  items: readonly ShownItem[];
  since: Date;
  until: Date;
  /** Of a consent that is not used: the birth date is not known, or it was given by a child. */
  rests?: 'unknown' | 'underage' | undefined;
  ended?: { at: Date; reason: 'replaced' | 'withdrawn' | 'left' | 'expired' | 'underage' } | undefined;
};

/** What the agency answers after an end. */
export type ShownWithdrawal = {
  at: Date;
  dueAt: Date;
  cause: 'withdrawn' | 'left' | 'narrowed' | 'expired' | 'reported' | 'underage';
  isOverdue: boolean;
  /** Whether the app took a notice of it; left out where it hears of nothing, or that was long ago. */
  telling?: 'told' | 'under-way' | 'failed' | undefined;
  answer?: { at: Date; outcome: 'deleted' | 'kept' | 'partly-kept'; law?: string | undefined } | undefined;
};

/**
 * Forms post to the page itself `action`: `narrow` (with a `claim` for each that is kept), `withdraw`, `disconnect`.
 */
export type AppContext = Frame & {
  app: Pick<ConnectedApp, 'clientId' | 'name' | 'agency' | 'domain' | 'logo' | 'ending'> & {
    link?: string | undefined;
  };
  consent?: ShownPermission | undefined;
  notice?: ShownPermission | undefined;
  /** What ended before, the latest first. */
  earlier: readonly ShownPermission[];
  withdrawals: readonly ShownWithdrawal[];
  /** What was read, by names of claims, and when last. */
  read?: { claims: readonly string[]; lastAt: Date } | undefined;
  /** Office addresses of the agency. */
  contact?: string | undefined;
  said?: Notice | undefined;
};

/** Everything about one app: what it reads, why, by what right, until when; to keep less, to withdraw, to leave. */
export function appPage(context: AppContext): Html {
  const t = translate(context.language);
  const { app, consent, notice } = context;
  const link = safeAddress(app.link);
  return personalPage(context, {
    title: app.name,
    of: t('account.apps'),
    section: 'apps',
    lead: backTo(context, 'apps'),
    notice: context.said,
    content: html`<div class="about">${tile(app.name, app.logo)}<div><p>${app.agency}</p><p><span class="domain">${app.domain}</span></p></div>${link && (consent || notice) && html`<a class="button other" id="open" href="${link}"><span>${t('app.open')}</span></a>`}</div>
${endingOf(context, app)}${!consent && !notice && notConnected(context)}
${consent && consentPart(context, consent)}${notice && noticePart(context, notice)}${readPart(context)}${withdrawalsPart(context)}${earlierPart(context)}${(consent || notice) && leavePart(context)}`,
  });
}

/** Nothing of it holds any more: the proof of that, and the way back for who changes their mind. */
function notConnected({ language, app, earlier }: AppContext): Html {
  const t = translate(language);
  const link = !app.ending?.isOver && safeAddress(app.link);
  return html`<div class="empty" id="not-connected"><p>${t('app.not-connected')}</p>
${earlier.length > 0 && html`<p><a id="proof" href="#earlier">${t('app.see-proof')}</a></p>`}${link && html`<p><a id="again" href="${link}">${t('app.again')}</a></p>`}</div>
`;
}

function nameOf({ language }: Frame, claim: string): string {
  return findClaimLabel(language, claim) ?? claim;
}

/** By which basis, where it is one for all; since when, until when, and the receipt. */
function spanOf(context: Frame, { id, since, until }: ShownPermission, basis?: string): Html {
  const t = translate(context.language);
  const { language, timeZone } = context;
  return html`<dl class="terms">${basis && html`<div><dt>${t('app.basis')}</dt><dd>${basis}</dd></div>`}<div><dt>${t('app.since')}</dt><dd>${formatDay(language, since, timeZone)}</dd></div>
<div><dt>${t('app.until')}</dt><dd>${formatDay(language, until, timeZone)}</dd></div>
<div><dt>${t('app.receipt')}</dt><dd><a href="/account/receipts/${encodeURIComponent(id)}">${t('app.receipt-open')}</a></dd></div></dl>`;
}

function consentPart(context: AppContext, consent: ShownPermission): Html {
  const t = translate(context.language);
  const optional = consent.items.filter(({ isRequired }) => !isRequired);
  const items = consent.items.map((item, index) => consentItem(context, consent, item, `claim-${index}`));
  const narrow = html`${optional.length > 0 && button({ id: 'narrow', value: 'narrow', label: t('app.narrow'), look: 'other' })}`;
  return part(
    'consent',
    t('app.consent'),
    consent.purpose,
    html`${restsPart(context, consent)}${items.length > 0 ? form(context, [html`<ul class="items-read">${items}</ul>`, optional.length > 0 && html`<p class="hint">${t('app.narrow-hint')}</p>`, narrow]) : html`<p id="nothing-allowed">${t('app.nothing-allowed')}</p>`}
${spanOf(context, consent)}
${form(context, [html`<p class="hint">${t(items.length > 0 ? 'app.withdraw-hint' : 'app.ask-again-hint')}</p>`, button({ id: 'withdraw', value: 'withdraw', label: t('app.withdraw'), look: 'stop' })])}`,
  );
}

function restsPart(context: Frame, { rests }: ShownPermission): Html | false {
  if (!rests) return false;
  const t = translate(context.language);
  if (rests === 'underage') return html`<p id="rests">${t('app.rests-underage')}</p>`;
  return html`<p id="rests">${t('app.rests-unknown')} <a href="/account/data/correct">${t('app.rests-tell')}</a></p>`;
}

/** A required one has no box: without it the app cannot work, so that it ends with the consent. */
function consentItem(
  context: Frame,
  consent: ShownPermission,
  { claim, purpose, isRequired }: ShownItem,
  id: string,
): Html {
  const t = translate(context.language);
  const words = html`<strong>${nameOf(context, claim)}</strong>${isRequired && html` <span class="needed">${t('app.required')}</span>`}${whyOf(consent, purpose)}`;
  if (isRequired) return html`<li class="item" data-claim="${claim}"><div>${words}</div></li>`;
  return html`<li class="item" data-claim="${claim}"><input type="checkbox" id="${id}" name="claim" value="${claim}" checked><label for="${id}">${words}</label></li>`;
}

/** The reason of an item; where it is that of the whole, it stands above. */
function whyOf({ purpose }: ShownPermission, why: string): Html | false {
  return why !== purpose && html`<br><span class="hint">${why}</span>`;
}

function noticePart(context: AppContext, notice: ShownPermission): Html {
  const t = translate(context.language);
  const bases = basesOf(context, notice);
  const one = bases.length === 1 ? bases[0] : undefined;
  const items = notice.items.map(
    ({ claim, purpose, basis, law }) =>
      html`<li class="item" data-claim="${claim}"><div><strong>${nameOf(context, claim)}</strong>${whyOf(notice, purpose)}${basis && !one && html`<br><span class="hint">${t('app.by', { basis: sayBasis(context.language, basis, law) })}</span>`}</div></li>`,
  );
  return part(
    'notice',
    t('app.notice'),
    t('app.notice-hint'),
    html`<p>${notice.purpose}</p><ul class="items-read">${items}</ul>${spanOf(context, notice, one)}`,
  );
}

/** Each basis of a notice once, with its law. */
function basesOf({ language }: Frame, notice: ShownPermission | undefined): string[] {
  const said = notice?.items.flatMap(({ basis, law }) => (basis ? [sayBasis(language, basis, law)] : []));
  return [...new Set(said)];
}

/** What has been read is read: who keeps it and whom to ask. */
function readPart(context: AppContext): Html | false {
  const { read, app, contact, language, timeZone } = context;
  if (!read) return false;
  const t = translate(language);
  return part(
    'read',
    t('app.read'),
    t('app.read-last', { date: formatMoment(language, read.lastAt, timeZone) }),
    html`<p>${t('app.read-so-far', { claims: listClaims(language, read.claims) })}</p><p>${t('app.read-ask', { agency: app.agency })}${contact ? html` <a href="mailto:${contact}">${contact}</a>` : ` ${app.domain}`}</p>
<p class="hint"><a href="/account/releases?app=${encodeURIComponent(app.clientId)}">${t('app.read-all')}</a></p>`,
  );
}

const causes: Record<ShownWithdrawal['cause'], MessageKey> = {
  withdrawn: 'app.ended-withdrawn',
  left: 'app.ended-left',
  narrowed: 'app.ended-narrowed',
  expired: 'app.ended-expired',
  reported: 'app.ended-reported',
  underage: 'app.ended-underage',
};

function withdrawalsPart(context: AppContext): Html | false {
  const t = translate(context.language);
  const { language, timeZone, withdrawals, app } = context;
  if (withdrawals.length === 0) return false;
  const rows = withdrawals.map(
    (one) =>
      html`<li class="row" data-withdrawal="${one.answer?.outcome ?? (one.isOverdue ? 'overdue' : 'waiting')}"><div class="row-words"><h3>${t(causes[one.cause])}</h3><p class="hint">${formatMoment(language, one.at, timeZone)}</p>${one.telling && html`<p class="hint" data-telling="${one.telling}">${t(`app.telling-${one.telling}`)}</p>`}<p>${sayAnswer(context, one)}</p></div></li>`,
  );
  return part(
    'withdrawals',
    t('app.answers'),
    t('app.answers-hint', { agency: app.agency }),
    html`<ul class="rows">${rowsOnce(rows)}</ul>`,
  );
}

/** What a person allowed and what they were told end at once, and read alike until one of them is answered. */
function rowsOnce(rows: readonly Html[]): Html[] {
  return [...new Map(rows.map((row) => [String(row), row])).values()];
}

function sayAnswer({ language, timeZone }: Frame, { answer, dueAt, isOverdue }: ShownWithdrawal): Content {
  const t = translate(language);
  if (!answer) {
    const date = formatMoment(language, dueAt, timeZone);
    return isOverdue
      ? html`<strong class="late">${t('app.answer-overdue', { date })}</strong>`
      : t('app.answer-due', { date });
  }
  const date = formatDay(language, answer.at, timeZone);
  const law = answer.law ?? '';
  const said: Record<typeof answer.outcome, MessageKey> = {
    deleted: 'app.answer-deleted',
    kept: 'app.answer-kept',
    'partly-kept': 'app.answer-partly-kept',
  };
  return html`${t(said[answer.outcome], { date })}${law && html` (${law})`}`;
}

const reasons: Record<NonNullable<ShownPermission['ended']>['reason'], MessageKey> = {
  replaced: 'app.was-replaced',
  withdrawn: 'app.was-withdrawn',
  left: 'app.was-left',
  expired: 'app.was-expired',
  underage: 'app.was-underage',
};

function earlierPart(context: AppContext): Html | false {
  const t = translate(context.language);
  const { language, timeZone, earlier } = context;
  if (earlier.length === 0) return false;
  const rows = earlier.map(
    ({ id, kind, since, ended }) =>
      html`<li class="row"><div class="row-words"><h3>${t(kind === 'consent' ? 'app.consent' : 'app.notice')}</h3><p class="hint">${daysOf([since, ...(ended ? [ended.at] : [])])}${ended && ` · ${t(reasons[ended.reason])}`}</p></div><a href="/account/receipts/${encodeURIComponent(id)}">${t('app.receipt-open')}</a></li>`,
  );
  return part('earlier', t('app.earlier'), undefined, html`<ul class="rows">${rows}</ul>`);

  /** One day, where it ended on the day on which it began. */
  function daysOf(dates: readonly Date[]): string {
    return [...new Set(dates.map((date) => formatDay(language, date, timeZone)))].join(' – ');
  }
}

/** Leaves all of it at once; what goes on by law is named before. */
function leavePart(context: AppContext): Html {
  const t = translate(context.language);
  const { app, notice } = context;
  const isByLaw = notice !== undefined;
  const bases = basesOf(context, notice);
  const goesOn =
    isByLaw &&
    html`<div id="goes-on"><p>${t(bases.length > 0 ? 'app.leave-by' : 'app.leave-law', { agency: app.agency })}</p>${bases.length > 0 && html`<ul class="points">${bases.map((basis) => html`<li>${basis}</li>`)}</ul>`}</div>`;
  const label = isByLaw ? t('account.leave') : t('release.end-access-title', { app: app.name });
  return part(
    'leave',
    t('app.leave'),
    t('app.leave-hint', { service: app.name }),
    html`${goesOn}${form(context, [hidden('client', app.clientId), button({ id: 'disconnect', value: 'disconnect', label, look: 'stop', hook: 'disconnect' })])}`,
  );
}

const [health, , law] = sampleApps as [ConnectedApp, ConnectedApp, ConnectedApp];

const full: AppContext = {
  ...sampleFrame,
  app: { ...health, link: 'http://localhost:3001/sign-in' },
  consent: {
    id: '0b1c6f1e-0000-4000-8000-000000000001',
    kind: 'consent',
    purpose: 'Mendaftar antrean puskesmas dan melihat jadwal kunjungan Anda.',
    items: [
      { claim: 'birthdate', purpose: 'Memilih poli yang tepat bagi usia Anda.', isRequired: false },
      { claim: 'phone_number', purpose: 'Mengabari bila jadwal Anda berubah.', isRequired: false },
    ],
    since: new Date('2026-09-03T02:00:00Z'),
    until: new Date('2027-09-03T02:00:00Z'),
  },
  notice: {
    id: '0b1c6f1e-0000-4000-8000-000000000002',
    kind: 'notice',
    purpose: 'Mendaftar antrean puskesmas dan melihat jadwal kunjungan Anda.',
    items: [
      {
        ...{ claim: 'name', purpose: 'Memanggil Anda di loket dan mencocokkan kartu berobat.', isRequired: true },
        ...{ basis: 'public_task', law: 'UU 17/2023 tentang Kesehatan' },
      },
    ],
    since: new Date('2026-09-03T02:00:00Z'),
    until: new Date('2027-09-03T02:00:00Z'),
  },
  earlier: [],
  withdrawals: [],
  read: { claims: ['name', 'birthdate'], lastAt: new Date('2026-11-20T02:00:00Z') },
  contact: 'privasi@dinkes.contoh.go.id',
};

const { consent: given } = full;

export const appSamples: Record<string, AppContext> = {
  full,
  'by-law': { ...full, app: law, consent: undefined },
  'nothing-allowed': { ...full, consent: given && { ...given, items: [] }, contact: undefined },
  'reasons-alike': {
    ...full,
    consent: given && { ...given, items: given.items.map((item) => ({ ...item, purpose: given.purpose })) },
  },
  resting: { ...full, consent: given && { ...given, rests: 'unknown' } },
  'from-childhood': { ...full, consent: given && { ...given, rests: 'underage' } },
  consent: {
    ...full,
    notice: undefined,
    withdrawals: [
      {
        at: new Date('2026-11-20T02:00:00Z'),
        dueAt: new Date('2026-11-23T02:00:00Z'),
        cause: 'narrowed',
        isOverdue: false,
        telling: 'told',
      },
    ],
  },
  ended: {
    ...full,
    ...{ consent: undefined, notice: undefined },
    earlier: given ? [{ ...given, ended: { at: new Date('2026-11-10T02:00:00Z'), reason: 'withdrawn' } }] : [],
    withdrawals: [
      {
        ...{
          at: new Date('2026-11-10T02:00:00Z'),
          dueAt: new Date('2026-11-13T02:00:00Z'),
          cause: 'withdrawn',
          isOverdue: false,
        },
        answer: { at: new Date('2026-11-11T02:00:00Z'), outcome: 'partly-kept', law: 'Permenkes 24/2022' },
      },
      {
        at: new Date('2026-10-10T02:00:00Z'),
        dueAt: new Date('2026-10-13T02:00:00Z'),
        cause: 'left',
        isOverdue: true,
        telling: 'failed',
      },
    ],
  },
  hostile: {
    ...full,
    app: {
      ...health,
      clientId: hostileText,
      name: hostileText,
      agency: hostileText,
      domain: hostileText,
      link: 'javascript:1',
    },
    ...(given && {
      consent: {
        ...given,
        id: hostileText,
        purpose: hostileText,
        items: [{ claim: hostileText, purpose: hostileText, isRequired: false }],
      },
    }),
    read: { claims: [hostileText], lastAt: new Date('2026-11-20T02:00:00Z') },
    contact: hostileText,
  },
};
