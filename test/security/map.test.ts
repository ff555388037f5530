import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

test('every test that the page of this folder names is there', async () => {
  const page = await readFile(new URL('./README.md', import.meta.url), 'utf8');
  const named = [...page.matchAll(/`([\w/-]+\.test\.ts)` › ([^|\n]+?) *\|$/gm)].map(([, file = '', title = '']) => ({
    file,
    title,
  }));
  expect(named.length).toBeGreaterThan(60);
  expect(named).toHaveLength([...page.matchAll(/` › /g)].length);
  const missing = await Promise.all(
    named.map(async ({ file, title }) => {
      const source = await readFile(new URL(`../${file}`, import.meta.url), 'utf8').catch(() => '');
      return source.replaceAll('\\u2019', '’').includes(title) ? undefined : `${file} › ${title}`;
    }),
  );
  expect(missing.filter(Boolean)).toEqual([]);
});
