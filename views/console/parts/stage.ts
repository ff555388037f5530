import { type Language, translate } from '../../locale.ts';

/** How far an app has come from accounts of its own, in the order of the way. */
export const stages = ['shadow', 'optional', 'default', 'required', 'off'] as const;
export type Stage = (typeof stages)[number];

/** What a stage is, in a few words; one that is not known as it stands. */
export function sayStage(language: Language, stage: string): string {
  const known = stages.find((one) => one === stage);
  return known ? translate(language)(`console.stage-${known}`) : stage;
}
