import { type Content, type Html, html } from '../html.ts';
import { formatMoment, translate } from '../locale.ts';
import { button, form, tickBox } from '../parts/form.ts';
import { warning } from '../parts/icons.ts';
import type { Notice } from '../parts/notice.ts';
import { type Problem, type SaidProblem, sayProblems } from '../parts/problem.ts';
import { qrCode } from '../parts/qr.ts';
import { hostileText } from '../samples.ts';
import {
  documentNames,
  type PersonAtDesk,
  personFacts,
  type SheetLine,
  sampleServed,
  sampleSheets,
  sheetDot,
} from './desk.ts';
import { crumbs } from './parts/crumbs.ts';
import { type ConsoleFrame, consolePage, sampleConsoleFrame } from './shell.ts';

/**
 * Posts `action` = `look` (a second officer wants to see the person), `agree` (with `seen`), `cancel`.
 */
export type DeskSheetContext = ConsoleFrame & {
  sheet: SheetLine;
  /** Only once, to whoever issued it. */
  paper?: SheetPaper | undefined;
  /** Whom it is for, once a second officer has asked to see. */
  served?: PersonAtDesk | undefined;
  mayAgree: boolean;
  notice?: Notice | undefined;
  problems?: readonly Problem<never>[] | undefined;
};

/** What stands on the paper that the person takes home. */
export type SheetPaper = {
  code: string;
  /** Where the code is typed. */
  address: string;
  accountNumber: string;
  name: string;
  expiresAt: Date;
};

