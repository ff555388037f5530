import { type Html, html } from './html.ts';
import { formatMoment, translate } from './locale.ts';
import { type Frame, page } from './page.ts';
import { button, field, form } from './parts/form.ts';
import { noticeBox } from './parts/notice.ts';
import { makePasskeyButton, type PasskeyOptions, passkeyData, sharedPhonesHint } from './parts/passkey.ts';
import { type Problem, problemSummary, sayProblems } from './parts/problem.ts';
import { hostileText, sampleCreationOptions, sampleFrame } from './samples.ts';

/** Posts `action` = `open` with `code`. */
export type SheetCodeContext = Frame & { problems?: readonly Problem<never>[] | undefined };

/** Where a person comes with a sheet of a service desk: its code, typed or brought along by the square. */
export function sheetCodePage(context: SheetCodeContext): Html {
  const t = translate(context.language);
  const said = sayProblems(context.language, context.problems, {});
  return page(context, {
    title: t('sheet.title'),
    hasProblem: said.length > 0,
    scripts: ['square.js'],
    content: html`${problemSummary(context.language, said)}
<p class="intro">${t('sheet.intro')}</p>
${form(context, [
  field({
    name: 'code',
    label: t('sheet.code'),
    hint: t('sheet.code-hint'),
    autocomplete: 'off',
    maxlength: 100,
    hook: 'recovery-code from-address',
    plain: true,
    problems: said,
  }),
  button({ id: 'open', value: 'open', label: t('form.continue'), look: 'main' }),
])}
<p class="hint">${t('sheet.no-sheet')}</p>`,
  });
}

/** Posts `action` = `leave`: another sheet. */
export type SheetWaitContext = Frame & {
  /** For whom it waits: for time to pass, or for a second officer. */
  waitsFor: 'time' | 'second-officer';
  /** When it opens the account. */
  readyAt: Date;
};

/** A sheet that does not open the account yet. */
export function sheetWaitPage(context: SheetWaitContext): Html {
  const t = translate(context.language);
  const { language, waitsFor, readyAt, timeZone } = context;
  const ready = formatMoment(language, readyAt, timeZone);
  const text = waitsFor === 'time' ? t('sheet.waits', { ready }) : t('sheet.waits-second');
  return page(context, {
    title: t('sheet.waits-title'),
    content: html`${noticeBox({ tone: 'info', text: html`<span id="sheet-waits">${text}</span>` })}
${waitsFor === 'time' && html`<p>${t('sheet.why-wait')}</p><p>${t('sheet.faster')}</p>`}
${form(context, button({ id: 'leave', value: 'leave', label: t('sheet.other'), look: 'quiet' }))}`,
  });
}

/** Posts `action` = `create-passkey` with `credential`, or `leave`. */
export type SheetPasskeyContext = Frame & {
  /** Whether the account had no way in before. */
  isFirst: boolean;
  passkeyOptions: PasskeyOptions;
  problems?: readonly Problem<never>[] | undefined;
};

/** The sheet opens the account: with a new passkey. */
export function sheetPasskeyPage(context: SheetPasskeyContext): Html {
  const t = translate(context.language);
  const said = sayProblems(context.language, context.problems, {});
  return page(context, {
    title: t(context.isFirst ? 'sheet.first-title' : 'sheet.passkey-title'),
    hasProblem: said.length > 0,
    scripts: ['passkey.js'],
    content: html`${problemSummary(context.language, said)}
<p class="intro">${t(context.isFirst ? 'sheet.first-intro' : 'sheet.passkey-intro')}</p>
${form(context, [
  sharedPhonesHint(context.language),
  makePasskeyButton(context.language),
  html`<div class="ways-out">${button({ id: 'leave', value: 'leave', label: t('sheet.other'), look: 'quiet' })}</div>`,
])}
${passkeyData(context.passkeyOptions)}`,
  });
}

/** The passkey is made; what is best done next. */
export function sheetDonePage(context: Frame): Html {
  const t = translate(context.language);
  const text = html`<span id="sheet-done">${t('sheet.done')}</span>`;
  return page(context, {
    title: t('sheet.done-title'),
    content: html`${noticeBox({ tone: 'done', text })}<p>${t('sheet.done-next')}</p>
<p class="buttons"><a class="button main" id="to-account" href="/account">${t('home.account')}</a></p>`,
  });
}

