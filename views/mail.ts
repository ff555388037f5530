import { type Content, type Html, html, safeAddress } from './html.ts';
import type { Language } from './locale.ts';

/**
 * What a letter is made of, once for its plain text and once for its HTML: paragraphs, a one-time code, facts, and
 * addresses to open.
 */
export type LetterPart =
  | string
  | { readonly code: string; readonly say: string }
  | { readonly facts: readonly Fact[] }
  | { readonly label: string; readonly link: string; readonly look: 'button' | 'plain' };

export type Fact = { readonly name: string; readonly value: string };

export type Letter = {
  language: Language;
  brand: string;
  subject: string;
  parts: readonly LetterPart[];
  /** The small print. */
  foot: string;
};

/** A letter as plain text, for readers and programs without HTML. */
export function letterText({ parts, foot }: Letter): string {
  return [...parts.map(partText), `-- \n${foot}`].join('\n\n');
}

function partText(part: LetterPart): string {
  if (typeof part === 'string') return part;
  if ('code' in part) return `${part.say} ${part.code}`;
  if ('facts' in part) return part.facts.map(({ name, value }) => `${name}: ${value}`).join('\n');
  return `${part.label}:\n${part.link}`;
}

const font = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";

/**
 * A letter as HTML that old mail programs show too: no tables, no style sheet, no image, nothing to load. Text and ground
 * keep the reader's own colours, so that it is as readable in the dark; only what brings its own ground has a colour.
 */
export function letterPage(letter: Letter): Html {
  return html`<!DOCTYPE html>
<html lang="${letter.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${letter.subject}</title>
</head>
<body style="margin:0;padding:24px 16px">
<div lang="${letter.language}" style="max-width:34em;margin:0 auto;${font};font-size:17px;line-height:1.5">
<p style="margin:0 0 24px;padding:0 0 12px;border-bottom:3px solid #e8a33d;font-size:20px;font-weight:bold">${letter.brand}</p>
${letter.parts.map(partMarkup)}
<p style="margin:32px 0 0;padding:12px 0 0;border-top:1px solid #8a8a8a;font-size:14px">${letter.foot}</p>
</div>
</body>
</html>
`;
}

function partMarkup(part: LetterPart): Html {
  if (typeof part === 'string') return html`<p style="margin:0 0 16px">${lines(part)}</p>\n`;
  if ('code' in part) {
    return html`<p style="margin:0 0 8px">${part.say}</p>
<p style="margin:0 0 16px;font-family:Menlo,Consolas,monospace;font-size:32px;font-weight:bold;letter-spacing:4px">${part.code}</p>\n`;
  }
  if ('facts' in part) {
    const facts = part.facts.map(({ name, value }) => html`${name}: <strong>${value}</strong><br>`);
    return html`<p style="margin:0 0 16px;padding:0 0 0 12px;border-left:3px solid #8a8a8a">${facts}</p>\n`;
  }
  return html`<p style="margin:0 0 24px">${linkMarkup(part)}</p>\n`;
}

const looks = {
  button:
    'display:inline-block;padding:12px 20px;border-radius:10px;background-color:#b3321f;color:#ffffff;font-weight:bold;text-decoration:none',
  plain: 'display:inline-block;padding:10px 0;font-weight:bold',
} as const;

function linkMarkup({ label, link, look }: Extract<LetterPart, { link: string }>): Content {
  const address = safeAddress(link);
  return address && html`<a href="${address}" style="${looks[look]}">${label}</a>`;
}

function lines(text: string): Content {
  return text.split('\n').map((line, index) => (index === 0 ? line : html`<br>${line}`));
}
