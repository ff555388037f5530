/**
 * What may stand between the markup of a template. Strings and numbers are escaped; `undefined`, `null` and `false`
 * vanish, so that a condition reads `${wrong && html`…`}`; lists are joined.
 */
export type Content = Html | string | number | null | undefined | false | readonly Content[];

let seal: (markup: string) => Html;

/**
 * Markup that is safe to send. Only the `html` tag, `trustedMarkup` and `jsonBlock` can make one, so a plain string
 * never reaches a page unescaped.
 */
export class Html {
  readonly #markup: string;

  private constructor(markup: string) {
    this.#markup = markup;
  }

  static {
    seal = (markup) => new Html(markup);
  }

  toString(): string {
    return this.#markup;
  }
}

/** Builds escaped markup. Values belong into text or into double-quoted attributes, nowhere else. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  let markup = strings[0] ?? '';
  for (const [index, value] of values.entries()) {
    markup += render(value) + (strings[index + 1] ?? '');
  }
  return seal(markup);
}

/** Takes markup from our own source files as it is (icons). A value that came from outside must never get here. */
export function trustedMarkup(markup: string): Html {
  return seal(markup);
}

/**
 * Hands data to a script without running any: an `application/json` block, which a strict content security policy
 * allows. No character in it can close the element.
 */
export function jsonBlock(id: string, data: object): Html {
  const json = JSON.stringify(data)
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
  return seal(`<script type="application/json" id="${escapeText(id)}">${json}</script>`);
}

/**
 * The address if a link or image may point there: `https`, `http` or a path on this server. Everything else
 * (`javascript:`, `data:`, `//host`) becomes `undefined`, and the caller leaves the link out.
 */
export function safeAddress(address: string | undefined): string | undefined {
  if (address === undefined || !URL.canParse(address, ownOrigin)) return undefined;
  const isOwnPath = /^[/?#]/.test(address) && new URL(address, ownOrigin).origin === ownOrigin;
  return isOwnPath || /^https?:\/\/[^/\\]/i.test(address) ? address : undefined;
}

/** Stands for this server, whose real name does not matter here: it only shows whether an address leaves it. */
const ownOrigin = 'https://own.invalid';

function render(value: Content): string {
  if (value === undefined || value === null || value === false) return '';
  if (value instanceof Html) return value.toString();
  if (typeof value === 'object') return value.map(render).join('');
  return escapeText(String(value));
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Control characters and the marks that turn writing around: in a foreign name they only serve to deceive. */
const deceptive = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]/g;

function escapeText(text: string): string {
  return text.replace(deceptive, '').replace(/[&<>"']/g, (character) => entities[character] ?? '');
}
