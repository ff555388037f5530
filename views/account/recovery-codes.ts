import { type Html, html } from '../html.ts';
import { formatDay, translate } from '../locale.ts';
import { type Frame, page } from '../page.ts';
import { button, form } from '../parts/form.ts';
import { type Problem, problemSummary, type Saying, sayProblems } from '../parts/problem.ts';
import { hostileText, sampleFrame } from '../samples.ts';
import { backToAccount } from './back.ts';

type Kind = 'on-trial';

export type RecoveryCodesProblem = Problem<Kind>;

/** Posts `action` = `make`. */
export type RecoveryCodesContext = Frame & {
  /** How many are still good. */
  left: number;
  problems?: readonly RecoveryCodesProblem[] | undefined;
};

const sayings: Record<Kind, Saying> = { 'on-trial': { key: 'account.way-on-trial' } };

/** What recovery codes are for, and how to get a sheet of them. */
export function recoveryCodesPage(context: RecoveryCodesContext): Html {
  const t = translate(context.language);
  const { left } = context;
  const said = sayProblems(context.language, context.problems, sayings);
  return page(context, {
    title: t('account.recovery-codes'),
    hasProblem: said.length > 0,
    content: html`${problemSummary(context.language, said)}
<p class="intro">${t('recovery-codes.intro')}</p>
${left > 0 && html`<p id="left">${t('account.recovery-codes-left', { count: left })} ${t('recovery-codes.voids')}</p>`}
${form(context, button({ id: 'make', value: 'make', label: left > 0 ? t('account.recovery-codes-renew') : t('account.recovery-codes-make'), look: 'main' }))}
${backToAccount(context.language)}`,
  });
}

/** Posts `action` = `kept`: from then on nobody can read them again. */
export type RecoverySheetContext = Frame & {
  /** As they are typed, in groups. */
  codes: readonly string[];
  /** Whose they are, as the sheet says it. */
  name: string;
  madeAt: Date;
};

/** The codes themselves, made to be printed or copied by hand. */
export function recoverySheetPage(context: RecoverySheetContext): Html {
  const t = translate(context.language);
  const date = formatDay(context.language, context.madeAt, context.timeZone);
  const rows = context.codes.map((code) => html`<li><span class="recovery-code">${code}</span></li>`);
  return page(context, {
    title: t('recovery-codes.sheet-title'),
    content: html`<p class="intro">${t('recovery-codes.sheet-intro')}</p>
<p class="on-paper">${t('recovery-codes.sheet-of', { brand: context.brand, name: context.name, date })}</p>
<ol class="sheet" id="recovery-codes">${rows}</ol>
<p class="on-paper">${t('recovery-codes.sheet-how', { brand: context.brand })}</p>
<p class="hint">${t('recovery-codes.sheet-hint')}</p>
${form(context, button({ id: 'kept', value: 'kept', label: t('recovery-codes.kept'), look: 'main' }))}`,
  });
}

export const recoveryCodesSamples: Record<string, RecoveryCodesContext> = {
  none: { ...sampleFrame, left: 0 },
  some: { ...sampleFrame, left: 7 },
  'on-trial': { ...sampleFrame, left: 7, problems: [{ kind: 'on-trial' }] },
};

const sheet: RecoverySheetContext = {
  ...sampleFrame,
  name: 'Siti Rahayu',
  madeAt: new Date('2026-11-21T01:00:00Z'),
  codes: Array.from({ length: 10 }, (_, i) => `${i}K7M-Q2XA-9DTB-4HNV`),
};

export const recoverySheetSamples: Record<string, RecoverySheetContext> = {
  sheet,
  hostile: { ...sheet, name: hostileText, codes: [hostileText] },
};
