import { type AssetName, assetPath } from './assets.ts';
import { type Content, type Html, html, jsonBlock, safeAddress } from './html.ts';
import { type Language, languages, type MessageKey, translate } from './locale.ts';
import { closingBanner } from './parts/closing.ts';
import { mark } from './parts/icons.ts';
import { tile } from './parts/tile.ts';

/** The app that a person is on the way to, as every page of an interaction names it. */
export type Service = {
  name: string;
  /** The agency that answers for the app. */
  agency: string;
  /** The host of the app, such as `puskesmas.go.id`, so that people can compare it with the address they know. */
  domain: string;
  /** A path on this server; other hosts are refused by the content security policy. */
  logo?: string | undefined;
  /** Where the way back leads. */
  home?: string | undefined;
  /** Whether it is not live yet and answers those alone whom its team invited. */
  onTrial?: boolean | undefined;
};

/** What every page needs, whatever it is about. Values are raw; the pages escape them. */
export type Frame = {
  language: Language;
  /** The name of the whole service (`BRAND_NAME`). */
  brand: string;
  /** The path of an own mark (`BRAND_MARK`); without one the open door is drawn. */
  brandMark?: string | undefined;
  /** Shows a banner that people and data are fictitious. */
  sandbox: boolean;
  /** This same page in each language. */
  languageLinks: Record<Language, string>;
  /** The token that each form carries back in its hidden field `csrf`. */
  csrf?: string | undefined;
  service?: Service | undefined;
  /** Pages of the foot; each link appears when it leads somewhere. */
  helpLink?: string | undefined;
  privacyLink?: string | undefined;
  /** IANA name of the reader's zone; defaults to `Asia/Jakarta`. */
  timeZone?: string | undefined;
  /** When the account of this page will be deleted, while its owner may still keep it. */
  closesAt?: Date | undefined;
  /**
   * Other people use the device too: personal values stay covered until tapped, no passkey is made, and "sign out here"
   * is in sight. It posts to `signOutAt`; a page without it has the button in a form of its own.
   */
  onSharedDevice?: { signOutAt?: string | undefined } | undefined;
  /** What the browser's passkey store has to learn (WebAuthn signal methods), done silently. */
  passkeySignal?: PasskeySignal | undefined;
};

/**
 * WebAuthn Level 3 §5.1.10: a passkey this server does not know, or the complete list of those it knows and what their
 * owner is called.
 */
export type PasskeySignal =
  | { unknown: { rpId: string; credentialId: string } }
  | {
      accepted: { rpId: string; userId: string; allAcceptedCredentialIds: readonly string[] };
      details: { rpId: string; userId: string; name: string; displayName: string };
    };

type Parts = {
  /** The one heading, also the title of the document. */
  title: string;
  /** What the page is one of several of; the title of the document says it too. */
  of?: string;
  content: Content;
  /** `card` for one question, `wide` for pages with many parts, `console` for those of agencies, `personal` for one's own. */
  shape?: 'card' | 'wide' | 'console' | 'personal';
  /**
   * Says above the heading which app this is for and how it is concerned; by default that one is on the way to it,
   * where there is one. False leaves it out.
   */
  band?: false | 'page.on-the-way' | 'page.asked-by';
  /** A small line over the heading. */
  lead?: Content;
  /** What leads to the neighbouring pages, beside the content on a desktop and above it on a phone. */
  side?: Html;
  /** What stands in one line with the heading. */
  besideHeading?: Content;
  /** Which part of the house this is, beside the brand. */
  place?: string;
  styles?: readonly AssetName[];
  scripts?: readonly AssetName[];
  /** The page that most people see first loads nothing that it has no need of. */
  isFirst?: boolean;
  /** Puts "Problem:" before the title, the first thing a screen reader says. */
  hasProblem?: boolean;
};

