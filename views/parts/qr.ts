import { correction, generate } from 'lean-qr';
import { toPngDataURL } from 'lean-qr/extras/node_export';
import { type Html, html } from '../html.ts';

/** Light around the square, in modules; scanners ask for four (ISO/IEC 18004). */
const MARGIN = 4;
/** The densest that an older phone reads from a hand's distance: version 25, 117 modules wide (ISO/IEC 18004). */
const DENSEST = 25;
/** What that holds when a seventh of it may be lost (level M), and at most, when a fifteenth may (level L). */
const SAFE_BYTES = 997;
export const SQUARE_BYTES = 1_273;
/** Pixels to a module: a browser that smooths what it enlarges leaves the edges sharp enough. */
const SCALE = 2;

/**
 * A text as a square that a phone scans: dark on light in every theme, in the page itself. As an image, because that of a receipt
 * is a twentieth of what its outlines weigh. Of {@link SQUARE_BYTES} characters of ASCII at most.
 */
export function qrCode(text: string, label: string): Html {
  const minCorrectionLevel = text.length > SAFE_BYTES ? correction.L : correction.M;
  const code = generate(text, { minCorrectionLevel, maxVersion: DENSEST });
  const size = SCALE * (code.size + 2 * MARGIN);
  const image = toPngDataURL(code, { on: [0, 0, 0, 255], off: [255, 255, 255, 255], pad: MARGIN, scale: SCALE });
  return html`<img class="qr" src="${image}" alt="${label}" width="${size}" height="${size}">`;
}
