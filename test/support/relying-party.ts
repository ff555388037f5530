/**
 * An agency's app without a server: it makes the addresses that a browser opens, reads what comes back from the
 * browser's hops, and speaks with the provider by openid-client, which checks each answer by the standards.
 */
import * as oidc from 'openid-client';
import type { Page } from './page.ts';

export interface RelyingPartyOptions {
  issuer: string;
  clientId: string;
  redirectUri: string;
  /** Default `openid profile email`. */
  scope?: string;
  /** Sent by `client_secret_basic`, unless `secretIn` says otherwise. Without it, and without `privateKey`: a public client. */
  clientSecret?: string;
  secretIn?: 'basic' | 'post';
  /** Signs `private_key_jwt` client assertions. */
  privateKey?: oidc.CryptoKey | oidc.PrivateKey;
  /** Binds every token to a key pair of this app. RFC 9449. */
  dpop?: boolean;
  /** Pushes each authorization request instead of putting it into the address. RFC 9126. */
  par?: boolean;
}

/** One sign-in on its way: where the browser goes, and what the app keeps to check what comes back. */
export interface SignInAttempt {
  readonly url: URL;
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

export type Tokens = Awaited<ReturnType<typeof oidc.authorizationCodeGrant>>;
export type Parameters = Readonly<Record<string, string>>;
/** Changes of a request: a value replaces, undefined leaves the parameter out. */
export type Overrides = Readonly<Record<string, string | undefined>>;

/**
 * Discovers the provider and gets the app ready.
 *
 * What the provider refuses is thrown by openid-client: `AuthorizationResponseError` (from the callback) and
 * `ResponseBodyError` (from an endpoint, with `status`) have the standard's `error`; a refused secret or token throws
 * `WWWAuthenticateChallengeError` (with `status`, and the `error` in `cause[0].parameters`).
 */
export async function openRelyingParty(options: RelyingPartyOptions): Promise<RelyingParty> {
  const configuration = await oidc.discovery(new URL(options.issuer), options.clientId, {}, authentication(options), {
    execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks],
  });
  const keys = options.dpop ? await oidc.randomDPoPKeyPair('ES256') : undefined;
  const proof = keys && { DPoP: oidc.getDPoPHandle(configuration, keys) };
  return new RelyingParty(options, configuration, proof);
}

function authentication({ clientSecret, secretIn, privateKey }: RelyingPartyOptions): oidc.ClientAuth {
  if (privateKey) return oidc.PrivateKeyJwt(privateKey);
  if (clientSecret === undefined) return oidc.None();
  return secretIn === 'post' ? oidc.ClientSecretPost(clientSecret) : oidc.ClientSecretBasic(clientSecret);
}

/** See {@link openRelyingParty}. */
export class RelyingParty {
  /** For calls to openid-client that are not here. */
  readonly configuration: oidc.Configuration;
  readonly redirectUri: string;
  readonly #options: RelyingPartyOptions;
  readonly #proof: oidc.DPoPOptions | undefined;

  constructor(options: RelyingPartyOptions, configuration: oidc.Configuration, proof: oidc.DPoPOptions | undefined) {
    this.#options = options;
    this.configuration = configuration;
    this.redirectUri = options.redirectUri;
    this.#proof = proof;
  }

  /** Starts a sign-in: code flow, PKCE S256, state and nonce, each of which `overrides` may replace or leave out. */
  async startSignIn(overrides: Overrides = {}): Promise<SignInAttempt> {
    const [state, nonce, codeVerifier] = [oidc.randomState(), oidc.randomNonce(), oidc.randomPKCECodeVerifier()];
    const parameters = withOverrides(
      {
        redirect_uri: this.redirectUri,
        scope: this.#options.scope ?? 'openid profile email',
        state,
        nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
      },
      overrides,
    );
    const url = this.#options.par
      ? await oidc.buildAuthorizationUrlWithPAR(this.configuration, parameters, this.#proof)
      : oidc.buildAuthorizationUrl(this.configuration, parameters);
    return { url, codeVerifier, state: parameters.state ?? state, nonce: parameters.nonce ?? nonce };
  }

  /**
   * Redeems the code that a browser brought to the redirect URI, by query or by form, and checks state, `iss`, nonce,
   * signature and the rest as OpenID Connect Core §3.1.3.7 asks.
   *
   * @param arrived the page at which the browser stopped, or the address it was sent to
   */
  finishSignIn(
    attempt: SignInAttempt,
    arrived: Page | URL,
    checks: oidc.AuthorizationCodeGrantChecks = {},
  ): Promise<Tokens> {
    return oidc.authorizationCodeGrant(
      this.configuration,
      callbackOf(arrived),
      {
        expectedState: attempt.state,
        expectedNonce: attempt.nonce,
        pkceCodeVerifier: attempt.codeVerifier,
        idTokenExpected: true,
        ...checks,
      },
      undefined,
      this.#proof,
    );
  }

  /** Redeems a code with nothing checked or added but this app's authentication: for replays, races and thefts. */
  redeem(code: string, codeVerifier: string, overrides: Overrides = {}): Promise<Tokens> {
    const parameters = { code, code_verifier: codeVerifier, redirect_uri: this.redirectUri };
    return this.requestGrant('authorization_code', withOverrides(parameters, overrides));
  }

  refresh(refreshToken: string, parameters: Parameters = {}): Promise<Tokens> {
    return oidc.refreshTokenGrant(this.configuration, refreshToken, parameters, this.#proof);
  }

  /** Any grant at the token endpoint, also those that must be refused. */
  requestGrant(grantType: string, parameters: Parameters): Promise<Tokens> {
    return oidc.genericGrantRequest(this.configuration, grantType, parameters, this.#proof);
  }

  /** Claims of userinfo; with `subject` it is checked that they are about the same person. */
  userinfo(accessToken: string, subject?: string): Promise<oidc.UserInfoResponse> {
    return oidc.fetchUserInfo(this.configuration, accessToken, subject ?? oidc.skipSubjectCheck, this.#proof);
  }

  introspect(token: string, parameters: Parameters = {}): Promise<oidc.IntrospectionResponse> {
    return oidc.tokenIntrospection(this.configuration, token, parameters);
  }

  revoke(token: string, parameters: Parameters = {}): Promise<void> {
    return oidc.tokenRevocation(this.configuration, token, parameters);
  }

  /** Where the browser goes to sign out. OpenID Connect RP-Initiated Logout §2. */
  signOutUrl(parameters: Parameters = {}): URL {
    return oidc.buildEndSessionUrl(this.configuration, parameters);
  }
}

/** What the app at the redirect URI would have been sent. */
export function callbackOf(arrived: Page | URL): URL | Request {
  if (arrived instanceof URL) return arrived;
  const last = arrived.hops.at(-1);
  if (last?.method !== 'POST') return arrived.url;
  return new Request(arrived.url, { method: 'POST', body: new URLSearchParams(last.form) });
}

function withOverrides(parameters: Parameters, overrides: Overrides): Record<string, string> {
  const entries = Object.entries({ ...parameters, ...overrides });
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}
