/** The list of the console's parts: what it offers to each role is there, opens, and is what it says. */
import { expect, test } from 'vitest';
import { roles } from '#src/people/memberships.ts';
import { seedExampleOrganisation } from '#src/registry/organisation.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import { openWorld } from '#test/support/world.ts';
import { minePage, mineSamples } from '#views/console/mine.ts';
import { consoleSections, sampleConsoleFrame } from '#views/console/shell.ts';

test('whoever has every role is offered every part, once in the open list and once in the folded one', () => {
  const { full } = mineSamples;
  if (!full) throw new Error('no sample');
  const markup = String(minePage({ ...full, ...sampleConsoleFrame }));
  for (const list of ['places-folded', 'places-open']) {
    const after = markup.slice(markup.indexOf(`class="${list}"`));
    const links = after
      .slice(0, after.indexOf(list === 'places-folded' ? '</details>' : '</div>'))
      .match(/<a href="[^"]+"/g);
    expect(new Set(links).size).toBe(consoleSections.length);
  }
});

test('whatever the list offers to a role opens, and is marked as the place where one is', async () => {
  await using world = await openWorld();
  await seedExampleOrganisation(world.database);
  const closed: string[] = [];
  for (const role of roles) {
    const person = await colleague(world, `${role}@contoh.go.id`, { 'kementerian-kesehatan': [role] });
    const { browser, page } = await openConsole(world, person);
    const offered = page.attributes('.places-open a', 'href');
    expect(offered.length).toBeGreaterThan(0);
    for (const link of offered) {
      const opened = await browser.visit(`${world.issuer}${link}`);
      const here = opened.status === 200 && opened.attributes('.places-open [aria-current]', 'href');
      if (String(here) !== link) closed.push(`${role}: ${link} ${opened.status} ${String(here)}`);
    }
  }
  expect(closed).toEqual([]);
});
