/**
 * What is missing before an app gets its answer: a sign-in, a fresher or stronger one, or a consent. Pages only finish
 * their interaction; this policy alone decides what comes next.
 */
import { errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider';
import type { Config } from '#src/base/config.ts';
import type { Db } from '#src/base/database.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { currentDb } from '#src/base/unit-of-work.ts';
import { assuranceOf, isCodeAlone } from '#src/people/assurance.ts';
import { listFurtherWays } from '#src/people/further-ways.ts';
import type { Makers } from '#src/people/makers.ts';
import { hasPassword } from '#src/people/passwords.ts';
import { isOpenTo } from '#src/registry/client-reach.ts';
import { type Demand, demandOf, isBetter, lackOf, offeredAcrValues } from './acr.ts';
import { lacksIdentity } from './identity-demand.ts';
import { mayFallShort } from './interactions.ts';
import { recordOf } from './models.ts';
import { isOwnClient } from './own-clients.ts';

const { base, Check } = interactionPolicy;

interface PolicyContext {
  readonly config: Pick<Config, 'mode'>;
  readonly database: Db;
  readonly secrets: Secrets;
  readonly makers: Makers;
}

/** The library's policy for this house. */
export function createPolicy(context: PolicyContext): interactionPolicy.DefaultPolicy {
  const policy = base();
  const login = policy.get('login');
  const consent = policy.get('consent');
  // First: the checks after them read the account and the grant.
  login?.checks.add(accountUnavailable, 1);
  login?.checks.add(codeAlone, 2);
  login?.checks.add(openidMissing, 0);
  login?.checks.remove('essential_acrs');
  login?.checks.remove('essential_acr');
  login?.checks.add(acrUnmet(context));
  login?.checks.add(acrWished(context));
  // Of the library's own checks only the one for `prompt=consent` stays; the record decides the rest.
  const asked = consent?.checks.get('consent_prompt');
  consent?.checks.clear();
  if (asked) consent?.checks.add(asked);
  consent?.checks.add(notInvited(context));
  consent?.checks.add(identityUnproven(context));
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
  const needed = client && session?.accountId && isOwnClient(recordOf(client)) && isCodeAlone(session.amr);
  return needed ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT;
});

/**
 * An app may insist on an assurance that the session does not reach, by its registration or by a request. Where nobody here
 * can reach it, it is told so at once (OpenID Connect Core Error Code unmet_authentication_requirements 1.0).
 */
function acrUnmet({ makers }: PolicyContext): interactionPolicy.Check {
  return new Check('essential_acr', 'the requested acr could not be obtained', 'login_required', (ctx) => {
    const demand = demandIn(ctx);
    if (lackOf(ctx.oidc.session ?? {}, demand) !== 'needed') return Check.NO_NEED_TO_PROMPT;
    if (!demand.needed.every((values) => values.some((value) => offeredAcrValues(makers).includes(value))))
      throw new errors.UnmetAuthenticationRequirements('none of the requested acr values is offered');
    return Check.REQUEST_PROMPT;
  });
}

/**
 * An app may wish for more than the session holds. The person is asked once, if their account can reach it; whether they
 * go along or not, the app is told what is true (OpenID Connect Core §3.1.2.1, `acr_values`).
 */
function acrWished(context: PolicyContext): interactionPolicy.Check {
  return new Check('acr_wished', 'the person could sign in more surely', 'login_required', async (ctx) => {
    const { oidc } = ctx;
    const demand = demandIn(ctx);
    const asks =
      oidc.session?.accountId &&
      lackOf(oidc.session, demand) === 'wished' &&
      !mayFallShort(oidc.result) &&
      !oidc.promptPending('none') &&
      (await canReach(context, oidc.session.accountId, demand));
    return asks ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT;
  });
}

function demandIn({ oidc }: KoaContextWithOIDC): Demand {
  if (!oidc.client) throw new TypeError('a request without a client');
  return demandOf(recordOf(oidc.client), oidc.params ?? {});
}

/** Whether somebody could meet a wish with what their account has, if they signed in once more. */
async function canReach(context: PolicyContext, accountId: string, demand: Demand): Promise<boolean> {
  const db = currentDb(context.database);
  const { amr } = (await hasPassword(db, accountId)) ? assuranceOf({ by: 'password' }) : { amr: [] };
  const ways = await listFurtherWays(db, context, { accountId, amr });
  return ways.some((way) => isBetter(assuranceOf(way, amr), demand, 'wished'));
}

/** An app that is on trial answers those whom its team invited; everybody else sees a page that says so. */
function notInvited({ config }: PolicyContext): interactionPolicy.Check {
  return new Check('not_invited', 'the app is on trial and the person is not invited', 'access_denied', ({ oidc }) => {
    const { client, session } = oidc;
    const isOpen = !client || !session?.accountId || isOpenTo(recordOf(client), config.mode, session.accountId);
    return isOpen ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT;
  });
}

/** Before a consent: nobody is asked for data that the app could not use. The page says where one proves who one is. */
function identityUnproven({ database }: PolicyContext): interactionPolicy.Check {
  const description = 'it is not proven who the person is';
  return new Check('identity_unproven', description, 'interaction_required', async ({ oidc }) => {
    const { client, session } = oidc;
    if (!client || !session?.accountId) return Check.NO_NEED_TO_PROMPT;
    const lacks = await lacksIdentity(currentDb(database), session.accountId, recordOf(client));
    return lacks ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT;
  });
}

/** `loadExistingGrant` answers with a grant exactly when the consent on record covers the request. */
const consentMissing = new Check('consent_missing', 'the person has not allowed this yet', 'consent_required', (ctx) =>
  isGranted(ctx) ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT,
);

function isGranted({ oidc }: KoaContextWithOIDC): boolean {
  return Boolean(oidc.grant?.jti);
}
