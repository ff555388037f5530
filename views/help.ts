import { type Html, html } from './html.ts';
import { type MessageKey, translate } from './locale.ts';
import { type Frame, page } from './page.ts';
import { sampleFrame } from './samples.ts';

/** The texts behind the quiet links at the foot of every page. */
export type TextContext = Frame;

/** `at` is the page on which one does it. */
type Question = { title: MessageKey; text: MessageKey; at?: { link: `/${string}`; label: MessageKey } };

const helpQuestions: Question[] = [
  { title: 'help.passkey', text: 'help.passkey-text' },
  { title: 'help.code', text: 'help.code-text' },
  { title: 'help.password', text: 'help.password-text' },
  { title: 'help.lost', text: 'help.lost-text' },
  { title: 'help.shared', text: 'help.shared-text' },
  { title: 'help.number', text: 'help.number-text' },
  {
    ...{ title: 'help.who', text: 'help.who-text' },
    at: { link: '/account/releases', label: 'personal.releases' },
  },
  { ...{ title: 'help.stop', text: 'help.stop-text' }, at: { link: '/account/apps', label: 'personal.apps' } },
  {
    ...{ title: 'help.receipt', text: 'help.receipt-text' },
    at: { link: '/receipts/verify', label: 'receipt.check-it' },
  },
  { title: 'help.not-me', text: 'help.not-me-text' },
  { title: 'help.fraud', text: 'help.fraud-text' },
];

const privacyQuestions: Question[] = [
  { title: 'privacy.shared', text: 'privacy.shared-text' },
  { title: 'privacy.kept', text: 'privacy.kept-text' },
  { title: 'privacy.tracking', text: 'privacy.tracking-text' },
  { title: 'privacy.rights', text: 'privacy.rights-text' },
];

/** Answers to what people ask while signing in, and about who reads their data. */
export function helpPage(context: TextContext): Html {
  return textPage(context, 'help.title', helpQuestions);
}

/** What happens to a person's data, in words anyone can read. */
export function privacyPage(context: TextContext): Html {
  return textPage(context, 'privacy.title', privacyQuestions);
}

function textPage(context: TextContext, title: MessageKey, questions: readonly Question[]): Html {
  const t = translate(context.language);
  const values = { brand: context.brand };
  const sections = questions.map(
    ({ title: asked, text, at }) =>
      html`<section><h2>${t(asked, values)}</h2><p>${t(text, values)}</p>${at && html`<p><a href="${at.link}">${t(at.label)}</a></p>`}</section>`,
  );
  return page(context, { title: t(title, values), content: html`<div class="reading">${sections}</div>` });
}

export const helpSamples: Record<string, TextContext> = { help: { ...sampleFrame, sandbox: false } };

export const privacySamples: Record<string, TextContext> = { privacy: { ...sampleFrame, sandbox: false } };
