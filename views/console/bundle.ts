import { type Content, type Html, html } from '../html.ts';
import { formatMoment, translate } from '../locale.ts';
import { button, form } from '../parts/form.ts';
import type { Notice } from '../parts/notice.ts';
import { hostileText } from '../samples.ts';
import { type AppHead, appLink, appPage, sampleAppHead } from './app-page.ts';
import { type CheckName, sayCheck } from './parts/checks.ts';
import { type Declared, declaredChanges } from './parts/declared.ts';
import { diff } from './parts/diff.ts';
import { linesField } from './parts/fields.ts';
import { hostileLikely, likelyList, type ShownLikely, sampleLikely } from './parts/likely.ts';
import { dot, type Tone } from './parts/state.ts';
import { table } from './parts/table.ts';
import { type ConsoleFrame, consolePage, sampleConsoleFrame } from './shell.ts';

/** How an app was tried where it comes from. */
export type BundleEvidence = {
  signIn?: { at: Date; state: boolean; nonce: boolean; pkce: boolean } | undefined;
  checks: readonly { name: CheckName; outcome: 'passed' | 'failed' | 'skipped' }[];
  contacts: { confirmed: number; all: number };
};

type Obstacles = {
  /** Addresses that stay behind. */
  leftOut: readonly string[];
  /** What stands in the way where the app goes, in words. */
  findings: readonly string[];
};

/** Posts `action` = `send`. */
export type AppBundleContext = ConsoleFrame &
  Obstacles & {
    app: AppHead;
    evidence: BundleEvidence;
    /** Where it goes; undefined where this deployment sends to none. */
    receiver?: string | undefined;
    /** Bundles of this app that have come here. */
    received: readonly { id: string; issuer: string; receivedAt: Date; isApplied: boolean }[];
  };

/** `GET /console/apps/:client/bundle`: carries an app to another deployment by one button. */
export function appBundlePage(context: AppBundleContext): Html {
  const t = translate(context.language);
  return appPage(context, context.app, 'bundle', {
    title: t('bundle.title'),
    intro: t('bundle.intro'),
    content: [
      context.receiver
        ? sendPart(context, context.receiver)
        : html`<p class="hint" id="no-receiver">${t('bundle.no-receiver')}</p>`,
      obstacles(context),
      evidencePart(context, context.evidence),
      context.received.length > 0 && receivedPart(context),
    ],
  });
}

function sendPart(context: AppBundleContext, receiver: string): Html {
  const t = translate(context.language);
  const file = `${appLink(context.app.id, 'bundle')}?file=1`;
  return html`<div class="panel"><p>${t('bundle.send-what', { receiver })}</p>
<ul class="points"><li>${t('bundle.goes-declared')}</li><li>${t('bundle.goes-evidence')}</li><li>${t('bundle.stays')}</li></ul>
${form(context, button({ id: 'send-bundle', value: 'send', label: t('bundle.send'), look: 'main' }))}
<p><a id="bundle-file" href="${file}" download="${context.app.id}.bundle">${t('bundle.file')}</a></p></div>`;
}

function obstacles({ language, leftOut, findings }: ConsoleFrame & Obstacles): Content {
  const t = translate(language);
  return [
    findings.length > 0 &&
      html`<section id="bundle-findings"><h2>${t('bundle.findings')}</h2><p class="hint">${t('bundle.findings-hint')}</p>
<ul class="points">${findings.map((finding) => html`<li>${finding}</li>`)}</ul></section>`,
    leftOut.length > 0 &&
      html`<section id="bundle-left-out"><h2>${t('bundle.left-out')}</h2><p class="hint">${t('bundle.left-out-hint')}</p>
<ul class="points">${leftOut.map((uri) => html`<li><code>${uri}</code></li>`)}</ul></section>`,
  ];
}

function evidencePart(frame: ConsoleFrame, { signIn, checks, contacts }: BundleEvidence): Html {
  const { language, timeZone } = frame;
  const t = translate(language);
  const isWhole = signIn?.state && signIn.nonce && signIn.pkce;
  const tried = signIn
    ? dot(
        isWhole ? 'good' : 'waiting',
        t(isWhole ? 'bundle.tried-whole' : 'bundle.tried', { date: formatMoment(language, signIn.at, timeZone) }),
      )
    : dot('open', t('bundle.untried'));
  const tones: Record<BundleEvidence['checks'][number]['outcome'], Tone> = {
    passed: 'good',
    failed: 'stopped',
    skipped: 'over',
  };
  return html`<section id="bundle-evidence"><h2>${t('bundle.evidence')}</h2>
<ul class="dots"><li>${tried}</li>
<li>${dot(contacts.confirmed > 0 && contacts.confirmed === contacts.all ? 'good' : 'waiting', t('bundle.contacts', contacts))}</li>
${checks.map(({ name, outcome }) => html`<li>${dot(tones[outcome], `${sayCheck(language, name)}: ${t(`bundle.check-${outcome}`)}`)}</li>`)}</ul></section>`;
}

