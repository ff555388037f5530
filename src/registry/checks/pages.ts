/** Whether the pages of an app that people are sent to are there. */
import type { Check, CheckProblem } from './check.ts';
import type { Lookout } from './lookout.ts';

/** The page that the list of services leads to. */
export const checkHome: Check = async ({ homeUri, type }, { lookout }) => {
  if (homeUri === undefined || type === 'machine') return undefined;
  return problemsOf(await findPageProblem(lookout, homeUri, (status) => status < 400));
};

/** Whoever reads what is known of people says what it does with it (UU PDP 27/2022, article 21). */
export const checkPrivacy: Check = async ({ policyUri, type }, { lookout }) => {
  if (type === 'machine') return undefined;
  if (policyUri === undefined) return [{ code: 'page_missing' }];
  return problemsOf(await findPageProblem(lookout, policyUri, (status) => status === 200));
};

async function findPageProblem(
  lookout: Lookout,
  uri: string,
  isFine: (status: number) => boolean,
): Promise<CheckProblem | undefined> {
  const visited = await lookout.visit(uri);
  if (visited.kind === 'silent') return { code: 'page_silent', about: uri };
  return isFine(visited.status) ? undefined : { code: 'page_status', about: uri, said: String(visited.status) };
}

function problemsOf(problem: CheckProblem | undefined): CheckProblem[] {
  return problem ? [problem] : [];
}