/** The document around each page: mark and language, the app it is for, one heading, quiet links. */
export function page(frame: Frame, parts: Parts): Html {
  const t = translate(frame.language);
  const named = parts.of ? `${parts.title} · ${parts.of}` : parts.title;
  const title = parts.hasProblem ? t('page.problem-title', { title: named }) : named;
  const shape = parts.shape ?? 'card';
  const hasSide = shape === 'console' || shape === 'personal';
  return html`<!DOCTYPE html>
<html lang="${frame.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title} · ${frame.brand}</title>
<link rel="stylesheet" href="${assetPath('lawang.css')}">${!parts.isFirst && html`<link rel="stylesheet" href="${assetPath('more.css')}">`}${parts.styles?.map((name) => html`<link rel="stylesheet" href="${assetPath(name)}">`)}
<link rel="icon" type="image/svg+xml" href="${assetPath('mark.svg')}">
${scriptTags(frame, parts)}</head>
<body class="${hasSide ? `wide ${shape}` : shape}">
<a class="skip" href="#main">${t('page.skip')}</a>
${masthead(frame, parts.place)}
${parts.side ? html`<div class="beside">${parts.side}\n${middle(frame, parts)}</div>` : middle(frame, parts)}
${foot(frame)}
${frame.passkeySignal && jsonBlock('passkey-signal', frame.passkeySignal)}
</body>
</html>
`;
}

function middle(frame: Frame, parts: Parts): Html {
  const heading = html`<h1>${parts.title}</h1>`;
  return html`<main id="main">
${sharedDeviceBar(frame)}${frame.service && parts.band !== false && band(frame, frame.service, parts.band ?? 'page.on-the-way')}
${closingBanner(frame)}${parts.lead}${parts.besideHeading ? html`<div class="heading">${heading}${parts.besideHeading}</div>` : heading}
${parts.content}
</main>`;
}

function scriptTags(frame: Frame, parts: Parts): Html[] {
  const names = new Set(parts.scripts);
  if (frame.passkeySignal) names.add('passkey.js');
  return [...names].map((name) => html`<script type="module" src="${assetPath(name)}"></script>\n`);
}

function masthead(frame: Frame, place: string | undefined): Html {
  const t = translate(frame.language);
  const own = safeAddress(frame.brandMark);
  return html`<header>${frame.sandbox && html`<p class="sandbox">${t('page.sandbox')}</p>`}
<div class="masthead"><p class="brand">${own ? html`<img src="${own}" alt="" width="32" height="32">` : mark} <span>${frame.brand}</span>${place && html`<span class="place">${place}</span>`}</p>
<nav aria-label="${t('page.language')}"><ul class="languages">${languages.map((language) => languageChoice(frame, language))}</ul></nav></div>
</header>`;
}

const languageNames: Record<Language, string> = { id: 'Indonesia', en: 'English' };

function languageChoice(frame: Frame, language: Language): Html {
  const current = language === frame.language;
  const link = safeAddress(frame.languageLinks[language]) ?? '?';
  return html`<li><a href="${link}" lang="${language}" hreflang="${language}"${current && html` aria-current="true"`}>${languageNames[language]}</a></li>`;
}

function sharedDeviceBar(frame: Frame): Html | false {
  const signOutAt = safeAddress(frame.onSharedDevice?.signOutAt);
  if (!signOutAt) return false;
  const t = translate(frame.language);
  return html`<div class="shared-device"><p>${t('shared.device')}</p>
<form method="post" action="${signOutAt}">
<input type="hidden" name="csrf" value="${frame.csrf}">
<button type="submit" id="sign-out-here" name="action" value="sign-out-here" class="button stop"><span>${t('shared.sign-out')}</span></button>
</form></div>
`;
}

function band(frame: Frame, service: Service, concern: MessageKey): Html {
  const t = translate(frame.language);
  return html`<div class="band">
${tile(service.name, service.logo)}
<div><p class="band-way">${t(concern)}</p>
<p class="band-name">${service.name}${service.onTrial && html` <span class="on-trial">${t('page.on-trial')}</span>`}</p>
<p class="band-agency">${service.agency} <span class="domain">${service.domain}</span></p></div>
</div>`;
}

function foot(frame: Frame): Html {
  const t = translate(frame.language);
  const help = safeAddress(frame.helpLink);
  const privacy = safeAddress(frame.privacyLink);
  return html`<footer class="foot">
${(help || privacy) && html`<ul>${help && html`<li><a href="${help}">${t('page.help')}</a></li>`}${privacy && html`<li><a href="${privacy}">${t('page.privacy')}</a></li>`}</ul>`}
<p>${t('page.promise', { brand: frame.brand })}</p>
</footer>`;
}
