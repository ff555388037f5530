/** How an answer to a page moves its interaction on. */
import { Refusal, type RefusalCode } from '#src/base/refusals.ts';
import { finishDenied, holdInteraction, keepStep, type Step } from '#src/oidc/interactions.ts';
import type { Visit } from './interaction-pages.ts';
import { seeOther } from './see-other.ts';

/** Writes down the next step and shows its page. */
export async function moveTo(visit: Visit, step: Step): Promise<void> {
  await keepStep(visit.interaction, step);
  stay(visit);
}

/** Shows the page of the step by a fresh request, so that reloading repeats nothing. */
export function stay({ ctx, interaction }: Visit): void {
  seeOther(ctx, `/interaction/${interaction.uid}`);
}

/** What was begun is over: the sign-in page, with the sentence why. @throws {Refusal} of that code */
export async function backToSignIn({ interaction }: Visit, code: RefusalCode, why?: string): Promise<never> {
  await keepStep(interaction, { at: 'sign-in' });
  throw new Refusal(code, why);
}

/** Waits for another press of the same button; what that one did is shown instead of doing it again. */
export async function hasMovedOn({ ctx, house, db, interaction }: Visit): Promise<boolean> {
  const address = await holdInteraction(db, house, interaction);
  if (address !== undefined) seeOther(ctx, address);
  return address !== undefined;
}

/** Back to the app without a sign-in. */
export async function deny({ ctx, interaction }: Visit, description: string): Promise<void> {
  seeOther(ctx, await finishDenied(interaction, description));
}
