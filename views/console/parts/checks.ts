import { type Html, html } from '../../html.ts';
import { formatDay, type Language, type MessageKey, translate } from '../../locale.ts';
import { dot, type Tone } from './state.ts';

/** What is looked at before an app goes live, and some of it every day after. */
export type CheckName =
  | 'addresses'
  | 'hosts'
  | 'takeover'
  | 'home'
  | 'privacy'
  | 'credentials'
  | 'notices'
  | 'sign-in'
  | 'contacts'
  | 'purposes'
  | 'overlap';

/** What can be wrong. */
export type CheckProblemCode = keyof typeof sentences;

/** One thing that is wrong. Values are raw; they come from agencies and from their servers. */
export type ShownCheckProblem = {
  code: CheckProblemCode;
  about?: string | undefined;
  said?: string | undefined;
  at?: Date | undefined;
};

export type ShownCheck = {
  name: CheckName;
  /** `open` has not been looked at yet. */
  outcome: 'passed' | 'failed' | 'skipped' | 'open';
  problems: readonly ShownCheckProblem[];
  failingSince?: Date | undefined;
};

const names: Record<CheckName, MessageKey> = {
  addresses: 'checks.addresses',
  hosts: 'checks.hosts',
  takeover: 'checks.takeover',
  home: 'checks.home',
  privacy: 'checks.privacy',
  credentials: 'checks.credentials',
  notices: 'checks.notices',
  'sign-in': 'checks.sign-in',
  contacts: 'checks.contacts',
  purposes: 'checks.purposes',
  overlap: 'checks.overlap',
};

const sentences = {
  address_not_https: 'checks.address-not-https',
  address_wrong: 'checks.address-wrong',
  host_unknown: 'checks.host-unknown',
  host_unresolved: 'checks.host-unresolved',
  host_inside: 'checks.host-inside',
  host_silent: 'checks.host-silent',
  host_dangling: 'checks.host-dangling',
  host_unclaimed: 'checks.host-unclaimed',
  certificate_wrong: 'checks.certificate-wrong',
  certificate_ends: 'checks.certificate-ends',
  page_missing: 'checks.page-missing',
  page_silent: 'checks.page-silent',
  page_status: 'checks.page-status',
  notices_silent: 'checks.notices-silent',
  notices_status: 'checks.notices-status',
  notices_forged: 'checks.notices-forged',
  keys_silent: 'checks.keys-silent',
  keys_unreadable: 'checks.keys-unreadable',
  keys_weak: 'checks.keys-weak',
  secret_missing: 'checks.secret-missing',
  secret_ends: 'checks.secret-ends',
  sign_in_missing: 'checks.sign-in-missing',
  sign_in_old: 'checks.sign-in-old',
  sign_in_without_state: 'checks.sign-in-without-state',
  sign_in_without_nonce: 'checks.sign-in-without-nonce',
  sign_in_without_pkce: 'checks.sign-in-without-pkce',
  contact_missing: 'checks.contact-missing',
  contact_unconfirmed: 'checks.contact-unconfirmed',
  law_missing: 'checks.law-missing',
  purpose_missing: 'checks.purpose-missing',
  overlap_unjustified: 'checks.overlap-unjustified',
  overlap_open: 'checks.overlap-open',
  overlap_refused: 'checks.overlap-refused',
} as const satisfies Record<string, MessageKey>;

const roles: Readonly<Record<string, MessageKey>> = {
  technical: 'contact.role-technical',
  security: 'contact.role-security',
  privacy: 'contact.role-privacy',
  support: 'contact.role-support',
};

/** What a check is called. */
export function sayCheck(language: Language, name: CheckName): string {
  return translate(language)(names[name]);
}

/** What is wrong and what to do about it, in one or two sentences. */
export function sayCheckProblem(language: Language, problem: ShownCheckProblem, timeZone?: string): string {
  const { code, about = '', said = '', at } = problem;
  const t = translate(language);
  const role = roles[about];
  const date = at ? formatDay(language, at, timeZone) : '';
  return t(sentences[code], { about: role ? t(role) : about, said, date });
}

const tones: Record<ShownCheck['outcome'], Tone> = {
  passed: 'good',
  failed: 'stopped',
  skipped: 'over',
  open: 'open',
};

/** Where something that is wrong is put right. */
export type CheckFix = { link: `/${string}`; label: string };

/**
 * Every check with how it came out, and beneath it what is wrong.
 *
 * @param fixOf where to go for what has not passed; nothing where the reader can do nothing about it here
 */
export function checkList(
  language: Language,
  checks: readonly ShownCheck[],
  timeZone?: string,
  fixOf: (check: ShownCheck) => CheckFix | undefined = () => undefined,
): Html {
  return html`<ol class="checks">${checks.map((check) => checkLine(language, check, timeZone, fixOf(check)))}</ol>`;
}

function checkLine(
  language: Language,
  check: ShownCheck,
  timeZone: string | undefined,
  fix: CheckFix | undefined,
): Html {
  const t = translate(language);
  const { name, outcome, problems, failingSince } = check;
  const since = failingSince && t('checks.since', { date: formatDay(language, failingSince, timeZone) });
  return html`<li class="check" data-check="${name}" data-outcome="${outcome}"><div class="check-head"><span class="check-name">${sayCheck(language, name)}</span> ${dot(tones[outcome], t(`checks.outcome-${outcome}`))}</div>
${problems.length === 0 && html`<p class="hint">${t(`checks.what-${name}`)}</p>`}${problems.length > 0 && html`<ul class="check-problems">${problems.map((problem) => html`<li>${sayCheckProblem(language, problem, timeZone)}</li>`)}</ul>`}${since && html`<p class="hint">${since}</p>`}${fix && outcome === 'failed' && html`<p><a href="${fix.link}">${fix.label}</a></p>`}</li>
`;
}
