/**
 * Addresses that an app declares: which may be registered, and which of them a request may name.
 *
 * Matching compares strings and never parses: two parsers that disagree are how redirects are stolen (RFC 9700 §4.1).
 */
import { isIP } from 'node:net';
import { parse as parseDomain } from 'tldts';
import { type Config, isLoopback } from '#src/base/config.ts';
import type { ClientRecord, ClientType } from './clients.ts';

type Mode = Config['mode'];

/** A loopback address, split into host, port and the rest, spelled as the caller spelled it. */
const loopback = /^http:\/\/(?<host>localhost|127\.0\.0\.1|\[::1\])(?::(?<port>[1-9]\d{0,4}))?(?<rest>[/?].*|)$/s;

/**
 * Whether a request may ask to be answered at `uri`: exactly as registered (OpenID Connect Core §3.1.2.1). Only the port
 * of a loopback address is free, for native apps (RFC 8252 §7.3) and for every app in a sandbox.
 */
export function redirectUriAllowed(
  client: Pick<ClientRecord, 'type' | 'redirectUris'>,
  uri: string,
  options: { sandbox: boolean },
): boolean {
  return isRegistered(client.redirectUris, uri, client.type === 'native' || options.sandbox);
}

/** Whether a sign-out may end at `uri` (OpenID Connect RP-Initiated Logout §3); the rules of {@link redirectUriAllowed}. */
export function postLogoutRedirectUriAllowed(
  client: Pick<ClientRecord, 'type' | 'postLogoutRedirectUris'>,
  uri: string,
  options: { sandbox: boolean },
): boolean {
  return isRegistered(client.postLogoutRedirectUris, uri, client.type === 'native' || options.sandbox);
}

function isRegistered(registered: readonly string[], uri: string, freePort: boolean): boolean {
  if (registered.includes(uri)) return true;
  if (!freePort) return false;
  const asked = withoutPort(uri);
  return asked !== undefined && registered.some((one) => withoutPort(one) === asked);
}

/** A loopback address without its port; undefined for every other address. */
function withoutPort(uri: string): string | undefined {
  const groups = loopback.exec(uri)?.groups;
  if (!groups || Number(groups.port ?? 80) > 65_535) return undefined;
  return `http://${groups.host}${groups.rest}`;
}

/** What is wrong with an address and what would be right. */
export interface AddressMistake {
  readonly what: string;
  readonly expected: string;
}

/** The longest address that is accepted, in characters. */
export const MAX_ADDRESS_LENGTH = 2_000;

/**
 * What speaks against registering `uri` as a redirect URI, or as the address after a sign-out. Undefined: nothing.
 *
 * Https only; http for loopback in a sandbox, and for the loopback literals of native apps (RFC 8252 §7.3); a scheme of
 * its own for native apps, in reverse-domain form (RFC 8252 §7.1).
 */
export function findRedirectUriMistake(
  uri: string,
  client: { type: ClientType; mode: Mode },
): AddressMistake | undefined {
  const spelling = findSpellingMistake(uri);
  if (spelling) return spelling;
  const scheme = uri.slice(0, uri.indexOf(':'));
  if (scheme === 'https') return findHostMistake(uri, client.mode);
  if (scheme === 'http') return findLoopbackMistake(uri, client);
  return findOwnSchemeMistake(uri, client.type);
}

/** What speaks against `uri` as the address of a page (home, policy, logo): https, in a sandbox also http on loopback. */
export function findPageUriMistake(uri: string, mode: Mode): AddressMistake | undefined {
  const spelling = findSpellingMistake(uri);
  if (spelling) return spelling;
  if (uri.startsWith('https://')) return findHostMistake(uri, mode);
  return findLoopbackMistake(uri, { type: 'web', mode });
}

/** What speaks against `uri` as the place of an app's public keys, which the provider itself fetches. */
export function findKeysUriMistake(uri: string): AddressMistake | undefined {
  const spelling = findSpellingMistake(uri);
  if (spelling) return spelling;
  if (!uri.startsWith('https://')) return { what: 'is not https', expected: 'an https address' };
  return findHostMistake(uri, 'production');
}

