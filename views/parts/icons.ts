import { type Html, trustedMarkup } from '../html.ts';

/** The open door: under one arch a closed leaf, and beside it the light falling out. Takes the ink from the text around it. */
export const mark: Html = trustedMarkup(
  '<svg class="mark" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true"><path fill="currentColor" d="M3 30V15a13 13 0 0 1 26 0v15h-4V15a9 9 0 0 0-18 0v15zM10 15a6 6 0 0 1 4.8-5.900V30H10z"/><path class="mark-light" d="M17.2 9.100q1.9.4 2.3 2.300L22.6 30h-5.400z"/></svg>',
);

/** A finger print: the sign people know from the unlock of their phone. */
export const fingerprint: Html = icon(
  '<path d="M5.5 8.5A8 8 0 0 1 19.6 9.600M4.5 13.500c.2-.6.3-1.2.3-1.900a7.2 7.2 0 0 1 .1-1M8 19.200c1-2 1.5-4.3 1.5-7.200a2.6 2.6 0 0 1 5.2 0c0 1.2-.1 2.4-.3 3.500M12.1 12c0 3.4-.6 6.2-1.7 8.700M17.9 12.300c0 3-.4 5.5-1.2 7.700M14 19.500c-.1.5-.3 1-.5 1.500M6.7 16.100c.3-1.2.5-2.5.5-4.100a4.9 4.9 0 0 1 7.3-4.300M17.2 9.300c.3.7.5 1.5.6 2.3"/>',
);

/** A message with a code in it. */
export const envelope: Html = icon('<path d="M4 6h16v12H4zM4.5 6.5 12 13l7.5-6.5"/>');

/** Something is done. */
export const check: Html = icon('<path d="M5 12.5 10 17.5 19.5 7"/>');

/** Something is refused. */
export const cross: Html = icon('<path d="M6.5 6.5l11 11M17.5 6.5l-11 11"/>');

/** Something stands in the way. */
export const warning: Html = icon('<path d="M12 4 2.8 20h18.400zM12 10v4.500M12 17.300v.2"/>');

/** Something worth knowing. */
export const information: Html = icon('<circle cx="12" cy="12" r="9"/><path d="M12 11v5.500M12 7.500v.2"/>');

/** One's own apps. */
export const squares: Html = icon(
  '<path d="M4.500 4.500h6v6h-6zM13.500 4.500h6v6h-6zM4.500 13.500h6v6h-6zM13.500 13.500h6v6h-6z"/>',
);

/** All apps of a registry. */
export const shelf: Html = icon('<path d="M4 20V5h4v15M8 20V8h4v12M13.200 8.200l3.800-1L20 19M3 20h18"/>');

/** An organisation. */
export const building: Html = icon('<path d="M4 20h16M5.500 20V10M18.500 20V10M10 20v-6h4v6M3.500 10 12 4l8.500 6z"/>');

/** What waits for somebody to agree. */
export const clipboard: Html = icon(
  '<path d="M8 5.500H5.500V20h13V5.500H16M8.500 4h7v3.500h-7zM9 13.500l2.200 2.200L15.500 11.500"/>',
);

/** A service desk. */
export const counter: Html = icon(
  '<circle cx="12" cy="7" r="3"/><path d="M6.500 15a5.500 5.500 0 0 1 11 0M3.500 15h17v5h-17z"/>',
);

/** What happened, line by line. */
export const lines: Html = icon('<path d="M4.500 6h.2M4.500 12h.2M4.500 18h.2M9 6h11M9 12h11M9 18h7"/>');

/** All that exists, kept in order. */
export const drawer: Html = icon('<path d="M4 4.500h16v7H4zM4 11.500h16v8H4zM10 8h4M10 15.500h4"/>');

/** Two of the same. */
export const overlap: Html = icon('<path d="M4 4.500h10v10H4zM10 10.500h10v9H10z"/>');

/** What has to be done by a day. */
export const hourglass: Html = icon('<path d="M6 4h12M6 20h12M7.500 4c0 5 9 6.500 9 16M16.500 4c0 5-9 6.500-9 16"/>');

/** What may pass only when somebody lets it. */
export const gate: Html = icon('<path d="M4.500 20V5M19.500 20V5M4.500 9h15M4.500 14h15M12 9v5"/>');

/** Which way it goes from here. */
export const signpost: Html = icon(
  '<path d="M12 21V3M12 4.500h6l2.500 2.500L18 9.500h-6M12 11H6l-2.500 2.500L6 16h6"/>',
);

/** How far it has come. */
export const rising: Html = icon('<path d="M4 4v16h16M7.500 15.500l4-4.500 3 2.500L19.500 7"/>');

/** Looking for something. */
export const glass: Html = icon('<circle cx="10.500" cy="10.500" r="6"/><path d="M15 15l5 5"/>');

/** Where one is at home. */
export const house: Html = icon('<path d="M3.500 11.500 12 4.500l8.500 7M6 9.500V20h12V9.500M10 20v-5.500h4V20"/>');

/** Two that are connected. */
export const link: Html = icon(
  '<path d="M10 14.500a4 4 0 0 0 6 .4l3-3a4.100 4.100 0 0 0-5.800-5.800l-1.200 1.200M14 9.500a4 4 0 0 0-6-.4l-3 3a4.100 4.100 0 0 0 5.800 5.800l1.200-1.200"/>',
);

/** What was seen. */
export const eye: Html = icon(
  '<path d="M2.500 12C5 7.800 8.300 5.700 12 5.700s7 2.100 9.500 6.300c-2.500 4.200-5.800 6.300-9.500 6.300S5 16.200 2.500 12z"/><circle cx="12" cy="12" r="2.800"/>',
);

/** What is known about a person. */
export const card: Html = icon(
  '<path d="M3.500 5.500h17v13h-17zM13.500 10h4M13.500 14h4"/><circle cx="8.500" cy="10.500" r="1.800"/><path d="M5.800 15.500c.4-1.500 1.400-2.200 2.700-2.200s2.300.7 2.700 2.200"/>',
);

/** One more of something. */
export const plus: Html = icon('<path d="M12 5v14M5 12h14"/>');

function icon(shapes: string): Html {
  return trustedMarkup(
    `<svg class="icon" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round">${shapes}</svg>`,
  );
}
