import { findClaimLabel } from '../claims.ts';
import { type Content, type Html, html } from '../html.ts';
import { basisName } from '../legal-basis.ts';
import { type MessageKey, translate } from '../locale.ts';
import { button, form, hidden, tickBox } from '../parts/form.ts';
import type { Notice } from '../parts/notice.ts';
import { type Problem, type SaidProblem, sayProblems } from '../parts/problem.ts';
import { hostileText } from '../samples.ts';
import { type AppHead, appPage, sampleAppHead } from './app-page.ts';
import { type Declared, declaredChanges, keyName } from './parts/declared.ts';
import { diff } from './parts/diff.ts';
import { choiceField, lineField, linesField } from './parts/fields.ts';
import { type ConsoleFrame, sampleConsoleFrame } from './shell.ts';

/** How a key of a registration is edited; `list` has one entry on each line. */
type EditField = {
  key: string;
  kind: 'line' | 'words' | 'list' | 'choice' | 'tick' | 'date' | 'number';
  /** Of a choice; the empty one leaves the key out. */
  options?: readonly string[];
};

type EditSection = { title: MessageKey; hint?: MessageKey; fields: readonly EditField[] };

/** What is edited here, part by part. Keys and secrets have a page of their own; claims, sectors and contacts rows of theirs. */
export const editSections = {
  words: {
    title: 'console.edit-words',
    fields: [
      { key: 'client_name', kind: 'line' },
      { key: 'client_name#en', kind: 'line' },
      { key: 'purpose', kind: 'words' },
      { key: 'purpose#en', kind: 'words' },
      { key: 'logo_uri', kind: 'line' },
      { key: 'policy_uri', kind: 'line' },
      { key: 'tos_uri', kind: 'line' },
    ],
  },
  addresses: {
    title: 'console.edit-addresses',
    hint: 'console.edit-addresses-hint',
    fields: [
      { key: 'redirect_uris', kind: 'list' },
      { key: 'post_logout_redirect_uris', kind: 'list' },
      { key: 'client_uri', kind: 'line' },
      { key: 'initiate_login_uri', kind: 'line' },
      { key: 'backchannel_logout_uri', kind: 'line' },
      { key: 'backchannel_logout_session_required', kind: 'tick' },
      { key: 'event_uri', kind: 'line' },
    ],
  },
  data: {
    title: 'console.edit-data',
    hint: 'console.edit-data-hint',
    fields: [
      { key: 'consent_days', kind: 'number' },
      { key: 'retention_days', kind: 'number' },
    ],
  },
  safety: {
    title: 'console.edit-safety',
    fields: [
      {
        key: 'token_endpoint_auth_method',
        kind: 'choice',
        options: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
      },
      { key: 'security_profile', kind: 'choice', options: ['baseline', 'fapi2'] },
      { key: 'min_authentication', kind: 'choice', options: ['aal1', 'aal2', 'phr', 'aal3', 'phrh'] },
      { key: 'min_identity', kind: 'choice', options: ['', 'ial1', 'ial2', 'ial3'] },
      { key: 'id_token_signed_response_alg', kind: 'choice', options: ['ES256', 'RS256'] },
      { key: 'default_max_age', kind: 'number' },
      { key: 'require_pushed_authorization_requests', kind: 'tick' },
      { key: 'dpop_bound_access_tokens', kind: 'tick' },
      { key: 'rotate_refresh', kind: 'tick' },
    ],
  },
  about: {
    title: 'console.edit-about',
    fields: [
      { key: 'description', kind: 'words' },
      { key: 'description#en', kind: 'words' },
      { key: 'service_code', kind: 'line' },
      { key: 'rate_tier', kind: 'choice', options: ['low', 'standard', 'high'] },
      { key: 'launch_on', kind: 'date' },
      { key: 'sunset_on', kind: 'date' },
    ],
  },
} as const satisfies Record<string, EditSection>;

/** The name of a key's field; `#` would be a part of an address. */
export function fieldName(key: string): string {
  return key.replace('#', '-');
}

export const editAudiences = ['citizens', 'businesses', 'officials'] as const;
export const editContactRoles = ['technical', 'security', 'privacy', 'support'] as const;
const bases = ['consent', 'contract', 'legal_obligation', 'vital_interest', 'public_task', 'legitimate_interest'];

