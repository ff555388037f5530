import type { Context } from 'koa';
import { describe, expect, test } from 'vitest';
import { findBuiltIn } from '#src/web/built-in-browser.ts';

const find = (agent: string) => findBuiltIn({ get: () => agent } as unknown as Context);

const android = 'Mozilla/5.0 (Linux; Android 14; SM-A155F Build/UP1A.231005.007';
const iphone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)';
const chrome = 'AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/129.0.6668.70 Mobile Safari/537.36';

describe('the browser of an app is recognised', () => {
  test.each([
    ['Instagram', `${android}; wv) ${chrome} Instagram 350.0.0.30.112 Android (34/14; 450dpi; 1080x2340; samsung)`],
    ['Instagram', `${iphone} Mobile/21F90 Instagram 339.0.3.12.91 (iPhone14,7; iOS 17_5; id_ID)`],
    ['Facebook', `${android}; wv) ${chrome} [FB_IAB/FB4A;FBAV/485.1.0.61.78;IABMV/1;]`],
    ['Facebook', `${iphone} Mobile/21F90 [FBAN/FBIOS;FBAV/480.0.0.40.109;FBBV/645]`],
    ['TikTok', `${android}; wv) ${chrome} musical_ly_2023607030 JsSdk/1.0 NetType/WIFI BytedanceWebview/d8a21c6`],
    ['LINE', `${iphone} Mobile/21F90 Safari Line/14.14.0`],
    ['WhatsApp', `${iphone} Mobile/21F90 WhatsApp/24.20.80`],
  ])('%s', (app, agent) => {
    expect(find(agent)).toEqual({ app });
  });

  test('without its name where it tells none', () => {
    expect(find(`${android}; wv) ${chrome}`)).toEqual({});
    expect(find(`${iphone} Mobile/21F90`)).toEqual({});
  });
});

describe('a browser that stands alone is none', () => {
  test.each([
    ['Chrome on Android', `${android}) ${chrome.replace('Version/4.0 ', '')}`],
    ['Safari', `${iphone} Version/17.5 Mobile/15E148 Safari/604.1`],
    ['Chrome on an iPhone', `${iphone} CriOS/129.0.6668.69 Mobile/15E148 Safari/604.1`],
    ['Firefox', 'Mozilla/5.0 (Android 14; Mobile; rv:131.0) Gecko/131.0 Firefox/131.0'],
    [
      'a desktop',
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36',
    ],
    ['who says nothing', ''],
  ])('%s', (_, agent) => {
    expect(find(agent)).toBeUndefined();
  });

  test('and what is too long to be one costs nothing', () => {
    expect(find(`${'iPhone '.repeat(100_000)}AppleWebKit/`)).toBeUndefined();
  });
});
