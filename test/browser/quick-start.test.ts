/** What the console shows for an app without a server, saved and opened in a browser. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadClient } from '#src/registry/clients.ts';
import { firstDeclaration } from '#src/registry/first-declaration.ts';
import { envOf, snippetFor } from '#src/web/console/snippets.ts';
import { openStage, type Stage, signInByPassword } from './stage.ts';

let stage: Stage;
let files: Server;
let page = '';

beforeAll(async () => {
  stage = await openStage();
  files = createServer((_, response) => void response.setHeader('content-type', 'text/html').end(page));
  await new Promise<void>((resolve) => files.listen(0, 'localhost', resolve));
});
afterAll(async () => {
  files.close();
  await stage[Symbol.asyncDispose]();
});

it('signs in by itself, and says who is there', async () => {
  const { world } = stage;
  const redirectUri = `http://localhost:${(files.address() as AddressInfo).port}/callback`;
  const said = { id: 'tanpa-peladen', name: 'Tanpa Peladen', purpose: 'Mencoba.', stack: 'browser' } as const;
  await world.declare({ ...firstDeclaration({ ...said, redirectUri }) });
  const client = await loadClient(world.database, 'tanpa-peladen');
  const { code, file, open } = snippetFor('browser', envOf(client, world.issuer, undefined));
  page = code;
  expect([file, open]).toEqual(['callback.html', redirectUri]);

  await using me = await stage.visitor();
  await me.page.goto(redirectUri);
  await me.page.click('#sign-in');
  await signInByPassword(me.page);
  await me.page.click('#consent-allow');
  await me.page.waitForURL(redirectUri);
  await me.page.waitForSelector('#signed-in-name:not(:empty)');
  expect(await me.page.textContent('#signed-in-name')).toBe('Selamat datang, Siti Rahayu');
});
