/**
 * What is missing before an app gets its answer: a sign-in, a fresher or stronger one, or a consent. Pages only finish
 * their interaction; this policy alone decides what comes next.
 */
import { errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider';
import { isCodeAlone } from '#src/people/assurance.ts';
import { isAccountClient } from './account-client.ts';
import { acrRequestOf, acrValues, isAcrMet } from './acr.ts';
import { recordOf } from './models.ts';

const { base, Check } = interactionPolicy;

/** The library's policy for this house. */
export function createPolicy(): interactionPolicy.DefaultPolicy {
  const policy = base();
  const login = policy.get('login');
  const consent = policy.get('consent');
  // First: the checks after them read the account and the grant.
  login?.checks.add(accountUnavailable, 1);
  login?.checks.add(codeAlone, 2);
  login?.checks.add(openidMissing, 0);
  login?.checks.remove('essential_acrs');
  login?.checks.remove('essential_acr');
  login?.checks.add(acrUnmet);
  // Of the library's own checks only the one for `prompt=consent` stays; the record decides the rest.
  const asked = consent?.checks.get('consent_prompt');
  consent?.checks.clear();
  if (asked) consent?.checks.add(asked);
  consent?.checks.add(consentMissing);
  return policy;
}

/** Before anybody signs in for nothing: without `openid` an app would learn nothing (OpenID Connect Core §3.1.2.1). */
const openidMissing = new Check('openid_missing', 'the scope openid is missing', 'invalid_scope', ({ oidc }) => {
  if (!oidc.requestParamOIDCScopes.has('openid'))
    throw new errors.InvalidScope('the scope openid is missing', 'openid');
  return Check.NO_NEED_TO_PROMPT;
});

const accountUnavailable = new Check(
  'account_unavailable',
  'the account cannot be used',
  'login_required',
  ({ oidc }) => (oidc.session?.accountId && !oidc.account ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT),
);

/** A one-time code alone opens nothing personal, so not the account page either (NIST SP 800-63B-4 §3.1.3). */
const codeAlone = new Check('code_alone', 'a one-time code does not open the account page', 'login_required', (ctx) => {
  const { client, session } = ctx.oidc;
  const needed = client && session?.accountId && isAccountClient(recordOf(client)) && isCodeAlone(session.amr);
  return needed ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT;
});

/**
 * An app may insist on an assurance that the session does not reach, or on one that nobody here can reach: then it is
 * told so at once (OpenID Connect Core Error Code unmet_authentication_requirements 1.0).
 */
const acrUnmet = new Check('essential_acr', 'the requested acr could not be obtained', 'login_required', ({ oidc }) => {
  const { wanted, isEssential } = acrRequestOf(oidc.params ?? {});
  if (!isEssential || isAcrMet(oidc.session ?? {}, wanted)) return Check.NO_NEED_TO_PROMPT;
  if (!wanted.some((value) => acrValues.includes(value)))
    throw new errors.UnmetAuthenticationRequirements('none of the requested acr values is offered');
  return Check.REQUEST_PROMPT;
});

/** `loadExistingGrant` answers with a grant exactly when the consent on record covers the request. */
const consentMissing = new Check('consent_missing', 'the person has not allowed this yet', 'consent_required', (ctx) =>
  isGranted(ctx) ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT,
);

function isGranted({ oidc }: KoaContextWithOIDC): boolean {
  return Boolean(oidc.grant?.jti);
}
