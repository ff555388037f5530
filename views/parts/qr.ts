import { correction, generate } from 'lean-qr';
import { toSvgPath } from 'lean-qr/extras/svg';
import { type Html, html } from '../html.ts';

/** Light around the square, in modules; scanners ask for four (ISO/IEC 18004). */
const MARGIN = 4;

/** A text as a square that a phone scans: dark on light in every theme, drawn into the page itself. */
export function qrCode(text: string, label: string): Html {
  const code = generate(text, { minCorrectionLevel: correction.M });
  const size = code.size + 2 * MARGIN;
  return html`<svg class="qr" viewBox="${-MARGIN} ${-MARGIN} ${size} ${size}" role="img" aria-label="${label}"><path fill="#fff" d="M${-MARGIN} ${-MARGIN}h${size}v${size}h-${size}z"/><path fill="#000" d="${toSvgPath(code)}"/></svg>`;
}
