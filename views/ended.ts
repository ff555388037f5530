import { type Html, html, safeAddress } from './html.ts';
import { translate } from './locale.ts';
import { type Frame, page, type Service } from './page.ts';
import { signpost } from './parts/icons.ts';
import { hostileText, sampleService, serviceFrame } from './samples.ts';

/** The app that follows one that has ended. */
export type ShownSuccessor = {
  name: string;
  agency: string;
  /** Where it is opened; its host stands beside it, so that nobody goes somewhere without knowing. */
  link?: string | undefined;
  host?: string | undefined;
};

export type EndedContext = Frame & {
  service: Service;
  successor: ShownSuccessor | undefined;
  code: string;
  /** Finds this very event in the log. */
  reference: string;
  status: number;
};

/** An app has come to an end: whoever wanted to sign in there is led to what follows it, if anything does. */
export function endedPage(context: EndedContext): Html {
  const t = translate(context.language);
  const { service, successor, code, reference, status } = context;
  return page(context, {
    title: t('ended.title', { service: service.name }),
    lead: html`<span class="sign">${signpost}</span>`,
    content: html`<p class="intro">${t('ended.intro')}</p>
${successor ? wayOn(context, successor) : html`<p>${t('ended.ask', { agency: service.agency })}</p>`}
<dl class="reference"><div><dt>${t('error.code')}</dt><dd id="error-code">${code}</dd></div>
<div><dt>${t('error.reference')}</dt><dd id="error-reference">${reference}</dd></div>
<div><dt>${t('error.status')}</dt><dd>${status}</dd></div></dl>
<p><a id="back-to-app" href="/">${t('form.back-to', { service: context.brand })}</a></p>`,
  });
}

function wayOn({ language, service }: EndedContext, { name, agency, link, host }: ShownSuccessor): Html {
  const t = translate(language);
  const address = safeAddress(link);
  const said =
    agency === service.agency
      ? t('ended.follows', { successor: name })
      : t('ended.follows-of', { successor: name, agency });
  return html`<p>${said}</p>
${
  address &&
  html`<p class="buttons"><a class="button main" id="successor" href="${address}">${t('ended.go', { successor: name })}</a></p>
<p class="hint">${t('ended.at-host', { host: host ?? '' })}</p>`
}`;
}

const followed: EndedContext = {
  ...serviceFrame,
  service: sampleService,
  successor: {
    name: 'Klinik Daring',
    agency: 'Kementerian Kesehatan',
    link: 'https://klinik.contoh.go.id/masuk?iss=http%3A%2F%2Flocalhost%3A3000',
    host: 'klinik.contoh.go.id',
  },
  code: 'client_unavailable',
  reference: 'a7f3-92kd-0c1e',
  status: 403,
};

export const endedSamples: Record<string, EndedContext> = {
  followed,
  'nothing-follows': { ...followed, successor: undefined },
  hostile: {
    ...followed,
    service: { ...sampleService, name: hostileText, agency: hostileText, domain: hostileText },
    successor: { name: hostileText, agency: hostileText, link: 'javascript:alert(1)', host: hostileText },
    code: hostileText,
    reference: hostileText,
  },
};
