import { type Content, type Html, html } from '../html.ts';
import { type MessageKey, translate } from '../locale.ts';
import { type Frame, page } from '../page.ts';
import { button, form } from '../parts/form.ts';
import { card, envelope, eye, fingerprint, house, lines, link, squares } from '../parts/icons.ts';
import { type Notice, noticeBox } from '../parts/notice.ts';
import { problemSummary, type SaidProblem } from '../parts/problem.ts';

/** The parts of a person's own pages, in the order of their list. */
const personalSections = ['home', 'services', 'apps', 'releases', 'data', 'ways', 'contacts', 'history'] as const;
export type PersonalSection = (typeof personalSections)[number];

export type PersonalParts = {
  title: string;
  /** Where the page belongs; a page below one of the list belongs there too. */
  section: PersonalSection;
  content: Content;
  /** The name of what the page is about, where it is one of several about it. */
  of?: string;
  /** What stands over the heading: the way back up, from a page below one of the list; see {@link backTo}. */
  lead?: Content;
  /** One sentence under the heading. */
  intro?: Content;
  /** What stands in one line with the heading. */
  beside?: Content;
  /** For a page with one form: its lines stay short. */
  isNarrow?: boolean;
  notice?: Notice | undefined;
  problems?: readonly SaidProblem[];
  scripts?: Parameters<typeof page>[1]['scripts'];
  styles?: Parameters<typeof page>[1]['styles'];
};

/**
 * One of a person's own pages: the list of all of them at the side, or folded above on a phone, and the page beside it. It has a
 * form (to sign out), so it is shown by `showForm`. On paper only the page itself is left.
 */
export function personalPage(frame: Frame, parts: PersonalParts): Html {
  const problems = parts.problems ?? [];
  return page(frame, {
    title: parts.title,
    shape: 'personal',
    band: false,
    side: placeList(frame, parts.section),
    lead: parts.lead,
    ...(parts.of && { of: parts.of }),
    ...(parts.beside && { besideHeading: parts.beside }),
    hasProblem: problems.length > 0,
    ...(parts.scripts && { scripts: parts.scripts }),
    ...(parts.styles && { styles: parts.styles }),
    content: html`${parts.intro && html`<p class="intro">${parts.intro}</p>`}
<div class="${parts.isNarrow ? 'work narrow' : 'work'}">${noticeBox(parts.notice)}${problemSummary(frame.language, problems)}${parts.content}</div>`,
  });
}

const places: Record<PersonalSection, { link: string; label: MessageKey; icon: Html }> = {
  home: { link: '/account', label: 'personal.home', icon: house },
  services: { link: '/account/services', label: 'personal.services', icon: squares },
  apps: { link: '/account/apps', label: 'personal.apps', icon: link },
  releases: { link: '/account/releases', label: 'personal.releases', icon: eye },
  data: { link: '/account/data', label: 'personal.data', icon: card },
  ways: { link: '/account#passkeys', label: 'personal.ways', icon: fingerprint },
  contacts: { link: '/account/contacts', label: 'personal.contacts', icon: envelope },
  history: { link: '/account/history', label: 'personal.history', icon: lines },
};

/** What stands together in the list, under one heading. */
const groups: readonly { label: MessageKey; sections: readonly PersonalSection[] }[] = [
  { label: 'personal.group-services', sections: ['home', 'services', 'apps'] },
  { label: 'personal.group-data', sections: ['releases', 'data'] },
  { label: 'personal.group-account', sections: ['ways', 'contacts', 'history'] },
];

/** On a phone only where one is stands there, and opens the rest, in words alone: icons twice would make every page heavier. */
function placeList(frame: Frame, section: PersonalSection): Html {
  const t = translate(frame.language);
  const here = places[section];
  const list = (looks: 'with-icons' | 'words') => groups.map((group) => placesOf(frame, section, group, looks));
  return html`<nav class="places" aria-label="${t('personal.parts')}"><details class="places-folded"><summary>${here.icon}<span>${t(here.label)}</span></summary>${list('words')}</details>
<div class="places-open">${list('with-icons')}</div>
<div class="leave">${form(frame, button({ id: 'sign-out', value: 'sign-out', label: t('account.sign-out'), look: 'quiet' }), '/account')}</div></nav>`;
}

function placesOf(
  frame: Frame,
  section: PersonalSection,
  { label, sections }: (typeof groups)[number],
  looks: 'with-icons' | 'words',
): Html {
  const t = translate(frame.language);
  const links = sections.map((one) => {
    const place = places[one];
    return html`<li><a href="${place.link}"${one === section && html` aria-current="true"`}>${looks === 'with-icons' && place.icon}<span>${t(place.label)}</span></a></li>`;
  });
  return html`<p class="places-head" aria-hidden="true">${t(label)}</p><ul aria-label="${t(label)}">${links}</ul>`;
}

/** The way up, over the heading of a page that stands below one of the list. */
export function backTo(frame: Frame, section: PersonalSection): Html {
  const place = places[section];
  return html`<p class="up"><a id="back" href="${place.link}">${translate(frame.language)(place.label)}</a></p>`;
}
