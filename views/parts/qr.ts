import { correction, generate } from 'lean-qr';
import { toPngDataURL } from 'lean-qr/extras/node_export';
import { type Html, html } from '../html.ts';

/** Light around the square, in modules; scanners ask for four (ISO/IEC 18004). */
const MARGIN = 4;
/** Pixels to a module: a browser that smooths what it enlarges leaves the edges sharp enough. */
const SCALE = 2;

/**
 * A text as a square that a phone scans: dark on light in every theme, in the page itself. As an image, because that of a receipt
 * is a twentieth of what its outlines weigh.
 */
export function qrCode(text: string, label: string): Html {
  const code = generate(text, { minCorrectionLevel: correction.M });
  const size = SCALE * (code.size + 2 * MARGIN);
  const image = toPngDataURL(code, { on: [0, 0, 0, 255], off: [255, 255, 255, 255], pad: MARGIN, scale: SCALE });
  return html`<img class="qr" src="${image}" alt="${label}" width="${size}" height="${size}">`;
}
