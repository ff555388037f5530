/** A text that breaks out wherever somebody forgot to escape it, and how to see whether it did (security line 32). */
import { type DefaultTreeAdapterMap, parse } from 'parse5';
import { expect } from 'vitest';
import type { Page } from '#test/support/page.ts';

/** Breaks out of text, attributes, scripts, titles and templates, wherever somebody forgot to escape. */
export const hostile = `x'"><x-evil x-evil="1" onerror=alert(1)>{name} \${name}</title></script></textarea>&lt;x-evil&gt;`;
type Node = DefaultTreeAdapterMap['node'];

export function injectedInto(node: Node): string[] {
  const own =
    'tagName' in node
      ? [node.tagName, ...node.attrs.map(({ name }) => name)].filter((name) => /x-evil|^on/.test(name))
      : [];
  return [...own, ...('childNodes' in node ? node.childNodes.flatMap(injectedInto) : [])];
}

/** The page holds nothing that its author did not write, and still says what it has to say as text. */
export function expectHarmless(page: { html: string; headers: Headers; status: number }, saying?: string): void {
  expect(page.status).toBeLessThan(500);
  expect(injectedInto(parse(page.html))).toEqual([]);
  expect(page.headers.get('x-evil')).toBeNull();
  for (const [, data = ''] of page.html.matchAll(/<script type="application\/json"[^>]*>([^<]*)<\/script>/g))
    JSON.parse(data);
  if (saying !== undefined) expect((page as Page).text()).toContain(saying);
}