const notThere: readonly [RegExp, AddressMistake][] = [
  [
    /[^\x21-\x7e]/,
    {
      what: 'has a space, a control character or a letter outside ASCII',
      expected: 'the host in punycode (xn--…) and everything else percent-encoded',
    },
  ],
  [/[*]/, { what: 'has a *', expected: 'each address in full' }],
  [/[\\"<>^`{|}]/, { what: 'has a character that addresses must not have', expected: 'it percent-encoded' }],
  [/#/, { what: 'has a fragment (#)', expected: 'the address without it' }],
  [/%(?![\da-f]{2})/i, { what: 'has a % without two hexadecimal digits', expected: '%25 for the sign itself' }],
  [/%(00|0a|0d|2f|5c|2e)/i, { what: 'hides a dot, a slash or a line break behind a %', expected: 'a plain path' }],
  [/^[^/?]*:\/\/[^/?]*@/, { what: 'has a user name (@)', expected: 'the address without it' }],
  [/\/\.{1,2}(?=[/;?]|$)/, { what: 'has a . or .. in its path', expected: 'the path it leads to' }],
];

function findSpellingMistake(uri: string): AddressMistake | undefined {
  if (uri.length > MAX_ADDRESS_LENGTH)
    return { what: 'is too long', expected: `at most ${MAX_ADDRESS_LENGTH} characters` };
  const found = notThere.find(([pattern]) => pattern.test(uri));
  if (found) return found[1];
  const canonical = URL.parse(uri)?.href;
  if (canonical === undefined) return { what: 'is not an address', expected: 'https://host/path' };
  // A parser adds the slash behind a bare host; both spellings are in use, and matching compares them exactly.
  if (canonical !== uri && canonical !== `${uri}/`)
    return { what: 'is not in its usual spelling', expected: canonical };
  return undefined;
}

function findHostMistake(uri: string, mode: Mode): AddressMistake | undefined {
  const { hostname } = new URL(uri);
  const domain = { what: `has the host ${hostname}`, expected: 'a domain name that the public can reach' };
  if (isLoopback(hostname)) return mode === 'sandbox' ? undefined : domain;
  const isDomain = /^(?!-)[a-z\d-]+(\.[a-z\d-]+)+$/.test(hostname) && isIP(hostname) === 0;
  return isDomain ? undefined : domain;
}

function findLoopbackMistake(uri: string, client: { type: ClientType; mode: Mode }): AddressMistake | undefined {
  const host = loopback.exec(uri)?.groups?.host;
  if (host && client.mode === 'sandbox') return undefined;
  if (host && host !== 'localhost' && client.type === 'native') return undefined;
  const expected = client.mode === 'sandbox' ? 'https, or http on localhost, 127.0.0.1 or [::1]' : 'https';
  return { what: 'is not https', expected };
}

/**
 * A scheme of its own is a domain in reverse, and one that somebody can own: any other app may claim a word like
 * `kesehatan.app-saya` for itself (RFC 8252 §7.1). No authority stands behind it, so one slash.
 */
function findOwnSchemeMistake(uri: string, type: ClientType): AddressMistake | undefined {
  const scheme = uri.slice(0, uri.indexOf(':'));
  if (type !== 'native') return { what: `has the scheme ${scheme}`, expected: 'https' };
  const { domain, isIcann } = parseDomain(scheme.split('.').reverse().join('.'));
  if (!/^[a-z][a-z\d-]*(\.[a-z\d-]+)+$/.test(scheme) || !domain || !isIcann)
    return {
      what: `has the scheme ${scheme}`,
      expected: 'https, or a scheme that is a domain of yours in reverse, like id.go.contoh.ponsel',
    };
  if (!uri.startsWith(`${scheme}:/`) || uri.startsWith(`${scheme}://`))
    return { what: 'has not one slash behind its scheme', expected: `an address like ${scheme}:/callback` };
  return undefined;
}
