import { type Html, html, safeAddress } from '../html.ts';
import { formatMoment, type Language, type MessageKey, translate } from '../locale.ts';
import { isRole, sayRole } from '../roles.ts';
import { hostileText } from '../samples.ts';
import { sayEvent } from './event-names.ts';
import { keyName } from './parts/declared.ts';
import { type Facet, facets } from './parts/facets.ts';
import { type Pages, pager } from './parts/pager.ts';
import { type AppState, appStates, sayState } from './parts/state.ts';
import { table } from './parts/table.ts';
import { type ConsoleFrame, consolePage, sampleConsoleFrame } from './shell.ts';

/** Who did something, or what it was done to; the link lists everything else about it. */
type Named = { name: string; below?: string | undefined; link: string };

export type ListedEvent = {
  at: Date;
  /** The event's own word; it is the same in every language, as programs read it. */
  kind: string;
  who: Named;
  what: Named;
  /** Codes and counts, as they were written down. */
  details: readonly { name: string; value: string }[];
};

export type EventsContext = ConsoleFrame & {
  events: readonly ListedEvent[];
  /** What the list is narrowed down to, each with the list without it. */
  chosen: readonly { name: string; link: string }[];
  pages: Pages;
  csvLink: string;
};

/** `GET /console/events`: what admins did, the latest first. */
export function eventsPage(context: EventsContext): Html {
  const { language } = context;
  const t = translate(language);
  return consolePage(context, {
    title: t('console.events'),
    intro: t('console.events-intro'),
    actions: html`<a class="button other" id="csv" href="${safeAddress(context.csvLink)}" download="riwayat.csv"><span>${t('console.csv')}</span></a>`,
    content: html`${context.chosen.length > 0 && facets(t('console.only'), context.chosen.map(toFacet))}
${context.events.length > 0 ? eventTable(context) : html`<p class="empty" id="none-found">${t('console.no-events')}</p>`}${pager(language, context.pages)}`,
  });
}

const toFacet = ({ name, link }: { name: string; link: string }): Facet => ({
  label: `${name} ×`,
  link,
  isChosen: true,
});

function eventTable(context: EventsContext): Html {
  const t = translate(context.language);
  return table<ListedEvent>({
    caption: t('console.events'),
    hook: { name: 'data-event', value: ({ kind }) => kind },
    columns: [
      { head: t('console.event'), kind: 'main', cell: (event) => eventName(context, event) },
      { head: t('console.event-what'), cell: ({ what }) => named(what) },
      { head: t('console.event-who'), cell: ({ who }) => named({ ...who, name: sayActor(context, who.name) }) },
      {
        head: t('console.event-details'),
        cell: ({ details }) => (details.length > 0 ? detailList(context, details) : '–'),
      },
    ],
    rows: context.events,
  });
}

function eventName(context: EventsContext, { kind, at }: ListedEvent): Html {
  return html`<strong>${sayEvent(context.language, kind)}</strong> <small><time datetime="${at.toISOString()}">${formatMoment(context.language, at, context.timeZone)}</time> · <code>${kind}</code></small>`;
}

function named({ name, below, link }: Named): Html {
  return html`<a class="calm" href="${safeAddress(link) ?? '#'}">${name}</a>${below && html` <small>${below}</small>`}`;
}

/** What no person did says which part of the house did it. */
function sayActor({ language }: EventsContext, name: string): string {
  return Object.hasOwn(parts, name) ? translate(language)(parts[name as keyof typeof parts]) : name;
}

const parts = {
  checks: 'console.by-checks',
  command: 'console.by-command',
  start: 'console.by-start',
} as const satisfies Record<string, MessageKey>;

function detailList({ language }: EventsContext, details: ListedEvent['details']): Html {
  const t = translate(language);
  const items = details.map(({ name, value }) => {
    const label = Object.hasOwn(detailNames, name) ? t(detailNames[name as keyof typeof detailNames]) : name;
    return html`<li><span>${label}</span> ${sayDetail(language, name, value)}</li>`;
  });
  return html`<ul class="details">${items}</ul>`;
}

const detailNames = {
  fields: 'console.detail-fields',
  from: 'console.detail-from',
  to: 'console.detail-to',
  number: 'console.detail-number',
  reason: 'console.reason',
  role: 'team.role',
} as const satisfies Record<string, MessageKey>;

/** Keys, states and roles in words; anything else as it was written down. */
function sayDetail(language: Language, name: string, value: string): string {
  if (name === 'fields')
    return value
      .split(', ')
      .map((key) => keyName(language, key))
      .join(', ');
  if (name === 'role' && isRole(value)) return sayRole(language, value);
  return (name === 'from' || name === 'to') && isState(value) ? sayState(language, value) : value;
}

const isState = (value: string): value is AppState => appStates.some((state) => state === value);

const siti = { name: 'Siti Rahayu', link: '/console/events?actor=00000000-0000-4000-8000-000000000001' };
const events: readonly ListedEvent[] = [
  {
    at: new Date('2026-11-21T03:12:00Z'),
    kind: 'client.changed',
    who: siti,
    what: { name: 'antrean-rsud', below: 'Kementerian Kesehatan', link: '/console/events?subject=client+antrean-rsud' },
    details: [{ name: 'fields', value: 'redirect_uris, purpose' }],
  },
  {
    at: new Date('2026-11-21T03:10:00Z'),
    kind: 'client.state-changed',
    who: siti,
    what: { name: 'antrean-rsud', below: 'Kementerian Kesehatan', link: '/console/events?subject=client+antrean-rsud' },
    details: [
      { name: 'from', value: 'draft' },
      { name: 'to', value: 'sandbox' },
    ],
  },
  {
    at: new Date('2026-11-20T22:00:00Z'),
    kind: 'key.activated',
    who: { name: 'start', link: '/console/events?actor=start' },
    what: { name: 'key k-2026-11', link: '/console/events?subject=key+k-2026-11' },
    details: [],
  },
];

const full: EventsContext = {
  ...sampleConsoleFrame,
  section: 'events',
  events,
  chosen: [],
  pages: { next: '/console/events?after=WyJ' },
  csvLink: '/console/events.csv',
};

export const eventsSamples: Record<string, EventsContext> = {
  full,
  narrowed: {
    ...full,
    events: events.slice(0, 2),
    chosen: [{ name: 'client antrean-rsud', link: '/console/events' }],
    pages: {},
  },
  none: { ...full, events: [], pages: { first: '/console/events' } },
  hostile: {
    ...full,
    chosen: [{ name: hostileText, link: 'javascript:1' }],
    events: events.map((event) => ({
      ...event,
      kind: hostileText,
      who: { name: hostileText, link: 'javascript:1' },
      what: { name: hostileText, below: hostileText, link: 'javascript:1' },
      details: [{ name: hostileText, value: hostileText }],
    })),
  },
};