/**
 * Posts `action` = `preview` with a field for each key ({@link fieldName}), the ticked `claim`s with `required-…`,
 * `purpose-…`, `purpose_en-…`, `basis-…`, `law-…` and `law_en-…` for each, `offline`, `sector-…`, `audience-…` and `contacts-…`.
 */
export type EditContext = ConsoleFrame & {
  head: AppHead;
  /** What the fields hold, by name; raw. */
  values: Readonly<Record<string, string>>;
  /** Every claim there is. */
  claims: readonly string[];
  ticked: readonly string[];
  sectors: readonly { id: string; name: string }[];
  /** A machine has no people, so nothing about them. */
  hasPeople: boolean;
  /** A change that waits, and that another one makes void. */
  waiting?: { number: number; link: string } | undefined;
  /** Why the logo at its address is not shown. */
  /** The part with the claims is open at once. */
  isDataOpen?: boolean | undefined;
  logoProblem?: 'unreachable' | 'too-large' | 'no-picture' | undefined;
  notice?: Notice | undefined;
  problems?: readonly Problem<never>[] | undefined;
};

/** `GET /console/apps/:client/edit`: everything that is declared, and nothing is changed before one has seen what. */
export function editPage(context: EditContext): Html {
  const t = translate(context.language);
  const said = sayProblems(context.language, context.problems, {});
  const isOpen = (names: readonly string[]): boolean =>
    said.some(({ field }) => field !== undefined && names.includes(field));
  return appPage(context, context.head, 'edit', {
    title: t('console.edit-title'),
    intro: t('console.edit-intro'),
    notice: context.notice,
    problems: said,
    content: html`${waitingNote(context)}<div class="narrow">${form(context, [
      part(context, editSections.words, said, { open: true }),
      part(context, editSections.addresses, said, { open: true }),
      context.hasPeople &&
        part(context, editSections.data, said, {
          open: context.isDataOpen || isOpen(['claims']),
          more: claimRows(context),
        }),
      part(context, editSections.safety, said, {}),
      part(context, editSections.about, said, {
        open: isOpen(['contacts', 'sectors']),
        more: aboutRows(context, said),
      }),
      button({ id: 'preview', value: 'preview', label: t('console.edit-preview'), look: 'main' }),
    ])}</div>`,
  });
}

function waitingNote({ language, waiting }: EditContext): Html | false {
  if (!waiting) return false;
  const t = translate(language);
  const { number, link } = waiting;
  return html`<div class="notice notice-info"><div>${t('console.edit-waiting', { number })} <a href="${link}">${t('console.version-number', { number })}</a></div></div>`;
}

function part(
  context: EditContext,
  section: EditSection,
  said: readonly SaidProblem[],
  { open = false, more }: { open?: boolean; more?: Content },
): Html {
  const t = translate(context.language);
  const isWrong = section.fields.some(({ key }) => said.some(({ field }) => field === fieldName(key)));
  return html`<details${(open || isWrong) && html` open`}><summary>${t(section.title)}</summary>
${section.hint && html`<p class="hint">${t(section.hint)}</p>`}${more}${section.fields.map((one) => editField(context, one, said))}</details>`;
}

function editField(
  context: EditContext,
  { key, kind, options = [] }: EditField,
  problems: readonly SaidProblem[],
): Html {
  const name = fieldName(key);
  const label = keyName(context.language, key);
  const value = context.values[name];
  const hint =
    key === 'logo_uri' && context.logoProblem && translate(context.language)(`console.logo-${context.logoProblem}`);
  const common = { name, label, value, problems, ...(hint && { hint }) };
  if (kind === 'tick') return tickBox({ id: name, name, value: 'yes', label, ticked: value === 'yes' });
  if (kind === 'words') return linesField({ ...common, rows: 2 });
  if (kind === 'list') return linesField({ ...common, isList: true });
  if (kind === 'choice')
    return choiceField({
      ...common,
      options: options.map((one) => ({ value: one, label: sayOption(context, key, one) })),
    });
  return lineField({ ...common, type: kind === 'date' || kind === 'number' ? kind : 'text' });
}