function receivedPart(context: AppBundleContext): Html {
  const t = translate(context.language);
  const { language, timeZone } = context;
  return html`<section><h2>${t('bundle.received')}</h2>${table<AppBundleContext['received'][number]>({
    caption: t('bundle.received'),
    hook: { name: 'data-bundle', value: ({ id }) => id },
    columns: [
      {
        head: t('bundle.from'),
        kind: 'main',
        cell: ({ id, issuer }) => html`<a href="/console/bundles/${encodeURIComponent(id)}">${issuer}</a>`,
      },
      { head: t('bundle.when'), kind: 'short', cell: ({ receivedAt }) => formatMoment(language, receivedAt, timeZone) },
      {
        head: t('console.state'),
        kind: 'short',
        cell: ({ isApplied }) => (isApplied ? dot('good', t('bundle.applied')) : dot('waiting', t('bundle.waits'))),
      },
    ],
    rows: context.received,
  })}</section>`;
}

/** Posts `action` = `receive` with the `bundle`. */
export type ReceiveBundleContext = ConsoleFrame & {
  /** The issuers from which bundles are taken in. */
  senders: readonly string[];
};

/** `GET /console/bundles`: takes a bundle in that could not be sent by the button. */
export function receiveBundlePage(context: ReceiveBundleContext): Html {
  const t = translate(context.language);
  const { senders } = context;
  return consolePage(context, {
    title: t('bundle.receive-title'),
    intro: t('bundle.receive-intro'),
    content:
      senders.length === 0
        ? html`<p class="empty" id="no-senders">${t('bundle.no-senders')}</p>`
        : html`<p class="hint">${t('bundle.senders')} ${senders.map((one) => html`<code>${one}</code> `)}</p>
<div class="panel">${form(context, [
            html`<div class="field"><label for="bundle">${t('bundle.paste')}</label>
<textarea id="bundle" name="bundle" rows="8" spellcheck="false" autocapitalize="none" autocomplete="off"></textarea></div>`,
            button({ id: 'receive-bundle', value: 'receive', label: t('bundle.receive'), look: 'main' }),
          ])}</div>`,
  });
}

/** Posts `action` = `apply`, with a `justification` where there is something strongly like it. */
export type BundleContext = ConsoleFrame &
  Obstacles & {
    issuer: string;
    receivedAt: Date;
    clientId: string;
    agency: string;
    evidence: BundleEvidence;
    before: Declared | undefined;
    after: Declared | undefined;
    risky: readonly string[];
    outcome: 'created' | 'applied' | 'pending' | 'unchanged' | undefined;
    isApplied: boolean;
    /** Apps here that it is strongly like. */
    likely?: readonly ShownLikely[] | undefined;
    notice?: Notice | undefined;
  };

/** `GET /console/bundles/:id`: what has come, what would become of it here, and how it was tried. */
export function bundlePage(context: BundleContext): Html {
  const t = translate(context.language);
  const { issuer, receivedAt, language, timeZone, agency } = context;
  const date = formatMoment(language, receivedAt, timeZone);
  return consolePage(context, {
    title: t('bundle.of', { client: context.clientId }),
    intro: t('bundle.came', { issuer, date, agency }),
    notice: context.notice,
    content: [
      applyPart(context),
      obstacles(context),
      context.after && !context.isApplied && changesPart(context, context.after),
      evidencePart(context, context.evidence),
    ],
  });
}

function applyPart(context: BundleContext): Html | false {
  const t = translate(context.language);
  const link = appLink(context.clientId, 'production');
  if (context.isApplied)
    return html`<p id="bundle-applied">${t('bundle.is-applied')} <a href="${link}">${t('bundle.open-app')}</a></p>`;
  if (!context.outcome) return false;
  return html`<div class="panel"><p>${t(`bundle.becomes-${context.outcome}`)}</p>
${form(context, [justificationPart(context), button({ id: 'apply-bundle', value: 'apply', label: t('bundle.apply'), look: 'main' })])}</div>`;
}

