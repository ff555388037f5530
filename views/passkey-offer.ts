import { type Html, html } from './html.ts';
import { translate } from './locale.ts';
import { type Frame, page } from './page.ts';
import { button, form } from './parts/form.ts';
import { check, fingerprint } from './parts/icons.ts';
import { type Insistence, insistenceNote } from './parts/insistence.ts';
import { type PasskeyOptions, passkeyData, passkeyFields, sharedPhonesHint } from './parts/passkey.ts';
import { type Problem, problemSummary, type Saying, sayProblems } from './parts/problem.ts';
import { sampleCreationOptions, serviceFrame } from './samples.ts';

type Kind = 'passkey-failed' | 'passkey-needs-script';

export type PasskeyOfferProblem = Problem<Kind>;

/** Posts `action` = `create-passkey` (with `credential`) or `skip-passkey`. */
export type PasskeyOfferContext = Frame & {
  passkeyOptions?: PasskeyOptions | undefined;
  /** What the app lets nobody in without; then going on without a passkey leads back to it. */
  insists?: Insistence | undefined;
  problems?: readonly PasskeyOfferProblem[] | undefined;
};

const sayings: Record<Kind, Saying> = {
  'passkey-failed': { key: 'passkey.failed' },
  'passkey-needs-script': { key: 'passkey.needs-script' },
};

/** After a sign-in by password: the easier way for the next time, never in the way of this one. */
export function passkeyOfferPage(context: PasskeyOfferContext): Html {
  const t = translate(context.language);
  const said = sayProblems(context.language, context.problems, sayings);
  const needsKey = context.insists === 'hardware';
  const label = html`${t(needsKey ? 'passkey-offer.use-key' : 'passkey.create')} <small>${t('passkey.name')}</small>`;
  const reasons = [t('passkey-offer.quick'), t('passkey-offer.safe'), t('passkey-offer.stays')];
  return page(context, {
    title: t(context.insists ? 'passkey-offer.title-needed' : 'passkey-offer.title'),
    hasProblem: said.length > 0,
    scripts: ['passkey.js'],
    content: html`${problemSummary(context.language, said)}
${insistenceNote(context, context.insists) || html`<p class="intro">${t('passkey-offer.intro')}</p>`}
${!needsKey && html`<ul class="reasons">${reasons.map((reason) => html`<li>${check}<span>${reason}</span></li>`)}</ul>`}
${sharedPhonesHint(context.language)}
${form(context, [
  button({
    id: 'create-passkey',
    value: 'create-passkey',
    label,
    look: 'main',
    hook: 'way passkey',
    icon: fingerprint,
    passkey: 'create',
    describedBy: 'shared-phones',
  }),
  passkeyFields(context.language),
  button({ id: 'skip-passkey', value: 'skip-passkey', label: skipLabel(context), look: 'other' }),
])}
${passkeyData(context.passkeyOptions)}`,
  });
}

function skipLabel({ language, insists, service }: PasskeyOfferContext): string {
  const t = translate(language);
  if (!insists) return t('passkey-offer.skip');
  return service ? t('form.cancel-to', { service: service.name }) : t('form.cancel');
}

const first: PasskeyOfferContext = { ...serviceFrame, passkeyOptions: sampleCreationOptions };

export const passkeyOfferSamples: Record<string, PasskeyOfferContext> = {
  first,
  insists: { ...first, insists: 'passkey' },
  'insists-on-hardware': { ...first, insists: 'hardware' },
  failed: { ...first, problems: [{ kind: 'passkey-failed' }] },
  'without-script': { ...first, problems: [{ kind: 'passkey-needs-script' }] },
};