/** Posts `action` = `cancel-sheet` or `confirm-sheet`. */
export type SheetNoticeContext = Frame & {
  agency: string;
  readyAt: Date;
  /** Whether this contact may say that it was its owner, so that nobody has to wait. */
  mayConfirm: boolean;
};

/** Where the notice about a sheet leads: looking at it does nothing, its buttons do. */
export function sheetNoticePage(context: SheetNoticeContext): Html {
  const t = translate(context.language);
  const { language, agency, brand, readyAt, timeZone, mayConfirm } = context;
  const cancel = button({
    id: 'cancel-sheet',
    value: 'cancel-sheet',
    label: t('sheet-notice.cancel'),
    look: mayConfirm ? 'equal' : 'main',
  });
  const confirm = button({
    id: 'confirm-sheet',
    value: 'confirm-sheet',
    label: t('sheet-notice.confirm'),
    look: 'equal',
  });
  return page(context, {
    title: t('sheet-notice.title'),
    content: html`<p class="intro">${t('sheet-notice.intro', { agency, brand })}</p>
<p>${t('sheet-notice.until', { ready: formatMoment(language, readyAt, timeZone) })}</p>
${form(context, html`<div class="buttons">${[mayConfirm && confirm, cancel]}</div>`)}
<p class="hint">${t(mayConfirm ? 'sheet-notice.confirm-hint' : 'sheet-notice.it-was-you')}</p>`,
  });
}

/** `ready`: it opens the account by now. `over`: there was nothing to decide any more. */
export type SheetEndedContext = Frame & { how: 'cancelled' | 'ready' | 'over' };

/** Says what has become of a sheet. */
export function sheetEndedPage(context: SheetEndedContext): Html {
  const t = translate(context.language);
  const { how } = context;
  const text = html`<span id="sheet-${how}">${t(`sheet-ended.is-${how}`)}</span>`;
  return page(context, {
    title: t(`sheet-ended.title-${how}`),
    content: html`${noticeBox({ tone: how === 'over' ? 'info' : 'done', text })}<p>${t(`sheet-ended.after-${how}`)}</p>
<p class="buttons"><a class="button other" id="to-account" href="/account">${t('home.account')}</a></p>`,
  });
}

const readyAt = new Date('2026-11-22T03:30:00Z');

export const sheetCodeSamples: Record<string, SheetCodeContext> = {
  first: sampleFrame,
  wrong: {
    ...sampleFrame,
    problems: [{ kind: 'said', text: 'Kode ini tidak cocok dengan lembar mana pun.', field: 'code' }],
  },
  'held-up': { ...sampleFrame, problems: [{ kind: 'throttled', seconds: 30 }] },
  hostile: { ...sampleFrame, problems: [{ kind: 'said', text: hostileText, field: 'code' }] },
};

export const sheetWaitSamples: Record<string, SheetWaitContext> = {
  time: { ...sampleFrame, waitsFor: 'time', readyAt },
  'second-officer': { ...sampleFrame, waitsFor: 'second-officer', readyAt },
};

export const sheetPasskeySamples: Record<string, SheetPasskeyContext> = {
  recovery: { ...sampleFrame, isFirst: false, passkeyOptions: sampleCreationOptions },
  first: { ...sampleFrame, isFirst: true, passkeyOptions: sampleCreationOptions },
  refused: {
    ...sampleFrame,
    isFirst: true,
    passkeyOptions: sampleCreationOptions,
    problems: [{ kind: 'said', text: 'Kunci sandi (passkey) tidak dapat dipastikan.' }],
  },
};

export const sheetDoneSamples: Record<string, Frame> = { done: sampleFrame };

const notice: SheetNoticeContext = { ...sampleFrame, agency: 'Dinas Dukcapil Kota Contoh', readyAt, mayConfirm: true };

export const sheetNoticeSamples: Record<string, SheetNoticeContext> = {
  old: notice,
  young: { ...notice, mayConfirm: false },
  hostile: { ...notice, agency: hostileText },
};

export const sheetEndedSamples: Record<string, SheetEndedContext> = {
  cancelled: { ...sampleFrame, how: 'cancelled' },
  ready: { ...sampleFrame, how: 'ready' },
  over: { ...sampleFrame, how: 'over' },
};
