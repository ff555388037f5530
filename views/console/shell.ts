import { type Content, type Html, html } from '../html.ts';
import { type MessageKey, translate } from '../locale.ts';
import { type Frame, page } from '../page.ts';
import {
  building,
  clipboard,
  counter,
  drawer,
  eye,
  gate,
  hourglass,
  lines,
  overlap,
  rising,
  shelf,
  signpost,
  squares,
} from '../parts/icons.ts';
import { type Notice, noticeBox } from '../parts/notice.ts';
import { problemSummary, type SaidProblem } from '../parts/problem.ts';
import { sampleFrame } from '../samples.ts';

/** The parts of the console, in the order of its list. */
export const consoleSections = [
  'mine',
  'apps',
  'inventory',
  'duplicates',
  'cases',
  'decisions',
  'coverage',
  'agencies',
  'reviews',
  'overdue',
  'desk',
  'desk-releases',
  'events',
] as const;
export type ConsoleSection = (typeof consoleSections)[number];

/** What every page of the console needs. */
export type ConsoleFrame = Frame & {
  /** What the person who is signed in is called. */
  person: string;
  /** Where the page belongs. */
  section: ConsoleSection;
  /** What the person's roles let them see. */
  sections: readonly ConsoleSection[];
};

export type ConsoleParts = {
  title: string;
  content: Content;
  /** The name of what the page is about, where it is one of several about it; see `app-page.ts`. */
  of?: string;
  /** What stands over the heading; see `parts/crumbs.ts`. */
  lead?: Content;
  /** One sentence under the heading. */
  intro?: Content;
  /** Buttons and links in one line with the heading. */
  actions?: Content;
  notice?: Notice | undefined;
  problems?: readonly SaidProblem[];
  scripts?: Parameters<typeof page>[1]['scripts'];
  /** Beside the sheet of the console. */
  styles?: Parameters<typeof page>[1]['styles'];
};

/** A page of the console: its list of parts at the side, the work beside it. */
export function consolePage(frame: ConsoleFrame, parts: ConsoleParts): Html {
  const t = translate(frame.language);
  const problems = parts.problems ?? [];
  return page(frame, {
    title: parts.title,
    shape: 'console',
    band: false,
    place: t('console.place'),
    styles: ['console.css', ...(parts.styles ?? [])],
    side: sideList(frame),
    lead: parts.lead,
    ...(parts.of && { of: parts.of }),
    besideHeading: parts.actions && html`<div class="actions">${parts.actions}</div>`,
    hasProblem: problems.length > 0,
    ...(parts.scripts && { scripts: parts.scripts }),
    content: html`${parts.intro && html`<p class="intro">${parts.intro}</p>`}
<div class="work">${noticeBox(parts.notice)}${problemSummary(frame.language, problems)}${parts.content}</div>`,
  });
}

const places: Record<ConsoleSection, { link: string; label: MessageKey; icon: Html }> = {
  mine: { link: '/console', label: 'console.mine', icon: squares },
  apps: { link: '/console/apps', label: 'console.apps', icon: shelf },
  inventory: { link: '/console/inventory', label: 'console.inventory', icon: drawer },
  duplicates: { link: '/console/duplicates', label: 'console.duplicates', icon: overlap },
  cases: { link: '/console/cases', label: 'console.cases', icon: gate },
  decisions: { link: '/console/decisions', label: 'console.decisions', icon: signpost },
  coverage: { link: '/console/coverage', label: 'console.coverage', icon: rising },
  agencies: { link: '/console/agencies', label: 'console.agencies', icon: building },
  reviews: { link: '/console/reviews', label: 'console.reviews', icon: clipboard },
  overdue: { link: '/console/overdue', label: 'console.overdue', icon: hourglass },
  desk: { link: '/console/desk', label: 'console.desk', icon: counter },
  'desk-releases': { link: '/console/desk/releases', label: 'console.desk-releases', icon: eye },
  events: { link: '/console/events', label: 'console.events', icon: lines },
};

/** What stands together in the list, under one heading. */
const groups: readonly { label: MessageKey; sections: readonly ConsoleSection[] }[] = [
  { label: 'console.group-services', sections: ['mine', 'apps'] },
  { label: 'console.group-overlap', sections: ['inventory', 'duplicates', 'cases', 'decisions', 'coverage'] },
  {
    label: 'console.group-administration',
    sections: ['agencies', 'reviews', 'overdue', 'desk', 'desk-releases', 'events'],
  },
];

/** The list of parts. On a phone only where one is stands there, and opens the rest: all of it would push the work out of sight. */
function sideList(frame: ConsoleFrame): Html {
  const t = translate(frame.language);
  const here = places[frame.section];
  const list = groups.map((group) => placesOf(frame, group));
  return html`<nav class="places" aria-label="${t('console.parts')}"><details class="places-folded"><summary>${here.icon}<span>${t(here.label)}</span></summary>${list}</details>
<div class="places-open">${list}</div>
<p class="who"><span>${frame.person}</span> <a href="/account">${t('console.account')}</a> <a href="/logout">${t('console.sign-out')}</a></p></nav>`;
}

function placesOf(frame: ConsoleFrame, { label, sections }: (typeof groups)[number]): Html | false {
  const t = translate(frame.language);
  const links = sections
    .filter((section) => frame.sections.includes(section))
    .map((section) => {
      const { link, label, icon } = places[section];
      const isHere = section === frame.section;
      return html`<li><a href="${link}"${isHere && html` aria-current="true"`}>${icon}<span>${t(label)}</span></a></li>`;
    });
  return (
    links.length > 0 &&
    html`<p class="places-head" aria-hidden="true">${t(label)}</p><ul aria-label="${t(label)}">${links}</ul>`
  );
}

/** The frame that the samples of all pages of the console share: a person with every role. */
export const sampleConsoleFrame: ConsoleFrame = {
  ...sampleFrame,
  person: 'Siti Rahayu',
  section: 'mine',
  sections: consoleSections,
};
