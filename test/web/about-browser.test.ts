/** What is kept of the names that a browser gives itself. */
import type { Context } from 'koa';
import { expect, test } from 'vitest';
import { aboutBrowser } from '#src/web/about-browser.ts';

function about(headers: Record<string, string>, caller = '103.10.20.77') {
  const given = new Map(Object.entries(headers));
  return aboutBrowser({ get: (name: string) => given.get(name) ?? '', state: { caller } } as unknown as Context);
}

const chrome =
  'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36';

test.each([
  [chrome, 'Chrome', 'Android'],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1',
    'Safari',
    'iOS',
  ],
  ['Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:125.0) Gecko/20100101 Firefox/125.0', 'Firefox', 'Windows'],
  ['Mozilla/5.0 (Linux; Android 5.1; SM-J320) UCBrowser/11', 'UC Browser', 'Android'],
])('%s', (agent, browser, system) => {
  expect(about({ 'User-Agent': agent })).toEqual({ browser, system, network: '103.10.20.0/24' });
});

test('a browser that says only in its brands which one it is', () => {
  const brands = '"Not A;Brand";v="8", "Brave";v="120", "Chromium";v="120"';
  expect(about({ 'User-Agent': chrome, 'Sec-CH-UA': brands }).browser).toBe('Brave');
});

test.each(['', '-', 'curl/8.5.0', 'Hadiah dari jahat.example/1 Klik sekarang/2', '<script>/1 x/2', '%s%n\u0000'])(
  'nothing is kept of %j but the network',
  (agent) => {
    expect(about({ 'User-Agent': agent, 'Sec-CH-UA': `"${agent}";v="1"` })).toEqual({ network: '103.10.20.0/24' });
  },
);

test('the network is a neighbourhood, of IPv6 too', () => {
  expect(about({}, '2001:db8:41:7::9').network).toBe('2001:db8:41::/48');
  expect(about({}, '::ffff:10.1.2.3').network).toBe('10.1.2.0/24');
});

test('ten kilobytes of anything cost next to nothing', () => {
  const hostile = ['(', 'a ', '/1 ', 'Chrome/', 'Mozilla/5.0 (', '; ', '"x";v="1",'].map((part) =>
    part.repeat(10_000 / part.length),
  );
  const begun = process.cpuUsage();
  for (let i = 0; i < 20; i += 1) for (const text of hostile) about({ 'User-Agent': text, 'Sec-CH-UA': text });
  expect(process.cpuUsage(begun).user / 1_000).toBeLessThan(5_000);
});