/** `GET /console/desk/sheets/:sheet`: one sheet; with its code right after it was issued. */
export function deskSheetPage(context: DeskSheetContext): Html {
  const t = translate(context.language);
  const { language, sheet, paper, timeZone, notice } = context;
  const said = sayProblems(language, context.problems, {});
  return consolePage(context, {
    title: t('desk.sheet-title', { case: sheet.caseNumber }),
    lead: crumbs(language, [{ link: '/console/desk', label: t('console.desk') }]),
    notice,
    problems: said,
    content: html`${paper && paperPart(context, paper)}
<dl class="terms facts not-on-paper">${sheetFacts(context).map(([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>`)}</dl>
${secondPart(context, said)}
${isOpen(sheet) && html`<section class="part not-on-paper" aria-labelledby="cancel-title"><h2 id="cancel-title">${t('desk.cancel-title')}</h2><p class="hint">${t('desk.cancel-intro')}</p>${form(context, button({ id: 'cancel-sheet', value: 'cancel', label: t('desk.cancel'), look: 'stop' }))}</section>`}`,
  });

  function sheetFacts({ sheet: { desk, document, issuedAt, kind } }: DeskSheetContext): (readonly [string, Content])[] {
    return [
      [t('console.state'), sheetDot(language, sheet, timeZone)],
      [t('desk.for'), t(kind === 'first' ? 'desk.for-first' : 'desk.for-recovery')],
      [t('desk.document-head'), t(documentNames[document])],
      [t('desk.at'), desk],
      [t('desk.issued-head'), formatMoment(language, issuedAt, timeZone)],
    ];
  }
}

function isOpen({ state }: SheetLine): boolean {
  return state === 'second-officer' || state === 'waiting';
}

function secondPart(context: DeskSheetContext, said: readonly SaidProblem[]): Html | false {
  const t = translate(context.language);
  const { sheet, served, mayAgree } = context;
  if (!mayAgree) return false;
  const content = served
    ? html`${personFacts({ ...context, served, desk: sheet.desk, caseNumber: sheet.caseNumber })}
${form(context, [
  said.some(({ field: at }) => at === 'seen') &&
    html`<p class="wrong">${said.find(({ field: at }) => at === 'seen')?.text}</p>`,
  tickBox({
    id: 'seen',
    name: 'seen',
    value: 'yes',
    label: t('desk.seen-second', { document: t(documentNames[sheet.document]) }),
  }),
  button({ id: 'agree', value: 'agree', label: t('desk.agree'), look: 'main' }),
])}`
    : html`<p>${t('desk.second-intro')}</p>${form(context, button({ id: 'look', value: 'look', label: t('desk.look'), look: 'main' }))}`;
  return html`<section class="part" aria-labelledby="second-title"><h2 id="second-title">${t('desk.second-title')}</h2>${content}</section>`;
}

function paperPart(context: DeskSheetContext, paper: SheetPaper): Html {
  const t = translate(context.language);
  const { language, brand, sheet, timeZone } = context;
  const moment = (date: Date): string => formatMoment(language, date, timeZone);
  const opens =
    sheet.state === 'second-officer'
      ? t('desk.paper-second')
      : sheet.kind === 'first'
        ? t('desk.paper-at-once', { end: moment(paper.expiresAt) })
        : t('desk.paper-from', { ready: moment(sheet.readyAt), end: moment(paper.expiresAt) });
  return html`<div class="notice notice-info not-on-paper" role="status">${warning}<div><p>${t('desk.print-now')}</p></div></div>
<article class="paper" id="paper" aria-labelledby="paper-title">
<p class="paper-head">${brand} · ${sheet.desk}</p>
<h2 id="paper-title">${t('desk.paper-title', { name: paper.name })}</h2>
<div class="paper-body"><div>${qrCode(`${paper.address}#${paper.code}`, t('desk.paper-qr'))}</div>
<ol><li>${t('desk.paper-open')} <span class="domain">${paper.address}</span></li><li>${t('desk.paper-type')} <strong class="paper-code" id="sheet-code">${paper.code}</strong></li><li>${t('desk.paper-passkey')}</li></ol></div>
<p>${opens}</p>
<p>${t('desk.paper-warning', { brand })}</p>
<p class="hint">${t('desk.paper-number')} <span class="paper-code" id="account-number">${paper.accountNumber}</span></p>
<p class="hint">${t('desk.paper-case', { case: sheet.caseNumber, date: moment(sheet.issuedAt) })}</p>
</article>`;
}

const [waitsForSecond, waitsForTime, ready] = sampleSheets as [SheetLine, SheetLine, SheetLine];

const paper: SheetPaper = {
  code: '7K4M-2XQ9-ADTB-H6NV-83PC',
  address: 'https://masuk.contoh.go.id/sheet',
  accountNumber: '0A4B-1C2D-9DTB-4HNV-K7MQ-2XAH-6N',
  name: 'Karto Wibowo',
  expiresAt: new Date('2026-11-29T02:10:00Z'),
};

const oneSheet: DeskSheetContext = { ...sampleConsoleFrame, section: 'desk', sheet: waitsForTime, mayAgree: false };

export const deskSheetSamples: Record<string, DeskSheetContext> = {
  'to-print': { ...oneSheet, paper },
  'to-print-first': { ...oneSheet, sheet: ready, paper },
  'to-print-second': { ...oneSheet, sheet: { ...waitsForSecond, isOwn: true }, paper },
  'second-officer': { ...oneSheet, sheet: waitsForSecond, mayAgree: true },
  'second-officer-looks': {
    ...oneSheet,
    sheet: waitsForSecond,
    mayAgree: true,
    served: sampleServed,
    problems: [{ kind: 'said', text: 'Belum dicatat dokumen apa yang Anda lihat.', field: 'seen' }],
  },
  waiting: oneSheet,
  ready: { ...oneSheet, sheet: ready },
  used: { ...oneSheet, sheet: { ...waitsForTime, state: 'used' } },
  cancelled: { ...oneSheet, sheet: { ...waitsForTime, state: 'cancelled' } },
  expired: { ...oneSheet, sheet: { ...waitsForTime, state: 'expired' } },
  hostile: {
    ...oneSheet,
    sheet: { ...waitsForSecond, caseNumber: hostileText, desk: hostileText },
    paper: { ...paper, code: hostileText, accountNumber: hostileText, name: hostileText },
    served: { ...sampleServed, name: hostileText },
    mayAgree: true,
  },
};
