import { type Html, html, safeAddress } from './html.ts';
import { translate } from './locale.ts';
import { type Frame, page, type Service } from './page.ts';
import { tile } from './parts/tile.ts';
import { hostileText, sampleFrame, sampleService } from './samples.ts';

/** The front door in production. */
export type HomeContext = Frame & { accountLink: string };

/** One sentence and one way in, for those who come without an app. */
export function homePage(context: HomeContext): Html {
  const t = translate(context.language);
  return page(context, {
    title: t('home.title', { brand: context.brand }),
    content: html`<p class="intro">${t('home.intro', { brand: context.brand })}</p>
<div class="buttons"><a class="button main" href="${safeAddress(context.accountLink)}">${t('home.account')}</a></div>
<p class="hint">${t('home.where')}</p>
<p class="hint"><a id="to-coverage" href="/coverage">${t('coverage.title')}</a></p>`,
  });
}

/** A fictitious person of the sandbox. */
export type SandboxCitizen = { identifier: string; about: string };

export type SandboxHomeContext = Frame & {
  citizens: readonly SandboxCitizen[];
  /** The one password of all of them. */
  password: string;
  /** The sample apps, with the address of each as `home`. */
  apps: readonly Service[];
  links: { account: string; console: string; outbox: string; discovery: string };
};

/** The front door of the sandbox: what to open, whom to be. */
export function sandboxHomePage(context: SandboxHomeContext): Html {
  const t = translate(context.language);
  return page(context, {
    title: t('sandbox-home.title', { brand: context.brand }),
    shape: 'wide',
    content: html`<p class="intro">${t('sandbox-home.intro')}</p>
${context.apps.length > 0 && html`<section class="part"><h2>${t('sandbox-home.apps')}</h2><ul class="rows">${context.apps.map((app) => appRow(context, app))}</ul></section>`}
<section class="part"><h2>${t('sandbox-home.citizens')}</h2>
<p>${t('sandbox-home.password')} <code>${context.password}</code></p>
<dl class="terms citizens">${context.citizens.map(({ identifier, about }) => html`<div><dt><code>${identifier}</code></dt><dd>${about}</dd></div>`)}</dl></section>
<section class="part"><h2>${t('sandbox-home.more')}</h2>${moreLinks(context)}</section>`,
  });
}

function appRow(context: SandboxHomeContext, app: Service): Html {
  const t = translate(context.language);
  const home = safeAddress(app.home);
  return html`<li class="row">${tile(app.name, app.logo)}<div class="row-words"><h3>${app.name}</h3><p>${app.agency} <span class="domain">${app.domain}</span></p></div>
${home && html`<a class="button other" href="${home}" aria-label="${t('sandbox-home.open', { service: app.name })}">${t('sandbox-home.open', { service: app.name })}</a>`}</li>`;
}

function moreLinks(context: SandboxHomeContext): Html {
  const t = translate(context.language);
  const links = [
    { link: context.links.account, label: t('sandbox-home.account') },
    { link: context.links.console, label: t('sandbox-home.console') },
    { link: '/coverage', label: t('coverage.title') },
    { link: context.links.outbox, label: t('sandbox-home.outbox') },
    { link: context.links.discovery, label: t('sandbox-home.discovery') },
  ];
  return html`<ul class="plain">${links.map(({ link, label }) => html`<li><a href="${safeAddress(link)}">${label}</a></li>`)}</ul>`;
}

export const homeSamples: Record<string, HomeContext> = {
  production: { ...sampleFrame, sandbox: false, accountLink: '/account' },
};

const sandbox: SandboxHomeContext = {
  ...sampleFrame,
  citizens: [
    { identifier: 'siti@contoh.id', about: 'Identitas terverifikasi' },
    { identifier: 'budi@contoh.id', about: 'Semua data diri terisi' },
    { identifier: 'dewi@contoh.id', about: 'Baru mendaftar' },
    { identifier: 'wayan@contoh.id', about: 'Satu nama, tanpa telepon' },
    { identifier: 'joko@contoh.id', about: 'Akun dinonaktifkan' },
  ],
  password: 'lawang-sandbox',
  apps: [
    sampleService,
    {
      name: 'Pajak Daerah',
      agency: 'Badan Pendapatan Daerah',
      domain: 'pajak.contoh.go.id',
      home: 'http://localhost:3002/',
    },
  ],
  links: {
    account: '/account',
    console: '/console',
    outbox: '/sandbox/outbox',
    discovery: '/.well-known/openid-configuration',
  },
};

export const sandboxHomeSamples: Record<string, SandboxHomeContext> = {
  sandbox,
  hostile: { ...sandbox, citizens: [{ identifier: hostileText, about: hostileText }], password: hostileText },
};
