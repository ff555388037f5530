/** The two addresses at which an app hears of what ended: `backchannel_logout_uri` and `event_uri` of its registration. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type AppEvent, type BackChannel, BadToken, type Logout } from './back-channel.ts';

const MOST_BYTES = 16 * 1024;

/** Takes logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.5 to §2.8): 200, or 400 for what is not genuine. */
export function hearLogout(backChannel: BackChannel, signOut: (logout: Logout) => void): RequestListener {
  return answering(async (request, response) => {
    const form = new URLSearchParams(await readBody(request, 'application/x-www-form-urlencoded'));
    const logout = await backChannel.readLogout(form.get('logout_token') ?? '');
    if (logout) signOut(logout);
    response.writeHead(200).end();
  }, 'error');
}

/** Takes security event tokens (RFC 8935 §2): 202, or 400 with a code. */
export function hearEvent(backChannel: BackChannel, heed: (event: AppEvent) => void): RequestListener {
  return answering(async (request, response) => {
    const event = await backChannel.readEvent(await readBody(request, 'application/secevent+jwt'));
    if (event) heed(event);
    response.writeHead(202).end();
  }, 'err');
}

/** @param member of the answer that names the code: `error` (Back-Channel Logout §2.8) or `err` (RFC 8935 §2.3) */
function answering(
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  member: 'error' | 'err',
): RequestListener {
  return async (request, response) => {
    response.setHeader('cache-control', 'no-store');
    try {
      await answer(request, response);
    } catch (error) {
      if (!(error instanceof BadToken)) return void response.writeHead(503).end();
      const code = member === 'err' ? error.code : 'invalid_request';
      response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ [member]: code }));
    }
  };
}

async function readBody(request: IncomingMessage, type: string): Promise<string> {
  let body = '';
  for await (const piece of request.setEncoding('utf8')) {
    body += piece;
    if (body.length > MOST_BYTES) throw new BadToken('too long');
  }
  if (request.headers['content-type']?.split(';')[0]?.trim().toLowerCase() !== type) throw new BadToken(`not ${type}`);
  return body;
}