const optionWords: Readonly<Record<string, MessageKey>> = {
  'rate_tier low': 'console.rate-low',
  'rate_tier standard': 'console.rate-standard',
  'rate_tier high': 'console.rate-high',
  'min_identity ': 'console.edit-no-minimum',
};

/** Words of the protocol stay as they are. */
function sayOption({ language }: EditContext, key: string, option: string): string {
  const word = optionWords[`${key} ${option}`];
  return word ? translate(language)(word) : option;
}

function claimRows(context: EditContext): Html {
  const t = translate(context.language);
  const rows = context.claims.map((claim) => claimRow(context, claim));
  const offline = tickBox({
    ...{ id: 'offline', name: 'offline', value: 'yes', label: t('console.edit-offline') },
    ticked: context.values.offline === 'yes',
  });
  return html`<div id="claims" class="claims">${rows}</div>${offline}`;
}

function claimRow(context: EditContext, claim: string): Html {
  const { language, values } = context;
  const t = translate(language);
  const label = findClaimLabel(language, claim) ?? claim;
  const isTicked = context.ticked.includes(claim);
  const named = (name: string): string => `${name}-${claim}`;
  const text = (name: string, key: MessageKey): Html =>
    lineField({
      ...{ name: named(name), label: t(key), value: values[named(name)], maxlength: 300, problems: [] },
    });
  return html`<details class="claim"${isTicked && html` open`}><summary>${label} <code>${claim}</code></summary>
${tickBox({ id: `claim-${claim}`, name: 'claim', value: claim, label: t('console.edit-claim'), ticked: isTicked })}
${text('purpose', 'console.edit-claim-purpose')}${text('purpose_en', 'console.edit-claim-purpose-en')}
${choiceField({
  name: named('basis'),
  label: t('console.edit-claim-basis'),
  value: values[named('basis')],
  options: bases.map((basis) => ({
    value: basis,
    label: basis === 'consent' ? t('console.basis-consent') : basisName(language, basis),
  })),
  problems: [],
})}
${text('law', 'console.edit-claim-law')}${text('law_en', 'console.edit-claim-law-en')}
${tickBox({ id: named('required'), name: named('required'), value: 'yes', label: t('console.edit-claim-required'), ticked: values[named('required')] === 'yes' })}</details>`;
}

const audienceWords: Record<(typeof editAudiences)[number], MessageKey> = {
  citizens: 'console.audience-citizens',
  businesses: 'console.audience-businesses',
  officials: 'console.audience-officials',
};

const roleWords: Record<(typeof editContactRoles)[number], MessageKey> = {
  technical: 'console.contacts-technical',
  security: 'console.contacts-security',
  privacy: 'console.contacts-privacy',
  support: 'console.contacts-support',
};

function aboutRows(context: EditContext, said: readonly SaidProblem[]): Content {
  const { language, values, sectors } = context;
  const t = translate(language);
  const wrong = said.find(({ field }) => field === 'contacts');
  const tick = (name: string, label: string): Html =>
    tickBox({ id: name, name, value: 'yes', label, ticked: values[name] === 'yes' });
  return [
    html`<fieldset id="audience"><legend>${keyName(language, 'audience')}</legend>${editAudiences.map((one) => tick(`audience-${one}`, t(audienceWords[one])))}</fieldset>`,
    sectors.length > 0 &&
      html`<fieldset id="sectors"><legend>${keyName(language, 'sectors')}</legend>${sectors.map(({ id, name }) => tick(`sector-${id}`, name))}</fieldset>`,
    html`<fieldset id="contacts"><legend>${keyName(language, 'contacts')}</legend><p class="hint">${t('console.edit-contacts-hint')}</p>${wrong && html`<p class="wrong">${wrong.text}</p>`}
${editContactRoles.map((role) => linesField({ name: `contacts-${role}`, label: t(roleWords[role]), value: values[`contacts-${role}`], rows: 2, isList: true, problems: said }))}</fieldset>`,
  ];
}

/** Posts `action` = `save` or `back` with `declaration`, `number` and `reason`. */
export type EditPreviewContext = ConsoleFrame & {
  head: AppHead;
  before: Declared;
  after: Declared;
  risky: readonly string[];
  /** How many others have to agree; 0 where it takes effect at once. */
  approvalsNeeded: number;
  /** What was declared, to be sent back as it is. */
  declaration: string;
  /** The version that it was compared with. */
  number: number;
  reason?: string | undefined;
};

