import { type Html, html, safeAddress } from '../html.ts';

/** A small door with an app's logo in it, or with its initials where it has none. Says nothing to screen readers. */
export function tile(name: string, logo: string | undefined): Html {
  const source = safeAddress(logo);
  return html`<span class="tile" aria-hidden="true">${source ? html`<img src="${source}" alt="">` : initials(name)}</span>`;
}

function initials(name: string): string {
  const words = name.split(/\s+/).filter((word) => /^[\p{L}\p{N}]/u.test(word));
  return words
    .slice(0, 2)
    .map((word) => [...word][0] ?? '')
    .join('')
    .toUpperCase();
}
