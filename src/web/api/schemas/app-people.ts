/** What an app hears of its people, what it owes them, and how many they are, as the API says it. */
import { z } from 'zod';
import { reportAnswers, reportReasons } from '#src/consents/reports.ts';
import { withdrawalOutcomes } from '#src/consents/withdrawals.ts';
import { piece, time } from './pieces.ts';

const told = z.int().nullable().describe('In full tens; null where it is about fewer than ten.');

export const figuresSchema = piece(
  'Figures',
  z.strictObject({
    counted_on: z.iso.date().nullable().describe('When people were counted last.'),
    people: told,
    claims: z.array(
      z.strictObject({
        claim: z.string(),
        people: told.describe('To whom it is open; in full tens, null where they are fewer than ten.'),
        releases: told.describe('How often it was handed over in 30 days, where it is open to enough people.'),
      }),
    ),
    months: z.array(
      z.strictObject({
        month: z.string(),
        kind: z.enum(['consent', 'notice']),
        ...{ given: told, narrowed: told, renewed: told, withdrawn: told, left: told, expired: told },
      }),
    ),
    unread: z.array(z.string()).describe('Claims that are declared and that nobody has read for 90 days.'),
    smaller_scope: z.string().nullable().describe('What remains of the scope without them.'),
  }),
);

export const deliverySchema = piece(
  'Delivery',
  z.strictObject({
    id: z.string(),
    channel: z.enum(['logout', 'event']),
    reason: z.enum([
      ...(['signed-out', 'withdrawn', 'left', 'narrowed', 'expired', 'reported', 'underage'] as const),
      ...(['account-held', 'account-ended', 'test'] as const),
    ]),
    state: z.enum(['waiting', 'delivered', 'given-up']),
    created_at: time,
    attempts: z.int(),
    last_attempt_at: time.nullable(),
    next_attempt_at: time.nullable(),
    answer: z
      .string()
      .nullable()
      .describe('What the last attempt was answered: a status, or a word for what kept it from an answer.'),
  }),
);

export const withdrawalSchema = piece(
  'Withdrawal',
  z.strictObject({
    id: z.string().describe('As the event says it.'),
    sub: z.string().nullable().describe('The person, as the app knows them.'),
    cause: z.enum(['withdrawn', 'left', 'narrowed', 'expired', 'reported', 'underage']),
    at: time,
    due_at: time,
    answered_at: time.nullable(),
    outcome: z.enum(withdrawalOutcomes).nullable(),
    law: z.string().nullable(),
  }),
);

export const reportSummarySchema = piece(
  'ReportSummary',
  z.strictObject({
    id: z.string(),
    sub: z.string().nullable().describe('The person, as the app knows them.'),
    reason: z.enum(reportReasons).describe('Not this app, not at that time, or more than it needs.'),
    at: time,
    due_at: time,
    answer: z.enum(reportAnswers).nullable().describe('It was right, a mistake, or somebody misused the data.'),
    answered_at: time.nullable(),
  }),
);

export const reportSchema = piece(
  'Report',
  reportSummarySchema.extend({
    release: z
      .strictObject({
        at: time.describe('Of the first read.'),
        kind: z.enum(['code', 'refresh', 'userinfo', 'introspection']),
        claims: z.array(z.string()),
        reads: z.int(),
      })
      .nullable()
      .describe('What was read; null once its record is gone.'),
  }),
);

export const overdueAppSchema = piece(
  'OverdueApp',
  z.strictObject({
    app: z.string().describe('The client.'),
    name: z.string(),
    name_en: z.string(),
    agency: z.string(),
    withdrawals: z.int().describe('That wait for an answer, in time or late.'),
    withdrawals_overdue: z.int(),
    reports: z.int().describe('That wait for an answer, in time or late.'),
    reports_overdue: z.int(),
    oldest_due_at: time.describe('By when the one that waits longest was to be answered.'),
  }),
);

export const owedTotalsSchema = piece(
  'AnswersOwed',
  z.strictObject({
    agencies_overdue: z.int().describe('Agencies with an app that is late.'),
    apps_overdue: z.int(),
    withdrawals: z.int().describe('That wait for an answer, in time or late.'),
    withdrawals_overdue: z.int(),
    reports: z.int().describe('That wait for an answer, in time or late.'),
    reports_overdue: z.int(),
    counted_at: time.nullable().describe('When it was counted last; null before the first time.'),
  }),
);
