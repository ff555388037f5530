/**
 * Sign-in with Lawang, the part that an agency copies: OpenID Connect by the library openid-client, in four steps.
 *
 *   begin  → where to send the browser, and what to remember meanwhile
 *   finish → the browser is back: tokens, all of them checked
 *   ask    → who is it, and still signed in?
 *   signOutUrl → where to send the browser to sign out
 */
import * as oidc from 'openid-client';

/** What the provider and the app agreed on: the four variables of the registration, and what the app asks for. */
export interface SignInSettings {
  issuer: string;
  clientId: string;
  clientSecret: string;
  redirectUri: string;
  /** Space-separated, `openid` first. */
  scope: string;
  /** Where the browser returns after signing out; registered as `post_logout_redirect_uris`. */
  signedOutUri: string;
}

/** A sign-in on its way. Keep it with the browser's session, and use it once. */
export interface Attempt {
  state: string;
  nonce: string;
  codeVerifier: string;
  /** Nobody is asked anything: it succeeds when the person is still signed in, and fails otherwise. */
  silent: boolean;
}

/** Stay on the server. */
export interface Tokens {
  accessToken: string;
  idToken: string;
  /** The person's stable identifier at your agency: the key of your own records. */
  subject: string;
  /** The session that a logout token will name; there when the registration has a `backchannel_logout_uri`. */
  sid: string | undefined;
}

/** The claims that the person let your app have. Optional ones may be missing; never require them. */
export type Person = oidc.UserInfoResponse;

/** Reads the four variables of the registration. */
export function readSignInSettings(
  environment: Readonly<Record<string, string | undefined>>,
): Pick<SignInSettings, 'issuer' | 'clientId' | 'clientSecret' | 'redirectUri'> {
  const read = (name: string) => {
    const value = environment[name];
    if (!value) throw new Error(`${name} is not set`);
    return value;
  };
  return {
    issuer: read('OIDC_ISSUER'),
    clientId: read('OIDC_CLIENT_ID'),
    clientSecret: read('OIDC_CLIENT_SECRET'),
    redirectUri: read('OIDC_REDIRECT_URI'),
  };
}

export class SignIn {
  readonly #settings: SignInSettings;
  #provider: Promise<oidc.Configuration> | undefined;

  constructor(settings: SignInSettings) {
    this.#settings = settings;
  }

  /** `renewing`: the tokens of a session that is to go on without asking the person anything. */
  async begin(language: string, renewing?: Tokens): Promise<{ url: URL; attempt: Attempt }> {
    const provider = await this.#discover();
    const attempt: Attempt = {
      state: oidc.randomState(),
      nonce: oidc.randomNonce(),
      codeVerifier: oidc.randomPKCECodeVerifier(),
      silent: renewing !== undefined,
    };
    const url = oidc.buildAuthorizationUrl(provider, {
      redirect_uri: this.#settings.redirectUri,
      scope: this.#settings.scope,
      state: attempt.state,
      nonce: attempt.nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(attempt.codeVerifier),
      code_challenge_method: 'S256',
      ui_locales: language,
      ...(renewing && { prompt: 'none', id_token_hint: renewing.idToken }),
    });
    return { url, attempt };
  }

  /**
   * Checks state and `iss`, redeems the code, checks the ID token's signature, nonce, audience and times.
   *
   * @param query what came to the redirect URI
   * @throws what {@link refusalOf} reads when the provider says no: `access_denied` when the person did,
   *   `login_required` when a silent attempt found nobody signed in
   */
  async finish(query: URLSearchParams, attempt: Attempt): Promise<Tokens> {
    const callback = new URL(`?${query}`, this.#settings.redirectUri);
    const answer = await oidc.authorizationCodeGrant(await this.#discover(), callback, {
      expectedState: attempt.state,
      expectedNonce: attempt.nonce,
      pkceCodeVerifier: attempt.codeVerifier,
      idTokenExpected: true,
    });
    const claims = answer.claims();
    if (!answer.id_token || !claims) throw new Error('the provider sent no ID token');
    const sid = typeof claims.sid === 'string' ? claims.sid : undefined;
    return { accessToken: answer.access_token, idToken: answer.id_token, subject: claims.sub, sid };
  }

  /** Undefined when the tokens hold no longer: signed out elsewhere, withdrawn, or simply expired. */
  async ask(tokens: Tokens): Promise<Person | undefined> {
    try {
      return await oidc.fetchUserInfo(await this.#discover(), tokens.accessToken, tokens.subject);
    } catch (error) {
      if (error instanceof oidc.WWWAuthenticateChallengeError && error.status === 401) return undefined;
      throw error;
    }
  }

  async signOutUrl(tokens: Tokens): Promise<URL> {
    return oidc.buildEndSessionUrl(await this.#discover(), {
      id_token_hint: tokens.idToken,
      post_logout_redirect_uri: this.#settings.signedOutUri,
    });
  }

  /** Where the provider publishes the keys that sign its tokens. */
  async findKeysUri(): Promise<string> {
    const { jwks_uri: uri } = (await this.#discover()).serverMetadata();
    if (uri === undefined) throw new Error('the provider publishes no keys');
    return uri;
  }

  /** Reads the provider's addresses and keys once, at the first use; tries again next time when it did not answer. */
  #discover(): Promise<oidc.Configuration> {
    const { issuer, clientId, clientSecret } = this.#settings;
    const onThisMachine = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:|\/|$)/.test(issuer);
    this.#provider ??= oidc
      .discovery(new URL(issuer), clientId, {}, oidc.ClientSecretBasic(clientSecret), {
        execute: [oidc.enableNonRepudiationChecks, ...(onThisMachine ? [oidc.allowInsecureRequests] : [])],
        timeout: 10,
      })
      .catch((error: unknown) => {
        this.#provider = undefined;
        throw error;
      });
    return this.#provider;
  }
}

/** The provider's own code (OAuth 2.0 §4.1.2.1, §5.2) when it said no; undefined when the error is another one. */
export function refusalOf(error: unknown): string | undefined {
  if (error instanceof oidc.AuthorizationResponseError || error instanceof oidc.ResponseBodyError) return error.error;
  // A wrong client secret is answered by a challenge.
  return error instanceof oidc.WWWAuthenticateChallengeError ? error.cause[0]?.parameters.error : undefined;
}

/** Whether the provider did not answer, or said that it cannot right now: trying again later makes sense. */
export function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const isBroken = error.cause instanceof Response && error.cause.status >= 500;
  return isBroken || error.message === 'fetch failed' || ('code' in error && error.code === 'OAUTH_TIMEOUT');
}
