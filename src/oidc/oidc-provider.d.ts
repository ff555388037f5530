/** What oidc-provider 9.13 has and @types/oidc-provider 9.12 does not name. */
import 'oidc-provider';

declare module 'oidc-provider' {
  interface AccessToken {
    generateTokenId(): string;
  }
  interface AuthorizationCode {
    /** Seconds since 1970. */
    consumed?: number | undefined;
    /** Ours: whether the request for it had a `state`. */
    withState?: boolean;
    generateTokenId(): string;
  }
  interface ClientCredentials {
    generateTokenId(): string;
  }
  interface Grant {
    generateTokenId(): string;
  }
  interface PushedAuthorizationRequest {
    generateTokenId(): string;
  }
  interface RefreshToken {
    generateTokenId(): string;
  }
  interface Session {
    id: string;
    /** Set when the row under the earlier id has to go. */
    oldId?: string | undefined;
    readonly new?: true;
  }
}
