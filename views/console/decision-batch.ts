import { type Html, html, safeAddress } from '../html.ts';
import { formatMoment, formatNumber, translate } from '../locale.ts';
import { button, form } from '../parts/form.ts';
import type { Notice } from '../parts/notice.ts';
import { hostileText } from '../samples.ts';
import { crumbs } from './parts/crumbs.ts';
import { type SaidDecision, sayDecision } from './parts/decision.ts';
import { dot } from './parts/state.ts';
import { table } from './parts/table.ts';
import { type ConsoleFrame, consolePage, sampleConsoleFrame } from './shell.ts';

/** What a batch does to one app. */
export type ShownLine = {
  name: string;
  /** Where all that was decided about the app is read, for whoever may. */
  link?: string | undefined;
  before: SaidDecision | undefined;
  after: SaidDecision | undefined;
  outcome: 'decided' | 'unchanged' | 'refused';
  /** Why it is refused, in words. */
  why?: string | undefined;
};

export type BatchContext = ConsoleFrame & {
  status: 'preview' | 'applied' | 'undone' | 'discarded';
  counts: Record<ShownLine['outcome'], number>;
  /** As many as a page has; those that are refused first. */
  lines: readonly ShownLine[];
  by: string;
  appliedAt?: Date | undefined;
  undoneAt?: Date | undefined;
  expiresAt?: Date | undefined;
  notice?: Notice | undefined;
};

/** `GET /console/decisions/batches/:batch`: posts `action` = `apply`, `discard` or `undo`. */
export function batchPage(context: BatchContext): Html {
  const { language, counts, lines } = context;
  const t = translate(language);
  const count = counts.decided + counts.unchanged + counts.refused;
  return consolePage(context, {
    title: t('decisions.batch-title', { count }),
    lead: crumbs(language, [{ link: '/console/decisions', label: t('console.decisions') }]),
    intro: stateOf(context),
    notice: context.notice,
    content: html`<ul class="dots" id="outcomes"><li data-outcome="decided">${dot('good', t('decisions.count-decided', { count: counts.decided }))}</li>
<li data-outcome="unchanged">${dot('over', t('decisions.count-unchanged', { count: counts.unchanged }))}</li>
<li data-outcome="refused">${dot('stopped', t('decisions.count-refused', { count: counts.refused }))}</li></ul>
${choices(context)}${list(context)}${lines.length < count && html`<p class="hint">${t('decisions.shown-only', { shown: formatNumber(language, lines.length), count: formatNumber(language, count) })}</p>`}`,
  });
}

function stateOf({ language, timeZone, status, by, appliedAt, undoneAt }: BatchContext): string {
  const t = translate(language);
  const moment = (at: Date | undefined) => (at ? formatMoment(language, at, timeZone) : '');
  if (status === 'preview') return t('decisions.batch-preview');
  if (status === 'applied') return t('decisions.batch-applied', { at: moment(appliedAt), by });
  if (status === 'undone') return t('decisions.batch-undone', { at: moment(undoneAt), by });
  return t('decisions.batch-discarded');
}

function choices(context: BatchContext): Html | false {
  const { language, timeZone, status, counts, expiresAt } = context;
  const t = translate(language);
  if (status === 'applied')
    return form(
      context,
      html`<div class="actions">${button({ id: 'undo', value: 'undo', label: t('decisions.undo-batch'), look: 'stop' })}</div>`,
    );
  if (status !== 'preview') return false;
  const apply = button({
    id: 'apply',
    value: 'apply',
    label: t('decisions.apply', { count: counts.decided }),
    look: 'main',
  });
  const discard = button({ id: 'discard', value: 'discard', label: t('decisions.discard'), look: 'quiet' });
  return html`${form(context, html`<div class="actions">${counts.decided > 0 && apply}${discard}</div>`)}
${expiresAt && html`<p class="hint">${t('decisions.batch-expires', { at: formatMoment(language, expiresAt, timeZone) })}</p>`}`;
}

function list({ language, lines }: BatchContext): Html {
  const t = translate(language);
  const said = (decision: SaidDecision | undefined) =>
    decision ? sayDecision(language, decision) : t('decisions.no-decision');
  return table<ShownLine>({
    caption: t('decisions.chosen'),
    columns: [
      {
        head: t('decisions.app'),
        kind: 'main',
        cell: ({ name, link }) => {
          const address = safeAddress(link);
          return address ? html`<a href="${address}">${name}</a>` : name;
        },
      },
      { head: t('decisions.until-now'), cell: ({ before }) => said(before) },
      { head: t('decisions.from-now'), cell: ({ after }) => (after ? said(after) : '–') },
      {
        head: t('decisions.outcome'),
        cell: ({ outcome, why }) => {
          if (outcome === 'refused') return dot('stopped', t('decisions.outcome-refused', { why: why ?? '' }));
          return dot(outcome === 'decided' ? 'good' : 'over', t(`decisions.outcome-${outcome}`));
        },
      },
    ],
    rows: lines,
  });
}

const preview: BatchContext = {
  ...sampleConsoleFrame,
  section: 'decisions',
  status: 'preview',
  counts: { decided: 2, unchanged: 1, refused: 1 },
  lines: [
    {
      ...{ name: 'client:tidak-ada', before: undefined, after: { kind: 'retire', on: '2027-03-01' } },
      ...{ outcome: 'refused', why: 'Halaman ini tidak ada, atau bukan milik instansi Anda.' },
    },
    {
      ...{ name: 'Antrean Puskesmas Lama', link: '/console/decisions/about/client%3Aantrean-lama' },
      before: { kind: 'legacy' },
      after: { kind: 'merge', successor: 'Klinik Daring', on: '2027-03-01' },
      outcome: 'decided',
    },
    { name: 'Data Gizi', before: undefined, after: { kind: 'keep' }, outcome: 'decided' },
    { name: 'Rujukan', before: { kind: 'keep' }, after: { kind: 'keep' }, outcome: 'unchanged' },
  ],
  by: 'Putri Lestari',
  expiresAt: new Date('2026-11-28T03:12:00Z'),
};

export const batchSamples: Record<string, BatchContext> = {
  preview,
  applied: { ...preview, status: 'applied', appliedAt: new Date('2026-11-21T03:12:00Z'), expiresAt: undefined },
  undone: { ...preview, status: 'undone', undoneAt: new Date('2026-11-22T03:12:00Z'), expiresAt: undefined },
  hostile: {
    ...preview,
    lines: [
      {
        ...{
          name: hostileText,
          link: 'javascript:alert(1)',
          before: { kind: 'merge', successor: hostileText, on: hostileText },
        },
        ...{ after: { kind: 'legacy', successor: hostileText }, outcome: 'refused', why: hostileText },
      },
    ],
    by: hostileText,
  },
};