function justificationPart({ language, likely = [] }: BundleContext): Html | false {
  const t = translate(language);
  if (likely.length === 0) return false;
  return html`<h2>${t('brake.likely-count', { count: likely.length })}</h2>${likelyList(language, likely)}${linesField({
    name: 'justification',
    label: t('brake.justification'),
    hint: t('brake.justification-hint'),
    rows: 3,
    problems: [],
  })}`;
}

function changesPart({ language, before, risky }: BundleContext, after: Declared): Html {
  const changes = declaredChanges(language, before, after, risky);
  const t = translate(language);
  if (changes.length === 0) return html`<p class="hint">${t('bundle.no-changes')}</p>`;
  return html`<section><h2>${t('bundle.changes')}</h2>${diff(language, changes)}</section>`;
}

const evidence: BundleEvidence = {
  signIn: { at: new Date('2026-11-20T03:12:00Z'), state: true, nonce: true, pkce: true },
  checks: [
    { name: 'hosts', outcome: 'passed' },
    { name: 'privacy', outcome: 'failed' },
    { name: 'home', outcome: 'skipped' },
  ],
  contacts: { confirmed: 1, all: 2 },
};

const sending: AppBundleContext = {
  ...sampleConsoleFrame,
  section: 'apps',
  app: sampleAppHead,
  evidence,
  leftOut: ['http://localhost:3001/callback'],
  findings: [],
  receiver: 'https://masuk.contoh.go.id',
  received: [],
};

const received: BundleContext = {
  ...sampleConsoleFrame,
  section: 'apps',
  issuer: 'https://uji.masuk.contoh.go.id',
  receivedAt: new Date('2026-11-21T03:12:00Z'),
  clientId: 'antrean-rsud',
  agency: 'Kementerian Kesehatan',
  evidence,
  leftOut: ['http://localhost:3001/callback'],
  findings: [],
  before: { client_name: 'Antrean', redirect_uris: ['https://rsud.contoh.go.id/lama'] },
  after: { client_name: 'Antrean RSUD', redirect_uris: ['https://rsud.contoh.go.id/callback'] },
  risky: ['redirect_uris'],
  outcome: 'pending',
  isApplied: false,
};

const finding = 'Alamat di "Alamat pengalihan" tidak bisa dipakai.';

export const appBundleSamples: Record<string, AppBundleContext> = {
  ready: sending,
  unfit: { ...sending, findings: [finding], evidence: { checks: [], contacts: { confirmed: 0, all: 0 } } },
  receiver: {
    ...sending,
    receiver: undefined,
    leftOut: [],
    received: [
      {
        id: '0b8f0c9e-0000-4000-8000-000000000001',
        issuer: received.issuer,
        receivedAt: received.receivedAt,
        isApplied: false,
      },
      {
        id: '0b8f0c9e-0000-4000-8000-000000000002',
        issuer: received.issuer,
        receivedAt: received.receivedAt,
        isApplied: true,
      },
    ],
  },
  hostile: {
    ...sending,
    app: { ...sampleAppHead, id: hostileText, name: hostileText },
    leftOut: [hostileText],
    findings: [hostileText],
    receiver: hostileText,
    received: [{ id: hostileText, issuer: hostileText, receivedAt: received.receivedAt, isApplied: false }],
  },
};

export const receiveBundleSamples: Record<string, ReceiveBundleContext> = {
  open: { ...sampleConsoleFrame, section: 'apps', senders: [received.issuer] },
  closed: { ...sampleConsoleFrame, section: 'apps', senders: [] },
  hostile: { ...sampleConsoleFrame, section: 'apps', senders: [hostileText] },
};

export const bundleSamples: Record<string, BundleContext> = {
  pending: received,
  created: { ...received, before: undefined, risky: [], outcome: 'created' },
  likely: { ...received, before: undefined, risky: [], outcome: 'created', likely: sampleLikely },
  unfit: { ...received, after: undefined, outcome: undefined, findings: [finding] },
  applied: { ...received, isApplied: true },
  hostile: {
    ...received,
    issuer: hostileText,
    clientId: hostileText,
    agency: hostileText,
    leftOut: [hostileText],
    findings: [hostileText],
    before: { [hostileText]: hostileText },
    after: { [hostileText]: [hostileText] },
    likely: hostileLikely,
  },
};
