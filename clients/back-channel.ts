/**
 * What Lawang tells an app by itself, the part that an agency copies: that somebody is signed out (OpenID Connect Back-Channel
 * Logout 1.0), and what else ended (security event tokens, RFC 8417). Both are verified by the library jose.
 *
 *   readLogout → whose session to end
 *   readEvent  → what happened, to whom
 */
import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from 'jose';

const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';
/** A notice that was not taken is sent again for three days, by the same `jti`. */
const TRIED_MS = 3 * 24 * 60 * 60 * 1000;
const MOST_TOKENS = 10_000;

/** Who sends, and to whom: `iss` and `aud` of every token. */
export interface BackChannelSettings {
  issuer: string;
  clientId: string;
  /** The provider's keys, as its discovery says. */
  findKeysUri(): Promise<string>;
}

/** Whose session is over: the one that an ID token named by the same `sid`, or without one every session of `subject`. */
export interface Logout {
  subject: string | undefined;
  sid: string | undefined;
}

/** What happened: the last word of the URI that names it. */
export interface AppEvent {
  type: string;
  subject: string | undefined;
  /** What your agency answers for: within 3 × 24 hours it says what became of the data that it had read. */
  withdrawals: readonly string[];
}

/** A token that is not for this app, not of this provider, or not what it should be: it is refused with 400. */
export class BadToken extends Error {
  /** The code of RFC 8935 §2.4, for events; what came with a key that is not known here is sent again. */
  readonly code: string;

  constructor(message: string, code = 'invalid_request') {
    super(message);
    this.code = code;
  }
}

export class BackChannel {
  readonly #settings: BackChannelSettings;
  readonly #had = new Map<string, number>();
  #keys: Promise<ReturnType<typeof createRemoteJWKSet>> | undefined;

  constructor(settings: BackChannelSettings) {
    this.#settings = settings;
  }

  /**
   * Back-Channel Logout 1.0 §2.6.
   *
   * @returns undefined for one that was taken before: answer it in the same way, and do nothing
   * @throws {BadToken} answer 400; anything else is no word about the token, so answer 503 and it is sent again
   */
  async readLogout(token: string): Promise<Logout | undefined> {
    const { sub, sid, nonce, events, jti } = await this.#verify(token, 'logout+jwt', {
      requiredClaims: ['exp'],
    });
    if (nonce !== undefined) throw new BadToken('an ID token is no logout token');
    if (!isObject(events) || !isObject(events[LOGOUT_EVENT])) throw new BadToken('not the event of a logout');
    if (![sub, sid].every((id) => id === undefined || typeof id === 'string')) throw new BadToken('no id');
    if (sub === undefined && sid === undefined) throw new BadToken('names nobody');
    return this.#isNew(jti) ? { subject: sub, sid: sid as string | undefined } : undefined;
  }

  /**
   * RFC 8417 §2.2; it has no `exp`.
   *
   * @returns undefined for one that was taken before
   * @throws {BadToken} as {@link readLogout}
   */
  async readEvent(token: string): Promise<AppEvent | undefined> {
    const { sub_id: subject, events, jti } = await this.#verify(token, 'secevent+jwt');
    const [[uri, payload] = []] = isObject(events) ? Object.entries(events) : [];
    if (uri === undefined || !isObject(payload)) throw new BadToken('no event');
    if (!this.#isNew(jti)) return undefined;
    const { withdrawal, further_withdrawals: further } = payload;
    return {
      type: uri.slice(uri.lastIndexOf('/') + 1),
      subject: subjectOf(subject),
      withdrawals: [withdrawal, ...(Array.isArray(further) ? further : [])].filter((id) => typeof id === 'string'),
    };
  }

  /** Signature, `typ`, `iss`, `aud`, `iat`, and `exp` where there is one. */
  async #verify(token: string, typ: string, { requiredClaims = [] }: JWTVerifyOptions = {}): Promise<JWTPayload> {
    const { issuer, clientId: audience } = this.#settings;
    try {
      const { payload } = await jwtVerify(token, await this.#findKeys(), {
        ...{ issuer, audience, typ, algorithms: ['ES256', 'RS256'] },
        ...{ maxTokenAge: '2 minutes', clockTolerance: 30 },
        requiredClaims: ['jti', 'events', ...requiredClaims],
      });
      return payload;
    } catch (error) {
      if (error instanceof errors.JOSEError && !isAboutKeys(error)) throw new BadToken(error.message, codeOf(error));
      throw error;
    }
  }

  /** In memory: enough for an example. A real app has a table of them with a unique `jti`, and writes it with what it does. */
  #isNew(jti = ''): boolean {
    const now = Date.now();
    for (const [id, at] of this.#had) {
      if (this.#had.size < MOST_TOKENS && at + TRIED_MS > now) break;
      this.#had.delete(id);
    }
    if (this.#had.has(jti)) return false;
    this.#had.set(jti, now);
    return true;
  }

  /** Fetched at the first token; anew when a token names a key that is not among them. */
  #findKeys(): Promise<ReturnType<typeof createRemoteJWKSet>> {
    this.#keys ??= this.#settings
      .findKeysUri()
      .then((uri) => createRemoteJWKSet(new URL(uri)))
      .catch((error: unknown) => {
        this.#keys = undefined;
        throw error;
      });
    return this.#keys;
  }
}

/** Keys that did not come say nothing about a token. */
function isAboutKeys({ code }: errors.JOSEError): boolean {
  return ['ERR_JOSE_GENERIC', 'ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID'].includes(code);
}

function codeOf(error: errors.JOSEError): string | undefined {
  if (error instanceof errors.JWTClaimValidationFailed)
    return { iss: 'invalid_issuer', aud: 'invalid_audience' }[error.claim];
  const isAboutKey =
    error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWSSignatureVerificationFailed;
  return isAboutKey ? 'invalid_key' : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** RFC 9493: `iss_sub`, or `complex` where it is about one session. */
function subjectOf(id: unknown): string | undefined {
  if (!isObject(id)) return undefined;
  const { sub } = isObject(id.user) ? id.user : id;
  return typeof sub === 'string' ? sub : undefined;
}
