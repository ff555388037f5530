/** Whether an app hears of sign-outs and events, and of nothing that is not ours. */
import type { Check, CheckProblem, CheckTools } from './check.ts';
import { type Forgery, forgeEvents, forgeLogouts } from './forgeries.ts';

/**
 * At each of the two addresses a notice that is not genuine is refused with 400 (OpenID Connect Back-Channel Logout 1.0 §2.8, RFC
 * 8935 §2.3). An app that takes it can be told by anybody to sign people out. What a genuine one is answered stands among the
 * app's deliveries, where its agency sends a test.
 */
export const checkNotices: Check = async (client, { lookout, issuer }) => {
  const { backchannelLogoutUri, eventUri } = client;
  if (backchannelLogoutUri === undefined && eventUri === undefined) return undefined;
  const problems = await Promise.all([
    backchannelLogoutUri && findProblem(lookout, backchannelLogoutUri, await forgeLogouts(client, issuer)),
    eventUri && findProblem(lookout, eventUri, await forgeEvents(client, issuer)),
  ]);
  return problems.filter((problem) => typeof problem === 'object');
};

/** The first thing that is wrong at an address: what does not answer is not asked again. */
async function findProblem(
  lookout: CheckTools['lookout'],
  uri: string,
  forgeries: readonly Forgery[],
): Promise<CheckProblem | undefined> {
  for (const forgery of forgeries) {
    const answered = await lookout.post(uri, forgery);
    if (answered.kind === 'silent') return { code: 'notices_silent', about: uri };
    const { status } = answered;
    if (status >= 200 && status < 300) return { code: 'notices_forged', about: uri, said: String(status) };
    if (status !== 400) return { code: 'notices_status', about: uri, said: String(status) };
  }
  return undefined;
}
