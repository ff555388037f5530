/** A deployment on https, asked as its proxy asks it. */
import { type Answer, type CookieJar, exchange } from './browser-agent.ts';
import type { World } from './world.ts';

/** A browser in front of the proxy. @returns what asks for a page of `issuer`, or sends it a form, and keeps the cookies */
export function browseBehindProxy({ issuer: server }: Pick<World, 'issuer'>, issuer: string, jar: CookieJar) {
  return async (path: string, form?: Record<string, string>): Promise<Answer> => {
    const url = new URL(path, issuer);
    const cookie = jar.header(url);
    const body = form && new URLSearchParams(form).toString();
    const answer = await exchange(`${server}${url.pathname}${url.search}`, {
      method: form ? 'POST' : 'GET',
      headers: {
        accept: 'text/html',
        ...(cookie && { cookie }),
        ...(body !== undefined && { 'content-type': 'application/x-www-form-urlencoded', origin: issuer }),
      },
      ...(body !== undefined && { body }),
    });
    jar.keep(url, answer.headers.getSetCookie());
    return answer;
  };
}