/** What would change, before anything does. */
export function editPreviewPage(context: EditPreviewContext): Html {
  const { language, before, after, risky, approvalsNeeded } = context;
  const t = translate(language);
  return appPage(context, context.head, 'edit', {
    title: t('console.edit-preview-title'),
    intro: approvalsNeeded > 0 ? t('console.edit-waits', { count: approvalsNeeded }) : t('console.edit-at-once'),
    content: html`<div class="narrow" id="changes">${diff(language, declaredChanges(language, before, after, risky))}
${form(context, [
  hidden('declaration', context.declaration),
  hidden('number', String(context.number)),
  lineField({
    name: 'reason',
    label: t('console.reason'),
    hint: t('console.edit-reason-hint'),
    value: context.reason,
    maxlength: 300,
    problems: [],
  }),
  html`<div class="actions">${button({ id: 'save', value: 'save', label: t('console.edit-save'), look: 'main' })}${button({ id: 'back', value: 'back', label: t('console.edit-back'), look: 'other' })}</div>`,
])}</div>`,
  });
}

const sample: EditContext = {
  ...sampleConsoleFrame,
  section: 'apps',
  head: sampleAppHead,
  values: {
    client_name: 'Antrean RSUD',
    'client_name-en': 'Hospital Queue',
    purpose: 'Mendaftar antrean dan mengabari jadwal Anda.',
    'purpose-en': 'To book your place and tell you when it is your turn.',
    redirect_uris: 'https://antrean.contoh.go.id/callback\nhttp://localhost:8080/callback',
    token_endpoint_auth_method: 'client_secret_basic',
    consent_days: '365',
    'purpose-name': 'Memanggil Anda di loket.',
    'required-name': 'yes',
    'basis-name': 'consent',
    'audience-citizens': 'yes',
    'contacts-technical': 'tim@contoh.go.id',
  },
  claims: ['name', 'email', 'birthdate', 'address'],
  ticked: ['name'],
  sectors: [
    { id: 'kesehatan', name: 'Kesehatan' },
    { id: 'pendidikan', name: 'Pendidikan' },
  ],
  hasPeople: true,
};

export const editSamples: Record<string, EditContext> = {
  app: sample,
  machine: { ...sample, hasPeople: false, claims: [], ticked: [] },
  saved: { ...sample, notice: { tone: 'done', text: 'Perubahan disimpan.' } },
  problems: {
    ...sample,
    logoProblem: 'no-picture',
    waiting: { number: 7, link: '/console/apps/antrean-rsud/versions/7' },
    problems: [
      { kind: 'said', text: 'Alamat kembali: belum benar.', field: 'redirect_uris' },
      { kind: 'said', text: 'Data yang dibaca: belum benar.', field: 'claims' },
    ],
  },
  hostile: {
    ...sample,
    values: Object.fromEntries(Object.keys(sample.values).map((key) => [key, hostileText])),
    sectors: [{ id: 'x', name: hostileText }],
    problems: [{ kind: 'said', text: hostileText, field: 'purpose' }],
  },
};

const preview: EditPreviewContext = {
  ...sampleConsoleFrame,
  section: 'apps',
  head: { ...sampleAppHead, state: 'live' },
  before: {
    client_name: 'Antrean RSUD',
    purpose: 'Mendaftar antrean dan mengabari jadwal Anda.',
    redirect_uris: ['https://antrean.contoh.go.id/callback'],
  },
  after: {
    client_name: 'Antrean RSUD Contoh',
    purpose: 'Mendaftar antrean dan mengabari jadwal Anda.',
    redirect_uris: ['https://antrean.contoh.go.id/callback', 'https://antrean.contoh.go.id/ponsel'],
  },
  risky: ['redirect_uris'],
  approvalsNeeded: 1,
  declaration: '{}',
  number: 6,
};

export const editPreviewSamples: Record<string, EditPreviewContext> = {
  waits: preview,
  'at-once': { ...preview, risky: [], approvalsNeeded: 0, head: sampleAppHead },
  hostile: {
    ...preview,
    before: { purpose: 'a' },
    after: { purpose: hostileText },
    declaration: hostileText,
    reason: hostileText,
  },
};
