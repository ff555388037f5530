import { type Language, type MessageKey, translate } from './locale.ts';

/** What somebody can be at an agency. */
export const roleNames = ['owner', 'developer', 'approver', 'coordinator', 'desk', 'auditor', 'operator'] as const;
export type RoleName = (typeof roleNames)[number];

const names: Record<RoleName, MessageKey> = {
  owner: 'role.owner',
  developer: 'role.developer',
  approver: 'role.approver',
  coordinator: 'role.coordinator',
  desk: 'role.desk',
  auditor: 'role.auditor',
  operator: 'role.operator',
};

const duties: Record<RoleName, MessageKey> = {
  owner: 'role.owner-does',
  developer: 'role.developer-does',
  approver: 'role.approver-does',
  coordinator: 'role.coordinator-does',
  desk: 'role.desk-does',
  auditor: 'role.auditor-does',
  operator: 'role.operator-does',
};

/** Whether a word is the name of a role. */
export function isRole(word: string): word is RoleName {
  return Object.hasOwn(names, word);
}

/** What a role is called. */
export function sayRole(language: Language, role: RoleName): string {
  return translate(language)(names[role]);
}

/** What one does in it, in a few words. */
export function sayDuty(language: Language, role: RoleName): string {
  return translate(language)(duties[role]);
}
