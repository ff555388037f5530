import { type Html, trustedMarkup } from '../html.ts';

/** The open door: two strokes under one arch, the light falling out. Takes the ink from the text around it. */
export const mark: Html = trustedMarkup(
  '<svg class="mark" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true"><path class="mark-light" d="M13 13l9 16H13z"/><path d="M5 29V15a11 11 0 0 1 22 0v14M13 29V11" fill="none" stroke="currentColor" stroke-width="3.5" stroke-linecap="round"/></svg>',
);

/** A finger print: the sign people know from the unlock of their phone. */
export const fingerprint: Html = icon(
  '<path d="M5.5 8.5A8 8 0 0 1 19.6 9.600M4.500 13.500c.2-.6.300-1.200.300-1.900a7.200 7.200 0 0 1 .1-1M8 19.200c1-2 1.500-4.300 1.500-7.200a2.600 2.600 0 0 1 5.200 0c0 1.200-.1 2.400-.3 3.500M12.100 12c0 3.400-.6 6.200-1.700 8.700M17.900 12.300c0 3-.4 5.500-1.200 7.700M14 19.500c-.1.500-.3 1-.5 1.500M6.700 16.100c.3-1.200.5-2.500.5-4.100a4.900 4.900 0 0 1 7.300-4.300M17.200 9.300c.3.700.5 1.500.6 2.300"/>',
);

/** A message with a code in it. */
export const envelope: Html = icon('<path d="M4 6h16v12H4zM4.500 6.500 12 13l7.500-6.500"/>');

/** Something is done. */
export const check: Html = icon('<path d="M5 12.500 10 17.500 19.500 7"/>');

/** Something stands in the way. */
export const warning: Html = icon('<path d="M12 4 2.800 20h18.400zM12 10v4.500M12 17.300v.200"/>');

/** Something worth knowing. */
export const information: Html = icon('<circle cx="12" cy="12" r="9"/><path d="M12 11v5.500M12 7.500v.200"/>');

function icon(shapes: string): Html {
  return trustedMarkup(
    `<svg class="icon" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round">${shapes}</svg>`,
  );
}
