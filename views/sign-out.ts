import { type Html, html, safeAddress } from './html.ts';
import { translate } from './locale.ts';
import { type Frame, page } from './page.ts';
import { button, hidden } from './parts/form.ts';
import { check } from './parts/icons.ts';
import { hostileText, sampleFrame, serviceFrame } from './samples.ts';

/**
 * Posts to `action` with the given hidden `fields` (the protocol engine's own token among them) and either
 * `logout` = `yes`, or `action` = `stay`.
 */
export type SignOutContext = Frame & {
  /** A path on this server. */
  action: string;
  fields: Readonly<Record<string, string>>;
  person?: { name: string } | undefined;
};

/** Asks before ending the session everywhere. */
export function signOutPage(context: SignOutContext): Html {
  const t = translate(context.language);
  const fields = Object.entries(context.fields).map(([name, value]) => hidden(name, value));
  return page(context, {
    title: t('sign-out.title', { brand: context.brand }),
    band: 'page.asked-by',
    content: html`${context.person && html`<p class="intro">${t('sign-out.person', { name: context.person.name })}</p>`}
<p>${t('sign-out.everywhere')}</p>
<form method="post" action="${safeAddress(context.action)}">
${hidden('csrf', context.csrf)}${fields}
${button({ id: 'logout-yes', name: 'logout', value: 'yes', label: t('sign-out.yes'), look: 'main' })}
${button({ id: 'logout-no', value: 'stay', label: t('sign-out.no'), look: 'other' })}
</form>`,
  });
}

export type SignedOutContext = Frame & {
  /** Where a new sign-in starts when there is no app to go back to. */
  accountLink: string;
};

/** Says that it is done, and where one can go from here. */
export function signedOutPage(context: SignedOutContext): Html {
  const t = translate(context.language);
  const home = safeAddress(context.service?.home);
  const account = safeAddress(context.accountLink);
  return page(context, {
    title: t('signed-out.title'),
    band: false,
    lead: html`<span class="sign sign-done">${check}</span>`,
    content: html`<p id="logout-done" role="status">${t('signed-out.done')}</p>
<p class="hint">${t('signed-out.shared')}</p>
<div class="buttons">${home && context.service && html`<a class="button main" id="back-to-app" href="${home}">${t('form.back-to', { service: context.service.name })}</a>`}
${account && html`<a class="button other" href="${account}">${t('signed-out.account')}</a>`}</div>`,
  });
}

const asked: SignOutContext = {
  ...serviceFrame,
  action: '/logout/confirm',
  fields: { xsrf: 'sample-token' },
  person: { name: 'Siti Rahayu' },
};

export const signOutSamples: Record<string, SignOutContext> = {
  asked,
  'without-service': { ...asked, service: undefined, person: undefined },
  hostile: { ...asked, fields: { xsrf: hostileText }, person: { name: hostileText } },
};

export const signedOutSamples: Record<string, SignedOutContext> = {
  'from-app': { ...serviceFrame, accountLink: '/account' },
  'from-account': { ...sampleFrame, accountLink: '/account' },
};
